using System.Buffers;

namespace Posthaste.Broker.Sessions;

/// <summary>
/// What is written while the pipe must not be: one pooled array that grows, and is given back when it has been emptied.
/// </summary>
internal struct SideBuffer()
{
    private const int FirstBytes = 4096;

    private byte[] _bytes = [];
    private int _count;

    /// <summary>Bytes in it. May be read by others as an estimate.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Room for at least this many bytes.</summary>
    public Span<byte> GetSpan(int bytes)
    {
        if (_bytes.Length - _count < bytes)
        {
            var larger = ArrayPool<byte>.Shared.Rent(int.Max(_count + bytes, int.Max(FirstBytes, _bytes.Length * 2)));
            _bytes.AsSpan(0, _count).CopyTo(larger);
            Return();
            _bytes = larger;
        }

        return _bytes.AsSpan(_count);
    }

    public void Advance(int bytes) => _count += bytes;

    /// <summary>Moves all of it to the writer.</summary>
    /// <returns>How many bytes.</returns>
    public int MoveTo(IBufferWriter<byte> writer)
    {
        var count = _count;
        if (count > 0)
            writer.Write(_bytes.AsSpan(0, count));
        Release();
        return count;
    }

    /// <summary>Forgets all of it.</summary>
    public void Release()
    {
        Return();
        _bytes = [];
        _count = 0;
    }

    private readonly void Return()
    {
        if (_bytes.Length > 0)
            ArrayPool<byte>.Shared.Return(_bytes);
    }
}
