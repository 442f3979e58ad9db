using System.CommandLine;
using Posthaste.Broker.Auditing;
using Posthaste.Terminal;

namespace Posthaste.Commands.Audit;

/// <summary><c>posthaste audit</c>: files of the audit log.</summary>
internal static class AuditCommands
{
    private static readonly Argument<string[]> Files = new("files")
    {
        Description = "Files, the oldest first. Of one alone, those that were kept before it (FILE.1, …) are read too.",
        HelpName = "FILE",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<string?> Key = new("--key")
    {
        Description = "The key that the broker has in Audit:KeyFile.",
        HelpName = "FILE",
    };

    private static readonly Option<string?> Known = new("--known")
    {
        Description = "A seal that was printed before: it has to be there still.",
        HelpName = "SEAL",
    };

    private static readonly Option<bool> Json = BrokerOption.CreateJson();

    public static Command Create()
    {
        var verify = new ManualCommand("verify", "Check that files of the audit log are what was written.",
            $"""
            Each line is sealed by a hash over it and the line before. Names the first line that does not fit and ends
            with {ExitCode.Failed}. What is printed at the end proves all before it, if you keep it elsewhere.

            Examples:
              posthaste audit verify /var/log/posthaste/audit.jsonl
              posthaste audit verify audit.jsonl --key audit.key --known 5f0c…
            """)
        { Files, Key, Known, Json };
        verify.SetAction(Verify);
        return new ManualCommand("audit", "Check the audit log.",
            """
            Examples:
              posthaste audit verify /var/log/posthaste/audit.jsonl
            """)
        { verify };
    }

    private static int Verify(ParseResult parsed)
    {
        var files = parsed.GetRequiredValue(Files);
        var key = parsed.GetValue(Key) is { } keyFile ? AuditVerification.ReadKey(keyFile) : null;
        var found = AuditVerification.Of(
            files.Length == 1 ? AuditVerification.WithKept(files[0]) : files, key, parsed.GetValue(Known));
        if (parsed.GetValue(Json)) WriteJson(found);
        else WriteText(found);
        return found.Fault is null ? ExitCode.Ok : ExitCode.Failed;
    }

    private static void WriteText(AuditVerification found)
    {
        Screen.Fact("fitting", $"{found.LineCount:#,0} lines");
        if (found.IsUnfinished) Screen.Fact("end", "a part of a line: a crash, or the broker is writing");
        Screen.Fact("seal", found.LastSeal);
        if (found.Fault is { } fault) Screen.Error($"{fault.File}, line {fault.Line:#,0}: {fault.What}");
        Screen.Fact("verdict", found.Fault is null ? "all is as it was written" : "not as it was written");
    }

    private static void WriteJson(AuditVerification found) => JsonOutput.Write(writer =>
    {
        writer.WriteBoolean("ok", found.Fault is null);
        writer.WriteNumber("lines", found.LineCount);
        writer.WriteString("seal", found.LastSeal);
        writer.WriteBoolean("unfinished", found.IsUnfinished);
        if (found.Fault is not { } fault) return;
        writer.WriteString("file", fault.File);
        writer.WriteNumber("line", fault.Line);
        writer.WriteString("what", fault.What);
    });
}
