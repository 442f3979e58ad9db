using System.CommandLine;
using System.Text.Json;
using Posthaste.Storage.Devices;
using Posthaste.Storage.Verification;
using Posthaste.Terminal;

namespace Posthaste.Commands.Data;

/// <summary><c>posthaste data verify</c>: whether every byte that counts is what was written.</summary>
internal static class VerifyCommand
{
    private static readonly Argument<string> Directory = DataCommand.Directory();
    private static readonly Option<string> KeyFile = DataCommand.KeyFile();
    private static readonly Option<bool> Json = BrokerOption.CreateJson();

    public static Command Create()
    {
        var command = new ManualCommand("verify", "Check every checksum in a data directory.",
            $"""
            Exit code {ExitCode.Data} when something is damaged; every place is named with its file and offset. An
            unfinished write at the end of a file is no damage after a crash: nothing in it had been confirmed.
            """)
        { Directory, KeyFile, Json };
        command.SetAction((parsed, _) => DataCommand.GuardAsync(() => RunAsync(parsed)));
        return command;
    }

    /// <summary>Whether something that had been durable is not what was written.</summary>
    internal static bool HasDamage(DataVerification verification) =>
        verification.Findings.Any(finding => finding.Kind == DataFindingKind.Damage);

    /// <summary>Reads the whole directory, showing how far it is.</summary>
    internal static Task<DataVerification> VerifyAsync(IStorageDevice device) =>
        Screen.WithProgressAsync("verifying", report => Task.FromResult(
            DataVerifier.Verify(device, new Relay(share => report(share, "verifying")))));

    private static async Task<int> RunAsync(ParseResult parsed)
    {
        using var device = DataCommand.Open(
            parsed.GetRequiredValue(Directory), DataCommand.ReadKey(parsed, KeyFile));
        // A write in the middle of the reading would look unfinished.
        using var held = device.Lock();
        var verification = await VerifyAsync(device);
        if (parsed.GetValue(Json)) WriteJson(verification);
        else WriteText(verification);
        return HasDamage(verification) ? ExitCode.Data : ExitCode.Ok;
    }

    private static void WriteText(DataVerification verification)
    {
        Screen.Fact(
            "journal", $"{verification.JournalFileCount:#,0} files, {verification.JournalRecordCount:#,0} records");
        Screen.Fact("segments", $"{verification.SegmentBlockCount:#,0} blocks");
        Screen.Fact("state", $"{verification.SnapshotCount:#,0} snapshots");
        Screen.Fact("checked", $"{verification.CheckedBytes / 1e6:#,0.0} MB");
        foreach (var finding in verification.Findings) Screen.Error(Describe(finding));
        Screen.Fact("verdict", HasDamage(verification) ? "damaged" : "all is well");
    }

    private static void WriteJson(DataVerification verification) => JsonOutput.Write(writer =>
    {
        writer.WriteBoolean("ok", !HasDamage(verification));
        writer.WriteNumber("journalFiles", verification.JournalFileCount);
        writer.WriteNumber("journalRecords", verification.JournalRecordCount);
        writer.WriteNumber("segmentBlocks", verification.SegmentBlockCount);
        writer.WriteNumber("snapshots", verification.SnapshotCount);
        writer.WriteNumber("checkedBytes", verification.CheckedBytes);
        writer.WriteStartArray("findings");
        foreach (var finding in verification.Findings) WriteFinding(writer, finding);
        writer.WriteEndArray();
    });

    private static void WriteFinding(Utf8JsonWriter writer, DataFinding finding)
    {
        writer.WriteStartObject();
        writer.WriteString("kind", finding.Kind == DataFindingKind.Damage ? "damage" : "unfinished");
        writer.WriteString("file", finding.File);
        writer.WriteNumber("offset", finding.Offset);
        writer.WriteNumber("length", finding.Length);
        writer.WriteString("what", finding.What);
        writer.WriteEndObject();
    }

    internal static string Describe(DataFinding finding) =>
        $"{(finding.Kind == DataFindingKind.Damage ? "damaged" : "unfinished")}: {finding.File}, " +
        $"{finding.Length:#,0} bytes at offset {finding.Offset:#,0}: {finding.What}";

    /// <summary>
    /// Reports on the thread that reads: the usual <see cref="Progress{T}"/> would report late and out of order.
    /// </summary>
    private sealed class Relay(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
