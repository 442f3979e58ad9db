using static Posthaste.Server.Configuration.NumberSetting;

namespace Posthaste.Server.Configuration;

/// <summary>The numbers that hold for all protocols.</summary>
internal static class BrokerNumbers
{
    public static IReadOnlyList<NumberSetting> All { get; } =
    [
        new("MessageBytesMax", SettingUnit.Bytes, KiB, 512 * MiB,
            o => o.Broker.MessageBytesMax, (o, v) => o.Broker.MessageBytesMax = (int)v,
            "Largest message body; a larger one is refused before it is buffered. 16 MiB as in RabbitMQ 4."),
        new("ConnectionsMax", SettingUnit.Count, 1, 1_000_000,
            o => o.Broker.ConnectionsMax, (o, v) => o.Broker.ConnectionsMax = (int)v,
            "Connections at a time over all protocols; one more is cut at once. What one address and port can serve " +
            "a client host."),
        new("UnauthenticatedMax", SettingUnit.Count, 1, 1_000_000,
            o => o.Broker.UnauthenticatedMax, (o, v) => o.Broker.UnauthenticatedMax = (int)v,
            "Connections at a time that have not logged in; one more is cut at once. What a fleet that reconnects at " +
            "once brings."),
        new("UnauthenticatedPerAddressMax", SettingUnit.Count, 1, 1_000_000,
            o => o.Broker.UnauthenticatedPerAddressMax, (o, v) => o.Broker.UnauthenticatedPerAddressMax = (int)v,
            "The same of one address (of IPv6, one /64), so that nobody takes it all."),
        new("ConnectionsPerSecondMax", SettingUnit.Count, 1, 1_000_000,
            o => o.Broker.ConnectionsPerSecondMax, (o, v) => o.Broker.ConnectionsPerSecondMax = (int)v,
            "New connections of one listener in a second; a second's worth may come at once, those beyond wait " +
            "before they are read. More than a machine makes handshakes for."),
        new("ConnectionsPerSecondPerAddressMax", SettingUnit.Count, 1, 1_000_000,
            o => o.Broker.ConnectionsPerSecondPerAddressMax,
            (o, v) => o.Broker.ConnectionsPerSecondPerAddressMax = (int)v,
            "The same of one address (of IPv6, one /64): more than the gateway of a fleet brings."),
        new("ConsumerTimeoutMs", SettingUnit.Milliseconds, 0, 365L * 24 * 60 * 60 * 1_000,
            o => o.Broker.ConsumerTimeoutMs, (o, v) => o.Broker.ConsumerTimeoutMs = v,
            "Time to acknowledge a delivery, after which the channel is closed and the message goes to somebody " +
            "else; 0: any time. Queues and consumers may say otherwise (`x-consumer-timeout`). Half an hour as in " +
            "RabbitMQ."),
        new("WriteStallMsMax", SettingUnit.Milliseconds, 1_000, 24 * 60 * 60 * 1_000,
            o => o.Broker.WriteStallMsMax, (o, v) => o.Broker.WriteStallMsMax = (int)v,
            "Time for which a client may read nothing of what is ready for it before it is cut: longer than a " +
            "consumer pauses that works on something, short enough that one which is gone holds no memory."),
        new("VirtualHostsMax", SettingUnit.Count, 1, 1_000_000,
            o => o.Broker.VirtualHostsMax, (o, v) => o.Broker.VirtualHostsMax = (int)v,
            "Virtual hosts."),
        new("NotesMax", SettingUnit.Count, 1_000, 1_000_000_000,
            o => o.Broker.NotesMax, (o, v) => o.Broker.NotesMax = (int)v,
            "What protocols remember in one virtual host (sessions, packet ids on their way): a hundred thousand " +
            "sessions with twenty each."),
        new("NotesBytesMax", SettingUnit.Bytes, MiB, TiB,
            o => o.Broker.NotesBytesMax, (o, v) => o.Broker.NotesBytesMax = v,
            "The same in bytes of memory, 48 for each included."),
        new("RetainedMessagesMax", SettingUnit.Count, 0, 1_000_000_000,
            o => o.Broker.RetainedMessagesMax, (o, v) => o.Broker.RetainedMessagesMax = (int)v,
            "Retained messages of one virtual host: a large fleet's last values; more is a topic with an id in it."),
        new("RetainedBytesMax", SettingUnit.Bytes, 0, TiB,
            o => o.Broker.RetainedBytesMax, (o, v) => o.Broker.RetainedBytesMax = v,
            "The same in bytes of memory, 48 for each included; one more is refused (MQTT: quota exceeded)."),
        new("JournalBytesMax", SettingUnit.Bytes, 4 * MiB, 64 * GiB,
            o => o.Broker.JournalBytesMax, (o, v) => o.Broker.JournalBytesMax = v,
            "Journal on disk before its oldest file is emptied and used again; bounds the time of a restart. " +
            "At least four files."),
        new("JournalFileBytes", SettingUnit.Bytes, MiB, GiB,
            o => o.Broker.JournalFileBytes, (o, v) => o.Broker.JournalFileBytes = (int)v,
            "One journal file, whole MiB: large enough that rolling is rare, small enough to recycle often."),
        new("ResidentBytesMax", SettingUnit.Bytes, 4 * MiB, TiB,
            o => o.Broker.ResidentBytesMax, (o, v) => o.Broker.ResidentBytesMax = v,
            "Journal kept in memory for consumers that keep up: a second or so of full load."),
        new("ReadCacheBytesMax", SettingUnit.Bytes, 4 * MiB, TiB,
            o => o.Broker.ReadCacheBytesMax, (o, v) => o.Broker.ReadCacheBytesMax = v,
            "Blocks read back from disk for consumers that are behind."),
        new("UncommittedBytesMax", SettingUnit.Bytes, MiB, 4 * GiB,
            o => o.Broker.UncommittedBytesMax, (o, v) => o.Broker.UncommittedBytesMax = v,
            "Appended but not yet synced, above which publishers are not read: some ten syncs' worth."),
        new("ResidentEntriesMax", SettingUnit.Count, 1_000, 1_000_000_000,
            o => o.Broker.ResidentEntriesMax, (o, v) => o.Broker.ResidentEntriesMax = v,
            "Index entries of queues in memory (24 bytes each), above which the longest backlogs go to segments."),
        new("TransientBytesMax", SettingUnit.Bytes, MiB, 16 * TiB,
            o => o.Broker.TransientBytesMax, (o, v) => o.Broker.TransientBytesMax = v,
            "Transient messages in memory, above which publishers are blocked: 0.4 of the process's memory, as " +
            "RabbitMQ's watermark.") { DefaultText = "40 % of memory" },
        new("DiskFreeBytesMin", SettingUnit.Bytes, 0, 16 * TiB,
            o => o.Broker.DiskFreeBytesMin, (o, v) => o.Broker.DiskFreeBytesMin = v,
            "Free space on the data directory's disk, below which publishers are blocked."),
        new("Audit:FileBytesMax", SettingUnit.Bytes, KiB, TiB,
            o => o.Broker.Audit.FileBytesMax, (o, v) => o.Broker.Audit.FileBytesMax = v,
            "Audit file, before it is kept as `FILE.1` (that as `FILE.2`, and so on) and a new one is begun: some " +
            "250,000 entries."),
        new("Audit:KeptFilesMax", SettingUnit.Count, 0, 1_000,
            o => o.Broker.Audit.KeptFilesMax, (o, v) => o.Broker.Audit.KeptFilesMax = (int)v,
            "Audit files kept beside the one that is written."),
        new("ClientCertificate:SanIndex", SettingUnit.Count, 0, 99,
            o => o.Broker.Authentication.AlternativeNameIndex,
            (o, v) => o.Broker.Authentication.AlternativeNameIndex = (int)v,
            "Which of several alternative names of a client certificate names the user, from 0."),
        new("OAuth:LeewaySeconds", SettingUnit.Seconds, 0, 300,
            o => o.Broker.Authentication.Tokens.LeewaySeconds,
            (o, v) => o.Broker.Authentication.Tokens.LeewaySeconds = (int)v,
            "Time by which the clock of whoever makes access tokens may differ."),
        new("OAuth:KeysRefreshSeconds", SettingUnit.Seconds, 10, 24 * 60 * 60,
            o => o.Broker.Authentication.Tokens.KeysRefreshSeconds,
            (o, v) => o.Broker.Authentication.Tokens.KeysRefreshSeconds = (int)v,
            "Time after which the keys of access tokens are read again; a token with a key that is not known makes " +
            "that sooner, every 10 s at most."),
    ];
}
