namespace Posthaste.Fuzz;

/// <summary>Makes new inputs from old ones by the small damage that networks, disks and foreign encoders do.</summary>
public sealed class Mutator(Random random)
{
    /// <summary>Longest input in bytes; longer ones find nothing more and cost time.</summary>
    public const int InputBytesMax = 16 * 1024;

    // Octets that mean something to length fields, flags and tags.
    private static readonly byte[] Interesting =
        [0x00, 0x01, 0x7F, 0x80, 0xCE, 0xFE, 0xFF, (byte)'A', (byte)'F', (byte)'S'];

    /// <summary>One to eight mutations of an input out of the corpus.</summary>
    public byte[] Next(IReadOnlyList<byte[]> corpus)
    {
        List<byte> input = [.. corpus[random.Next(corpus.Count)]];
        for (var left = random.Next(1, 9); left > 0; left--)
            Mutate(input, corpus);
        if (input.Count > InputBytesMax)
            input.RemoveRange(InputBytesMax, input.Count - InputBytesMax);
        return [.. input];
    }

    private void Mutate(List<byte> input, IReadOnlyList<byte[]> corpus)
    {
        var at = random.Next(input.Count + 1);
        var isInside = at < input.Count;
        switch (random.Next(8))
        {
            case 0 when isInside:
                input[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when isInside:
                input[at] = Interesting[random.Next(Interesting.Length)];
                break;
            case 2 when isInside:
                input[at] = (byte)(input[at] + random.Next(-3, 4));
                break;
            case 3:
                input.Insert(at, (byte)random.Next(256));
                break;
            case 4 when isInside:
                input.RemoveRange(at, random.Next(1, input.Count - at + 1));
                break;
            case 5 when isInside:
                input.InsertRange(at, input[at..(at + random.Next(1, input.Count - at + 1))]);
                break;
            case 6:
                var other = corpus[random.Next(corpus.Count)];
                var start = random.Next(other.Length + 1);
                input.InsertRange(at, other[start..]);
                break;
            case 7 when input.Count - at >= 4:
                OverwriteLength(input, at);
                break;
            default:
                input.Add((byte)random.Next(256));
                break;
        }
    }

    // Four octets as a big-endian number that lies near something: zero, what is left, or the ends of the range.
    private void OverwriteLength(List<byte> input, int at)
    {
        var number = random.Next(4) switch
        {
            0 => random.Next(4),
            1 => input.Count - at - 4 + random.Next(-9, 10),
            2 => int.MaxValue - random.Next(16),
            _ => -1 - random.Next(16),
        };
        for (var i = 0; i < 4; i++)
            input[at + i] = (byte)(number >> (24 - (8 * i)));
    }
}
