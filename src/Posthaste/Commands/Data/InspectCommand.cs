using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using Posthaste.Broker;
using Posthaste.Storage.Devices;
using Posthaste.Terminal;

namespace Posthaste.Commands.Data;

/// <summary><c>posthaste data inspect</c>: what is in a data directory.</summary>
internal static class InspectCommand
{
    private static readonly Argument<string> Directory = DataCommand.Directory();
    private static readonly Option<string> KeyFile = DataCommand.KeyFile();
    private static readonly Option<bool> Json = BrokerOption.CreateJson();

    public static Command Create()
    {
        var command = new Command("inspect", "Show the queues and files of a data directory.")
        {
            Directory, KeyFile, Json,
        };
        command.SetAction((parsed, _) => DataCommand.GuardAsync(() => RunAsync(parsed)));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed)
    {
        var path = parsed.GetRequiredValue(Directory);
        var key = DataCommand.ReadKey(parsed, KeyFile);
        using var device = DataCommand.Open(path, key);
        await using var broker = OfflineBroker.Open(path, key, NullLoggerFactory.Instance);
        if (parsed.GetValue(Json)) WriteJson(device, broker);
        else WriteText(device, broker);
        return ExitCode.Ok;
    }

    private static void WriteText(IStorageDevice device, OfflineBroker broker)
    {
        Screen.Fact("data", $"{device.Description} (id {DataDirectory.ReadId(device):x16})");
        if (DataDirectory.IsEncrypted(device)) Screen.Fact("encrypted", "yes");
        Screen.Fact("opened", $"{DataDirectory.ReadEpoch(device):#,0} times");
        Screen.Fact("stopped", broker.Recovery.WasClean ? "in order" : "by a crash, or it is running");
        foreach (var (folder, count, bytes) in Files(device))
            Screen.Fact(folder, $"{count:#,0} files, {bytes / 1e6:#,0.0} MB");
        Screen.Fact("queues", $"{broker.Recovery.QueueCount:#,0} with {broker.Recovery.MessageCount:#,0} messages");
        foreach (var queue in broker.Queues)
            Screen.Line($"  {queue.MessageCount,14:#,0}  {queue.Host.Name} {queue.Name}");
        foreach (var host in broker.VirtualHosts)
        {
            WriteKept("notes", host.Name, host.Notes.Count, host.Notes.Bytes);
            WriteKept("retained", host.Name, host.Retained.Count, host.Retained.Bytes);
        }

        foreach (var damage in broker.Recovery.Damages) Screen.Error($"damaged: {damage}");
    }

    private static void WriteKept(string what, string host, int count, long bytes)
    {
        if (count > 0) Screen.Fact(what, $"{count:#,0} in {host}, {bytes / 1e6:#,0.0} MB of memory");
    }

    private static void WriteJson(IStorageDevice device, OfflineBroker broker) => JsonOutput.Write(writer =>
    {
        writer.WriteString("directory", device.Description);
        writer.WriteString("id", $"{DataDirectory.ReadId(device):x16}");
        writer.WriteBoolean("encrypted", DataDirectory.IsEncrypted(device));
        writer.WriteNumber("epoch", DataDirectory.ReadEpoch(device));
        writer.WriteBoolean("stoppedInOrder", broker.Recovery.WasClean);
        writer.WriteStartObject("files");
        foreach (var (folder, count, bytes) in Files(device))
        {
            writer.WriteStartObject(folder);
            writer.WriteNumber("count", count);
            writer.WriteNumber("bytes", bytes);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteStartArray("queues");
        foreach (var queue in broker.Queues)
        {
            writer.WriteStartObject();
            writer.WriteString("vhost", queue.Host.Name);
            writer.WriteString("name", queue.Name);
            writer.WriteNumber("messages", queue.MessageCount);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("virtualHosts");
        foreach (var host in broker.VirtualHosts)
        {
            writer.WriteStartObject();
            writer.WriteString("name", host.Name);
            writer.WriteNumber("notes", host.Notes.Count);
            writer.WriteNumber("notesBytes", host.Notes.Bytes);
            writer.WriteNumber("retained", host.Retained.Count);
            writer.WriteNumber("retainedBytes", host.Retained.Bytes);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("damages");
        foreach (var damage in broker.Recovery.Damages) writer.WriteStringValue(damage);
        writer.WriteEndArray();
    });

    private static IEnumerable<(string Folder, int Count, long Bytes)> Files(IStorageDevice device)
    {
        foreach (var folder in (string[])["journal", "segments", "state", "quarantine"])
        {
            var files = device.List(folder);
            if (files.Count > 0) yield return (folder, files.Count, files.Sum(file => file.LengthBytes));
        }
    }
}
