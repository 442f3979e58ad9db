using System.Globalization;
using Posthaste.Broker;

namespace Posthaste.Server.Configuration;

/// <summary>What a number counts, so that it is read and printed in units that people use.</summary>
public enum SettingUnit
{
    /// <summary>Things: connections, index entries.</summary>
    Count,

    /// <summary>Bytes; may be written as <c>64MiB</c>.</summary>
    Bytes,

    /// <summary>Milliseconds.</summary>
    Milliseconds,
}

/// <summary>
/// One number of the configuration with its range: the one place that names its key, reads it, checks it and
/// documents it.
/// </summary>
/// <param name="Key">Key under section <c>Posthaste</c>.</param>
/// <param name="Min">Smallest value that makes sense.</param>
/// <param name="Max">Largest value that makes sense.</param>
/// <param name="Meaning">What it bounds and why the default is what it is, for the documentation.</param>
public sealed record NumberSetting(
    string Key,
    SettingUnit Unit,
    long Min,
    long Max,
    Func<MessageBrokerOptions, long> Get,
    Action<MessageBrokerOptions, long> Set,
    string Meaning)
{
    private const long KiB = 1L << 10;
    private const long MiB = 1L << 20;
    private const long GiB = 1L << 30;
    private const long TiB = 1L << 40;

    private static readonly (string Suffix, long Factor)[] Suffixes =
        [("TiB", TiB), ("GiB", GiB), ("MiB", MiB), ("KiB", KiB), ("B", 1)];

    /// <summary>Every number that can be set, in the order of the documentation.</summary>
    public static IReadOnlyList<NumberSetting> All { get; } =
    [
        new("MessageBytesMax", SettingUnit.Bytes, KiB, 512 * MiB,
            o => o.MessageBytesMax, (o, v) => o.MessageBytesMax = (int)v,
            "Largest message body; a larger one is refused before it is buffered. 16 MiB as in RabbitMQ 4."),
        new("ConnectionsMax", SettingUnit.Count, 1, 1_000_000,
            o => o.ConnectionsMax, (o, v) => o.ConnectionsMax = (int)v,
            "Connections at a time over all protocols; one more is cut at once. What one address and port can serve " +
            "a client host."),
        new("ConsumerTimeoutMs", SettingUnit.Milliseconds, 0, 365L * 24 * 60 * 60 * 1_000,
            o => o.ConsumerTimeoutMs, (o, v) => o.ConsumerTimeoutMs = v,
            "Time to acknowledge a delivery, after which the channel is closed and the message goes to somebody " +
            "else; 0: any time. Queues and consumers may say otherwise (`x-consumer-timeout`). Half an hour as in " +
            "RabbitMQ."),
        new("WriteStallMsMax", SettingUnit.Milliseconds, 1_000, 24 * 60 * 60 * 1_000,
            o => o.WriteStallMsMax, (o, v) => o.WriteStallMsMax = (int)v,
            "Time for which a client may read nothing of what is ready for it before it is cut: longer than a " +
            "consumer pauses that works on something, short enough that one which is gone holds no memory."),
        new("VirtualHostsMax", SettingUnit.Count, 1, 1_000_000,
            o => o.VirtualHostsMax, (o, v) => o.VirtualHostsMax = (int)v,
            "Virtual hosts."),
        new("NotesMax", SettingUnit.Count, 1_000, 1_000_000_000,
            o => o.NotesMax, (o, v) => o.NotesMax = (int)v,
            "What protocols remember in one virtual host (sessions, packet ids on their way): a hundred thousand " +
            "sessions with twenty each."),
        new("NotesBytesMax", SettingUnit.Bytes, MiB, TiB,
            o => o.NotesBytesMax, (o, v) => o.NotesBytesMax = v,
            "The same in bytes of memory, 48 for each included."),
        new("RetainedMessagesMax", SettingUnit.Count, 0, 1_000_000_000,
            o => o.RetainedMessagesMax, (o, v) => o.RetainedMessagesMax = (int)v,
            "Retained messages of one virtual host: a large fleet's last values; more is a topic with an id in it."),
        new("RetainedBytesMax", SettingUnit.Bytes, 0, TiB,
            o => o.RetainedBytesMax, (o, v) => o.RetainedBytesMax = v,
            "The same in bytes of memory, 48 for each included; one more is refused (MQTT: quota exceeded)."),
        new("JournalBytesMax", SettingUnit.Bytes, 4 * MiB, 64 * GiB,
            o => o.JournalBytesMax, (o, v) => o.JournalBytesMax = v,
            "Journal on disk before its oldest file is emptied and used again; bounds the time of a restart. " +
            "At least four files."),
        new("JournalFileBytes", SettingUnit.Bytes, MiB, GiB,
            o => o.JournalFileBytes, (o, v) => o.JournalFileBytes = (int)v,
            "One journal file, whole MiB: large enough that rolling is rare, small enough to recycle often."),
        new("ResidentBytesMax", SettingUnit.Bytes, 4 * MiB, TiB,
            o => o.ResidentBytesMax, (o, v) => o.ResidentBytesMax = v,
            "Journal kept in memory for consumers that keep up: a second or so of full load."),
        new("ReadCacheBytesMax", SettingUnit.Bytes, 4 * MiB, TiB,
            o => o.ReadCacheBytesMax, (o, v) => o.ReadCacheBytesMax = v,
            "Blocks read back from disk for consumers that are behind."),
        new("UncommittedBytesMax", SettingUnit.Bytes, MiB, 4 * GiB,
            o => o.UncommittedBytesMax, (o, v) => o.UncommittedBytesMax = v,
            "Appended but not yet synced, above which publishers are not read: some ten syncs' worth."),
        new("ResidentEntriesMax", SettingUnit.Count, 1_000, 1_000_000_000,
            o => o.ResidentEntriesMax, (o, v) => o.ResidentEntriesMax = v,
            "Index entries of queues in memory (24 bytes each), above which the longest backlogs go to segments."),
        new("TransientBytesMax", SettingUnit.Bytes, MiB, 16 * TiB,
            o => o.TransientBytesMax, (o, v) => o.TransientBytesMax = v,
            "Transient messages in memory, above which publishers are blocked: 0.4 of the process's memory, as " +
            "RabbitMQ's watermark.") { DefaultText = "40 % of memory" },
        new("DiskFreeBytesMin", SettingUnit.Bytes, 0, 16 * TiB,
            o => o.DiskFreeBytesMin, (o, v) => o.DiskFreeBytesMin = v,
            "Free space on the data directory's disk, below which publishers are blocked."),
    ];

    /// <summary>The default in words, where it depends on the machine; else null.</summary>
    public string? DefaultText { get; init; }

    /// <summary>The settings as the table of docs/operating.md.</summary>
    public static string ToMarkdown()
    {
        var defaults = new MessageBrokerOptions();
        var rows = All.Select(setting =>
            $"| `{setting.Key}` | {setting.DefaultText ?? setting.Format(setting.Get(defaults))} " +
            $"| {setting.Format(setting.Min)} to {setting.Format(setting.Max)} | {setting.Meaning} |");
        string[] head = ["| Setting | Default | Range | What it bounds |", "|---|---|---|---|"];
        return string.Join('\n', head.Concat(rows));
    }

    /// <summary>Reads the number from text and applies it.</summary>
    /// <exception cref="PosthasteConfigurationException">The text is no such number, or it is out of range.</exception>
    public void Read(string text, MessageBrokerOptions options)
    {
        if (!TryParse(text, out var value)) throw Refuse($"'{text}'");
        if (value < Min || value > Max) throw Refuse(text);
        Set(options, value);
    }

    /// <exception cref="PosthasteConfigurationException">The number is out of range.</exception>
    public void Check(MessageBrokerOptions options)
    {
        var value = Get(options);
        if (value < Min || value > Max) throw Refuse(value.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The number as people write it: <c>64 MiB</c> for 67108864 bytes.</summary>
    public string Format(long value)
    {
        if (Unit != SettingUnit.Bytes)
        {
            var number = value.ToString("#,0", CultureInfo.InvariantCulture);
            return Unit == SettingUnit.Count ? number : $"{number} ms";
        }

        foreach (var (suffix, factor) in Suffixes)
        {
            if (value >= factor && value % factor == 0) return $"{value / factor} {suffix}";
        }

        return $"{value} B";
    }

    private PosthasteConfigurationException Refuse(string value) =>
        new($"{PosthasteConfiguration.Section}:{Key} is {value}; it has to be {Format(Min)} to {Format(Max)}");

    private bool TryParse(string text, out long value)
    {
        var digits = text.AsSpan().Trim();
        var factor = 1L;
        if (Unit == SettingUnit.Bytes)
        {
            foreach (var (suffix, size) in Suffixes)
            {
                if (!digits.EndsWith(suffix, StringComparison.OrdinalIgnoreCase)) continue;
                digits = digits[..^suffix.Length].TrimEnd();
                factor = size;
                break;
            }
        }

        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value)) return false;
        if (value > long.MaxValue / factor) return false;
        value *= factor;
        return true;
    }
}
