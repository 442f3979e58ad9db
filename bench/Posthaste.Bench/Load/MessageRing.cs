using System.Buffers.Binary;

namespace Posthaste.Bench.Load;

/// <summary>Ready-made publishes of one size, one behind the other, and where the body is in each.</summary>
internal sealed record EncodedMessages(byte[] Bytes, int SlotBytes, int BodyOffset);

/// <summary>
/// Ready-made publishes, one after the other: publishing copies nothing and encodes nothing, it patches 16 bytes of
/// each body
/// and hands a run of messages to the socket in one call. Message n lives in slot n modulo the ring's length.
/// </summary>
/// <remarks>
/// All slots have the same size, so message n's body is found by arithmetic. The body:
/// <code>
/// 0                     8                 16
/// | sequence (LE64)     | stamp (LE64)    | filler …
/// </code>
/// </remarks>
internal abstract class MessageRing
{
    /// <summary>The sequence number and the stamp: the least that a body holds.</summary>
    public const int BodyBytesMin = 16;

    /// <summary>How many bytes a ring should have at most.</summary>
    protected const int RingBytesAim = 128 * 1024;

    private readonly byte[] _bytes;
    private readonly int _bodyOffset;
    private readonly bool _numbersMessages;

    /// <param name="messages">The slots.</param>
    /// <param name="numbersMessages">Whether <see cref="Number"/> is to be called for each message.</param>
    protected MessageRing(EncodedMessages messages, bool numbersMessages)
    {
        SlotBytes = messages.SlotBytes;
        SlotCount = messages.Bytes.Length / SlotBytes;
        RunCountMax = Math.Max(1, RingBytesAim / SlotBytes);
        _bytes = GC.AllocateUninitializedArray<byte>(messages.Bytes.Length, pinned: true);
        messages.Bytes.CopyTo(_bytes, 0);
        _bodyOffset = messages.BodyOffset;
        _numbersMessages = numbersMessages;
    }

    public int SlotBytes { get; }

    public int SlotCount { get; }

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

        for (int i = 0; _numbersMessages && i < stampedCount; i++)
        {
            Number(run.Slice(i * SlotBytes, SlotBytes), sequence + i);
        }

        return run;
    }

    /// <summary>A body of that size, with filler where the numbers will be.</summary>
    protected static byte[] CreateBody(int bodyBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bodyBytes, BodyBytesMin);
        byte[] body = new byte[bodyBytes];
        body.AsSpan().Fill((byte)'x');
        return body;
    }

    /// <summary>Repeats one encoded message until the ring is as large as it should be.</summary>
    protected static EncodedMessages Repeat(byte[] message, int bodyOffset)
    {
        int count = Math.Max(1, RingBytesAim / message.Length);
        byte[] bytes = new byte[count * message.Length];
        for (int i = 0; i < count; i++)
        {
            message.CopyTo(bytes, i * message.Length);
        }

        return new EncodedMessages(bytes, message.Length, bodyOffset);
    }

    /// <summary>Puts into a message what its confirm will name.</summary>
    protected virtual void Number(Span<byte> slot, long sequence)
    {
    }
}
