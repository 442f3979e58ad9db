using Posthaste.Storage.Devices;

namespace Posthaste.Storage.Snapshots;

/// <summary>Reads a snapshot's content from front to end, checking every chunk. One thread.</summary>
public sealed class SnapshotReader : IDisposable
{
    private readonly IStorageFile _file;
    private readonly string _name;
    private byte[] _chunk = new byte[SnapshotFormat.ChunkHeaderBytes + SnapshotFormat.ChunkBytes];
    private byte[] _joined = [];
    private int _next;
    private int _end;
    private int _index;
    private long _offset = SnapshotFormat.HeaderBytes;
    private bool _isLast;

    private SnapshotReader(IStorageFile file, string name, SnapshotInfo info)
    {
        _file = file;
        _name = name;
        Info = info;
    }

    /// <summary>What the snapshot is of.</summary>
    public SnapshotInfo Info { get; }

    /// <summary>True behind the last byte of content.</summary>
    /// <exception cref="StorageDamagedException">A chunk is not what was written.</exception>
    public bool IsAtEnd
    {
        get
        {
            while (_next == _end && !_isLast)
            {
                ReadChunk();
            }
            return _next == _end;
        }
    }

    /// <summary>The next bytes, exactly so many; valid until the next call.</summary>
    /// <exception cref="StorageDamagedException">A chunk is not what was written.</exception>
    /// <exception cref="EndOfStreamException">The content is shorter.</exception>
    public ReadOnlySpan<byte> Take(int count)
    {
        if (_end - _next >= count)
        {
            _next += count;
            return _chunk.AsSpan(_next - count, count);
        }
        if (_joined.Length < count)
        {
            _joined = new byte[count];
        }
        ReadExactly(_joined.AsSpan(0, count));
        return _joined.AsSpan(0, count);
    }

    /// <summary>Fills a span with the next bytes.</summary>
    /// <exception cref="StorageDamagedException">A chunk is not what was written.</exception>
    /// <exception cref="EndOfStreamException">The content is shorter.</exception>
    public void ReadExactly(Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            if (IsAtEnd)
            {
                throw new EndOfStreamException($"The snapshot {_name} ends early.");
            }
            int count = Math.Min(bytes.Length, _end - _next);
            _chunk.AsSpan(_next, count).CopyTo(bytes);
            _next += count;
            bytes = bytes[count..];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    internal static SnapshotReader Open(IStorageDevice device, string name)
    {
        IStorageFile file = device.Open(name, writable: false);
        var header = new byte[SnapshotFormat.HeaderBytes];
        if (file.Read(0, header) < header.Length || !SnapshotFormat.TryReadHeader(header, out SnapshotInfo info)
            || name != SnapshotStore.NameOf(info.Position))
        {
            file.Dispose();
            throw new StorageDamagedException($"The header of the snapshot {name} is damaged.");
        }
        return new SnapshotReader(file, name, info);
    }

    /// <summary>Reads everything once, for the checks.</summary>
    internal void Validate()
    {
        while (!IsAtEnd)
        {
            _next = _end;
        }
        if (_offset != _file.LengthBytes)
        {
            throw Damaged("has bytes behind its end");
        }
    }

    private void ReadChunk()
    {
        Span<byte> header = stackalloc byte[SnapshotFormat.ChunkHeaderBytes];
        int read = _file.Read(_offset, header);
        int length = SnapshotFormat.ReadChunkLength(header);
        if (read < header.Length || length < 0 || length > _file.LengthBytes - _offset - header.Length)
        {
            throw Damaged("is damaged");
        }
        int bytes = SnapshotFormat.ChunkHeaderBytes + length;
        if (_chunk.Length < bytes)
        {
            _chunk = new byte[bytes];
        }
        Span<byte> chunk = _chunk.AsSpan(0, bytes);
        if (_file.Read(_offset, chunk) < bytes
            || !SnapshotFormat.IsChunkValid(chunk, Info.Position, _index, out _isLast))
        {
            throw Damaged("is damaged");
        }
        _index++;
        _offset += bytes;
        _next = SnapshotFormat.ChunkHeaderBytes;
        _end = bytes;
    }

    private StorageDamagedException Damaged(string what) => new($"The snapshot {_name} {what} at offset {_offset}.");
}
