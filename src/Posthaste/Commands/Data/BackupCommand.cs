using System.CommandLine;
using Posthaste.Server;
using Posthaste.Storage.Verification;
using Posthaste.Terminal;

namespace Posthaste.Commands.Data;

/// <summary><c>posthaste data backup</c>: a checked copy of a data directory.</summary>
internal static class BackupCommand
{
    /// <summary>The name that a copy in the making has: until it is whole, nobody mistakes it for one.</summary>
    private const string PartialSuffix = ".partial";

    private const string LockFile = "lock";
    private const int CopyBufferBytes = 1 << 20;

    private static readonly Argument<string> Directory = DataCommand.Directory();
    private static readonly Argument<string> Target = new("target") { Description = "Where to; it must not exist." };
    private static readonly Option<bool> Json = BrokerOption.CreateJson();

    public static Command Create()
    {
        var command = new ManualCommand("backup", "Copy a data directory and check the copy.",
            """
            The copy is synced to disk, read back and checked before the command says that it is there. To
            restore, start a broker on it (or on a copy of it).

            Example:
              posthaste data backup posthaste-data /backup/2026-01-31
            """)
        { Directory, Target, Json };
        command.SetAction((parsed, cancellation) => DataCommand.GuardAsync(() => RunAsync(parsed, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var source = parsed.GetRequiredValue(Directory);
        var target = Path.GetFullPath(parsed.GetRequiredValue(Target));
        if (Path.Exists(target))
            throw new PosthasteConfigurationException($"{target} exists; a backup does not write over anything");

        using var device = DataCommand.Open(source);
        using var held = device.Lock();
        var partial = target + PartialSuffix;
        if (Path.Exists(partial))
            throw new PosthasteConfigurationException(
                $"{partial} exists, from a backup that was interrupted; delete it first");

        var bytes =
            await Screen.WithProgressAsync("copying", report => CopyAsync(source, partial, report, cancellation));
        using (var copy = DataCommand.Open(partial))
        {
            var verification = await VerifyCommand.VerifyAsync(copy);
            Report(target, bytes, verification, parsed.GetValue(Json));
            // Damage is copied like anything else: a copy of what is left is better than none.
            System.IO.Directory.Move(partial, target);
            return VerifyCommand.HasDamage(verification) ? ExitCode.Data : ExitCode.Ok;
        }
    }

    private static void Report(string target, long bytes, DataVerification verification, bool isJson)
    {
        if (isJson)
        {
            JsonOutput.Write(writer =>
            {
                writer.WriteString("target", target);
                writer.WriteNumber("bytes", bytes);
                writer.WriteBoolean("ok", !VerifyCommand.HasDamage(verification));
            });
        }
        else
        {
            Screen.Fact("backup", $"{target}: {bytes / 1e6:#,0.0} MB");
        }

        foreach (var finding in verification.Findings) Screen.Error(VerifyCommand.Describe(finding));
    }

    private static async Task<long> CopyAsync(
        string source, string target, Action<double, string> progress, CancellationToken cancellation)
    {
        var files = new DirectoryInfo(source).GetFiles("*", SearchOption.AllDirectories)
            .Where(file => file.Name != LockFile)
            .ToList();
        var total = Math.Max(1, files.Sum(file => file.Length));
        var copied = 0L;
        foreach (var file in files)
        {
            var name = Path.GetRelativePath(source, file.FullName);
            var copy = Path.Combine(target, name);
            System.IO.Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            await using var from = new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            await using var to = new FileStream(copy, FileMode.CreateNew, FileAccess.Write);
            await from.CopyToAsync(to, CopyBufferBytes, cancellation);
            to.Flush(flushToDisk: true);
            copied += file.Length;
            progress((double)copied / total, name);
        }

        return copied;
    }
}
