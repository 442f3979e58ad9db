using System.Runtime.InteropServices;
using Posthaste.Broker.Retained;
using Posthaste.Core.Messages;

namespace Posthaste.Broker.Publishing;

/// <summary>
/// One message on its way from a session into the broker. Its bytes stay where the session has them, in pinned memory,
/// until the flush of the <see cref="PublishBatch"/> that holds it returns.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public unsafe struct OutgoingPublish
{
    /// <summary>Where it goes; empty only for a message that is retained (an unroutable one never gets here).</summary>
    public Route Route;

    /// <summary>Who is told when it is handled; null for nobody.</summary>
    public PublishSource? Source;

    /// <summary>The source's own number of it; consecutive numbers are reported as runs.</summary>
    public ulong Seq;

    /// <summary>Own time to live in milliseconds; -1 for none.</summary>
    public long TtlMs;

    public byte* Properties;
    public int PropertiesLength;

    /// <summary>
    /// The broker's own notes on a message that it publishes itself (death history); null for a client's.
    /// </summary>
    internal byte* Annotations;
    internal int AnnotationsLength;

    public byte* Body;
    public int BodyLength;

    public PropertyFormat Format;
    public MessageFlags Flags;
    public byte Priority;

    /// <summary>The channel that it came on, for those who watch; 0 where the protocol has none.</summary>
    public ushort Channel;

    /// <summary>
    /// Set by <see cref="VirtualHostRetained.Prepare"/> for a message that is to be retained; null for others.
    /// </summary>
    internal RetainedChange? Retained;

    /// <summary>
    /// The copy in the arena once some queue had to keep it; the batch holds a reference of its own until it is
    /// through.
    /// </summary>
    internal MessageLocation? Kept;

    internal readonly ReadOnlySpan<byte> PropertiesSpan => new(Properties, PropertiesLength);

    internal readonly ReadOnlySpan<byte> AnnotationsSpan => new(Annotations, AnnotationsLength);

    internal readonly ReadOnlySpan<byte> BodySpan => new(Body, BodyLength);

    internal readonly bool IsPersistent => (Flags & MessageFlags.Persistent) != 0;

    /// <summary>Bytes of the message as stored.</summary>
    internal readonly int StoredBytes =>
        MessageWriter.Size(
            Route.Exchange.Length, Route.RoutingKey.Length, PropertiesLength, AnnotationsLength, BodyLength);

    internal readonly int WriteTo(Span<byte> target, long receivedAtMs) => MessageWriter.Write(
        target, Format, Flags, receivedAtMs, Route.Exchange, Route.RoutingKey, PropertiesSpan,
        AnnotationsSpan, BodySpan);

    internal readonly MessageView View(long receivedAtMs) => new(
        Format, Flags, receivedAtMs, Route.Exchange, Route.RoutingKey, PropertiesSpan, BodySpan);
}
