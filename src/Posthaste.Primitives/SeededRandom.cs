namespace Posthaste.Primitives;

/// <summary>
/// A small generator of reproducible numbers (SplitMix64): the same seed gives the same sequence on every platform
/// and version. For simulation, fault injection and tests; never for secrets. One thread.
/// </summary>
public sealed class SeededRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>The next 64 bits.</summary>
    public ulong NextBits()
    {
        _state += 0x9E3779B97F4A7C15;
        ulong z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number in [0, <paramref name="limit"/>); <paramref name="limit"/> is at least 1.</summary>
    public int Below(int limit)
    {
        Checks.Require(limit > 0);
        return (int)(NextBits() % (ulong)limit);
    }

    /// <summary>A number in [<paramref name="first"/>, <paramref name="last"/>].</summary>
    public int Between(int first, int last) => first + Below(last - first + 1);

    /// <summary>True with the given probability, 0 to 1.</summary>
    public bool Chance(double probability) => (NextBits() >> 11) * (1.0 / (1ul << 53)) < probability;

    /// <summary>Fills <paramref name="bytes"/> with arbitrary content.</summary>
    public void Fill(Span<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(NextBits() >> 32);
        }
    }

    /// <summary>A generator of its own, so that what one part draws does not shift what another part sees.</summary>
    public SeededRandom Fork() => new(NextBits());
}
