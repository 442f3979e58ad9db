using System.Security.Cryptography;
using Posthaste.Broker.Auditing;
using Posthaste.Broker.Security;
using Posthaste.Broker.Tracing;
using Posthaste.Core.Catalog;
using Posthaste.Storage.Encryption;

namespace Posthaste.Broker;

/// <summary>
/// How a <see cref="MessageBroker"/> stores, what it may use, and whom it trusts. Checked when the broker opens.
/// </summary>
public sealed class MessageBrokerOptions
{
    /// <summary>Data directory; null keeps everything in memory (nothing survives the process).</summary>
    public string? DataDirectory { get; set; }

    /// <summary>
    /// File with the key, 64 hexadecimal digits, that the data directory is encrypted with; a new directory is made so.
    /// Null (the default) for one that is not encrypted. Has no meaning without a directory.
    /// </summary>
    public string? EncryptionKeyFile { get; set; }

    /// <summary>The key itself, where it does not come from a file; goes before the file.</summary>
    public MasterKey? EncryptionKey { get; set; }

    /// <summary>
    /// Bytes of journal at most before what is still wanted in its oldest part is moved out and the files are used
    /// again. Bounds the time of a restart and the disk that settled messages hold. Usually far less is in use; a large
    /// state (many queues) makes it grow. Default 512 MiB: half a second or less to replay.
    /// </summary>
    public long JournalBytesMax { get; set; } = 512L << 20;

    /// <summary>
    /// Bytes of one journal file. Default 16 MiB: some hundred milliseconds of full load, so the few files in use stay
    /// in the page cache and are used again soon; new ones have to be filled with zeros first, which costs as much as
    /// the data.
    /// </summary>
    public int JournalFileBytes { get; set; } = 16 << 20;

    /// <summary>
    /// Bytes of journal kept in memory for consumers that keep up. Default 64 MiB: a second or so of full load.
    /// </summary>
    public long ResidentBytesMax { get; set; } = 64L << 20;

    /// <summary>Bytes of blocks read back from disk for consumers that are behind. Default 32 MiB.</summary>
    public long ReadCacheBytesMax { get; set; } = 32L << 20;

    /// <summary>
    /// Bytes appended but not yet synced at which publishers are no longer read. Default 32 MiB: some ten syncs' worth.
    /// </summary>
    public long UncommittedBytesMax { get; set; } = 32L << 20;

    /// <summary>
    /// Index entries of queues in memory (24 bytes each) at which the longest backlogs are written to segments. Default
    /// 4 million (about 100 MB).
    /// </summary>
    public long ResidentEntriesMax { get; set; } = 4_000_000;

    /// <summary>
    /// Bytes of transient messages in memory at which publishers are blocked. Default: 0.4 of the memory that the
    /// process may use, as RabbitMQ's watermark.
    /// </summary>
    public long TransientBytesMax { get; set; } = (long)(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes * 0.4);

    /// <summary>
    /// Free bytes on the data directory's disk under which publishers are blocked. Default 256 MiB: enough for
    /// settlements while somebody makes room.
    /// </summary>
    public long DiskFreeBytesMin { get; set; } = 256L << 20;

    /// <summary>Bytes of the largest message body. Default 16 MiB as in RabbitMQ 4; at most 512 MiB.</summary>
    public int MessageBytesMax { get; set; } = 16 << 20;

    /// <summary>
    /// Connections at a time over all protocols. Default 65,536: what one address and port can serve a client host.
    /// </summary>
    public int ConnectionsMax { get; set; } = 65_536;

    /// <summary>
    /// Connections at a time that have not logged in. Default 8,192: what a fleet that reconnects at once brings, twice
    /// the backlog of sockets that wait to be accepted.
    /// </summary>
    public int UnauthenticatedMax { get; set; } = 8_192;

    /// <summary>
    /// The same of one address (of IPv6, one /64). Default 2,048: many clients behind one address may come at once, and
    /// one that only opens connections takes a quarter of what there is.
    /// </summary>
    public int UnauthenticatedPerAddressMax { get; set; } = 2_048;

    /// <summary>
    /// New connections of one listener in a second: a second's worth may come at once, those beyond wait. Default
    /// 10,000: more than a machine makes handshakes for.
    /// </summary>
    public int ConnectionsPerSecondMax { get; set; } = 10_000;

    /// <summary>
    /// The same of one address, or of one /64 of IPv6. Default 5,000: more than the gateway of a fleet brings.
    /// </summary>
    public int ConnectionsPerSecondPerAddressMax { get; set; } = 5_000;

    /// <summary>
    /// Milliseconds that a client may take to acknowledge a delivery before its channel is closed and the delivery goes
    /// to somebody else; queues and consumers may say otherwise (`x-consumer-timeout`); 0 for any time. Default
    /// 1,800,000 (half an hour) as in RabbitMQ: a consumer that hangs must not hold messages for ever.
    /// </summary>
    public long ConsumerTimeoutMs { get; set; } = 1_800_000;

