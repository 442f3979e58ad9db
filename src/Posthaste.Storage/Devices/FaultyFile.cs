using Posthaste.Primitives;

namespace Posthaste.Storage.Devices;

/// <summary>
/// A file of a <see cref="FaultyDevice"/>: what readers see, what would survive a crash, and the writes in between.
/// It is its own handle.
/// </summary>
internal sealed class FaultyFile(FaultyDevice device) : IStorageFile
{
    private const int SectorBytes = 512;

    private readonly List<(long Offset, byte[] Bytes)> _pending = [];

    public SparseBytes Current { get; private init; } = new();

    public SparseBytes Durable { get; private init; } = new();

    public long LengthBytes => Current.LengthBytes;

    public void Write(long offset, ReadOnlySpan<ReadOnlyMemory<byte>> buffers)
    {
        foreach (ReadOnlyMemory<byte> buffer in buffers)
        {
            Write(offset, buffer.Span);
            offset += buffer.Length;
        }
    }

    public void Write(long offset, ReadOnlySpan<byte> bytes) => device.Write(this, offset, bytes);

    public void Sync() => device.Sync(this);

    public int Read(long offset, Span<byte> bytes)
    {
        device.Read();
        return Current.Read(offset, bytes);
    }

    public void Dispose()
    {
        // The file belongs to the device.
    }

    internal void Add(long offset, ReadOnlySpan<byte> bytes)
    {
        Current.Write(offset, bytes);
        _pending.Add((offset, bytes.ToArray()));
    }

    internal void MakeDurable()
    {
        foreach ((long offset, byte[] bytes) in _pending)
        {
            Durable.Write(offset, bytes);
        }
        _pending.Clear();
    }

    internal void LoseSomePending(SeededRandom random)
    {
        ApplySome(Durable, random);
        _pending.Clear();
    }

    internal FaultyFile Crash(FaultyDevice survivor, SeededRandom random)
    {
        SparseBytes left = Durable.Copy();
        ApplySome(left, random);
        return new FaultyFile(survivor) { Current = left.Copy(), Durable = left };
    }

    internal void FlipBit(long offset, int bit)
    {
        Flip(Current, offset, bit);
        Flip(Durable, offset, bit);
    }

    // Every sector ends up as it was after some number of the pending writes. Half of the time that number is the same
    // extreme for all sectors, because "nothing" and "everything" are the outcomes that happen most.
    private void ApplySome(SparseBytes target, SeededRandom random)
    {
        int mode = random.Below(4);
        var appliedBySector = new Dictionary<long, int>();
        for (int i = 0; i < _pending.Count; i++)
        {
            (long offset, byte[] bytes) = _pending[i];
            for (int at = 0; at < bytes.Length;)
            {
                long sector = (offset + at) / SectorBytes;
                int count = (int)Math.Min(bytes.Length - at, (sector + 1) * SectorBytes - (offset + at));
                if (!appliedBySector.TryGetValue(sector, out int applied))
                {
                    applied = mode switch { 0 => 0, 1 => _pending.Count, _ => random.Below(_pending.Count + 1) };
                    appliedBySector.Add(sector, applied);
                }
                if (i < applied)
                {
                    target.Write(offset + at, bytes.AsSpan(at, count));
                }
                at += count;
            }
        }
    }

    private static void Flip(SparseBytes bytes, long offset, int bit)
    {
        Span<byte> one = stackalloc byte[1];
        if (bytes.Read(offset, one) == 1)
        {
            one[0] ^= (byte)(1 << bit);
            bytes.Write(offset, one);
        }
    }
}
