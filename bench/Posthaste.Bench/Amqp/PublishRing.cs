using System.Buffers.Binary;

namespace Posthaste.Bench.Amqp;

/// <summary>
/// Ready-made publishes, one after the other: publishing copies nothing and encodes nothing, it patches 16 bytes of
/// each body
/// and hands a run of messages to the socket in one call. Message n lives in slot n modulo the ring's length.
/// </summary>
/// <remarks>
/// Each message is a basic.publish frame, a content header (delivery-mode only) and one body frame. All routing keys
/// have the
/// same length, so all slots have the same size and message n's body is found by arithmetic. The body:
/// <code>
/// 0                     8                 16
/// | sequence (LE64)     | stamp (LE64)    | filler …
/// </code>
/// </remarks>
internal sealed class PublishRing
{
    /// <summary>The channel that all publishes name.</summary>
    public const ushort Channel = 1;

    /// <summary>The sequence number and the stamp: the least that a body holds.</summary>
    public const int BodyBytesMin = 16;

    private const int RingBytesAim = 128 * 1024;
    private const ushort ContentClass = 60;
    private const ushort DeliveryModeFlag = 0x1000;
    private readonly byte[] _bytes;
    private readonly int _bodyOffset;

    /// <param name="exchange">Where to publish; empty for the default exchange.</param>
    /// <param name="routingKeys">Message n has key n modulo their count; all of one length.</param>
    /// <param name="bodyBytes">Size of each body, 16 or more.</param>
    /// <param name="persistent">Delivery mode 2 instead of 1.</param>
    /// <param name="mandatory">Whether an unroutable message is to be returned (which fails the run).</param>
    public PublishRing(
        string exchange, IReadOnlyList<string> routingKeys, int bodyBytes, bool persistent, bool mandatory = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bodyBytes, BodyBytesMin);
        byte[] body = new byte[bodyBytes];
        body.AsSpan().Fill((byte)'x');
        FrameWriter writer = new();
        do
        {
            foreach (string key in routingKeys)
            {
                int start = writer.Length;
                writer.BeginMethod(Channel, Method.BasicPublish)
                    .Short(0).ShortString(exchange).ShortString(key).Octet((byte)(mandatory ? 1 : 0)).EndFrame();
                writer.Begin(Frame.HeaderType, Channel)
                    .Short(ContentClass).Short(0).LongLong((ulong)bodyBytes)
                    .Short(DeliveryModeFlag).Octet((byte)(persistent ? 2 : 1)).EndFrame();
                writer.Begin(Frame.BodyType, Channel).Raw(body).EndFrame();
                SlotBytes = writer.Length - start;
                SlotCount++;
            }
        }
        while (writer.Length + (SlotBytes * routingKeys.Count) <= RingBytesAim);

        if (writer.Length != SlotBytes * SlotCount)
        {
            throw new ArgumentException("routing keys differ in length", nameof(routingKeys));
        }

        _bytes = GC.AllocateUninitializedArray<byte>(writer.Length, pinned: true);
        writer.Written.CopyTo(_bytes);
        _bodyOffset = SlotBytes - 1 - bodyBytes;
        RunCountMax = Math.Max(1, RingBytesAim / SlotBytes);
    }

    public int SlotBytes { get; private set; }

    public int SlotCount { get; private set; }

    /// <summary>The most messages that one run holds: about 128 KiB.</summary>
    public int RunCountMax { get; }

    /// <summary>
    /// Stamps up to <paramref name="count"/> messages from <paramref name="sequence"/> on and returns their wire
    /// bytes, valid until
    /// the next call. The run ends early at the ring's end.
    /// </summary>
    public ReadOnlySpan<byte> Stamp(long sequence, int count, long stamp, out int stampedCount)
    {
        int slot = (int)(sequence % SlotCount);
        stampedCount = Math.Min(Math.Min(count, RunCountMax), SlotCount - slot);
        Span<byte> run = _bytes.AsSpan(slot * SlotBytes, stampedCount * SlotBytes);
        for (int i = 0, at = _bodyOffset; i < stampedCount; i++, at += SlotBytes)
        {
            BinaryPrimitives.WriteInt64LittleEndian(run[at..], sequence + i);
            BinaryPrimitives.WriteInt64LittleEndian(run[(at + 8)..], stamp);
        }

        return run;
    }
}