    /// <summary>
    /// Milliseconds that a client may leave bytes unread which the broker has ready for it before it is cut. Default
    /// 60,000: a consumer that stops reading while it works gets a minute; one that is gone without a word does not
    /// hold memory for longer.
    /// </summary>
    public int WriteStallMsMax { get; set; } = 60_000;

    /// <summary>Virtual hosts that are there from the start. Default: the one that clients expect.</summary>
    public IReadOnlyList<string> VirtualHosts { get; set; } = [MessageBroker.DefaultVirtualHost];

    /// <summary>
    /// The virtual host whose `amq.rabbitmq.event` has the broker's events. Default: the one that clients expect.
    /// </summary>
    public string EventVirtualHost { get; set; } = MessageBroker.DefaultVirtualHost;

    /// <summary>Virtual hosts at most. Default 10,000: each costs its predeclared exchanges, some 5 KB.</summary>
    public int VirtualHostsMax { get; set; } = 10_000;

    /// <summary>
    /// Notes of one virtual host: what protocols remember (sessions, packet ids on their way). Default 2,000,000: a
    /// hundred thousand sessions with twenty each.
    /// </summary>
    public int NotesMax { get; set; } = 2_000_000;

    /// <summary>
    /// Bytes of one virtual host's notes in memory, 48 for each included. Default 256 MiB: the number above at a
    /// hundred bytes each.
    /// </summary>
    public long NotesBytesMax { get; set; } = 256L << 20;

    /// <summary>
    /// Retained messages of one virtual host. Default 2,000,000: a large fleet's last values; more is a topic that has
    /// an id in it.
    /// </summary>
    public int RetainedMessagesMax { get; set; } = 2_000_000;

    /// <summary>
    /// Bytes of one virtual host's retained messages in memory, 48 for each included. Default 512 MiB: the number above
    /// at 256 bytes each.
    /// </summary>
    public long RetainedBytesMax { get; set; } = 512L << 20;

    /// <summary>How much one virtual host may declare.</summary>
    public CatalogLimits CatalogLimits { get; set; } = CatalogLimits.Default;

    /// <summary>Source of randomness for names that must not be guessed. Default: the system's.</summary>
    public Action<Span<byte>> FillRandom { get; set; } = RandomNumberGenerator.Fill;

    /// <summary>The clock of everything that the broker does by time. Default: the system's.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>
    /// The clock of what concerns the peers of connections: heartbeats, time limits of handshakes. Apart from
    /// <see cref="Time"/>, because peers live in real time even where a test moves the broker's. Default: the system's.
    /// </summary>
    public TimeProvider ConnectionTime { get; set; } = TimeProvider.System;

    /// <summary>
    /// Whether a broker that has never had a user gets <see cref="UserStore.Guest"/>. Default: it does, or nobody could
    /// come in; who brings users otherwise turns it off.
    /// </summary>
    public bool AddsGuest { get; set; } = true;

    /// <summary>
    /// Who may connect, decided elsewhere. Default null: the broker's own user store, which begins with `guest`.
    /// </summary>
    public IAuthenticator? Authenticator { get; set; }

    /// <summary>How the users of the broker's own store prove who they are.</summary>
    public AuthenticationOptions Authentication { get; } = new();

    /// <summary>Where the audit log goes beside the log.</summary>
    public AuditOptions Audit { get; } = new();

    /// <summary>Which messages are traced, where somebody listens.</summary>
    public TracingOptions Tracing { get; } = new();

    internal void Validate()
    {
        Require(JournalFileBytes is >= 1 << 20 and <= 1 << 30 && JournalFileBytes % (1 << 20) == 0,
            nameof(JournalFileBytes), JournalFileBytes, "whole MiB from 1 MiB to 1 GiB");
        Require(JournalBytesMax >= 4L * JournalFileBytes, nameof(JournalBytesMax), JournalBytesMax,
            "at least four journal files");
        Require(ResidentBytesMax >= 4 << 20, nameof(ResidentBytesMax), ResidentBytesMax, "at least 4 MiB");
        Require(ReadCacheBytesMax >= 4 << 20, nameof(ReadCacheBytesMax), ReadCacheBytesMax, "at least 4 MiB");
        Require(UncommittedBytesMax >= 1 << 20, nameof(UncommittedBytesMax), UncommittedBytesMax, "at least 1 MiB");
        Require(
            MessageBytesMax is >= 1 and <= 512 << 20, nameof(MessageBytesMax), MessageBytesMax, "1 byte to 512 MiB");
        Require(ConnectionsMax >= 1, nameof(ConnectionsMax), ConnectionsMax, "at least 1");
        Require(ConsumerTimeoutMs >= 0, nameof(ConsumerTimeoutMs), ConsumerTimeoutMs, "0 or more milliseconds");
        Authentication.Validate();
        Audit.Validate();
        Tracing.Validate();
        Require(WriteStallMsMax >= 1, nameof(WriteStallMsMax), WriteStallMsMax, "at least 1 millisecond");
    }

    private static void Require(bool holds, string option, long value, string range)
    {
        if (!holds) throw new ArgumentException($"{option} is {value}, but has to be {range}.");
    }
}
