using System.Buffers.Binary;

namespace Posthaste.CrashLoop;

/// <summary>
/// A message body that says which message it is, and whose every other byte follows from that: a body that the broker
/// made up, mixed up or cut is found.
/// </summary>
/// <remarks>
/// <code>
///  0        4         8               16
/// +--------+---------+---------------+---------------------------+
/// | u32    | u32     | u64           | filler: 0 … 40,000 bytes  |
/// | stream | attempt | sequence      | from stream and sequence  |
/// +--------+---------+---------------+---------------------------+   little-endian
/// </code>
/// The attempt tells copies apart that a client forwarded more than once; 0 where nothing is forwarded.
/// </remarks>
internal readonly record struct Payload(int Stream, uint Attempt, long Sequence)
{
    private const int HeaderBytes = 16;
    private const ulong SmallBytesMax = 1_500;
    private const ulong LargeBytesMax = 40_000;

    /// <summary>One in so many messages is large: batches and reads do not always end between messages.</summary>
    private const ulong LargeEvery = 64;

    public byte[] Encode()
    {
        byte[] body = new byte[HeaderBytes + FillerBytes];
        BinaryPrimitives.WriteInt32LittleEndian(body, Stream);
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(4), Attempt);
        BinaryPrimitives.WriteInt64LittleEndian(body.AsSpan(8), Sequence);
        Fill(body.AsSpan(HeaderBytes));
        return body;
    }

    /// <returns>False when these bytes were never a body of this loop.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> body, out Payload payload)
    {
        payload = default;
        if (body.Length < HeaderBytes)
            return false;
        payload = new Payload(
            BinaryPrimitives.ReadInt32LittleEndian(body),
            BinaryPrimitives.ReadUInt32LittleEndian(body[4..]),
            BinaryPrimitives.ReadInt64LittleEndian(body[8..]));
        if (body.Length != HeaderBytes + payload.FillerBytes)
            return false;
        byte[] expected = new byte[payload.FillerBytes];
        payload.Fill(expected);
        return body[HeaderBytes..].SequenceEqual(expected);
    }

    private ulong Key => Mix(((ulong)(uint)Stream << 40) ^ (ulong)Sequence);

    private int FillerBytes =>
        (int)((Key >> 8) % (Key % LargeEvery == 0 ? LargeBytesMax : SmallBytesMax));

    private void Fill(Span<byte> filler)
    {
        ulong state = Key;
        while (filler.Length >= sizeof(ulong))
        {
            state = Mix(state);
            BinaryPrimitives.WriteUInt64LittleEndian(filler, state);
            filler = filler[sizeof(ulong)..];
        }
        filler.Fill((byte)state);
    }

    /// <summary>SplitMix64's step: neighbours become unrelated.</summary>
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
