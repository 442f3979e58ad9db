using System.Buffers;
using Posthaste.Primitives;
using Posthaste.Storage.Devices;

namespace Posthaste.Storage.Snapshots;

/// <summary>
/// Writes one snapshot. It counts only once <see cref="Complete"/> returned; disposing before that leaves nothing. One
/// thread.
/// </summary>
public sealed class SnapshotWriter : IBufferWriter<byte>, IDisposable
{
    private readonly IStorageDevice _device;
    private readonly SnapshotInfo _info;
    private readonly string _name;
    private readonly string _temporary;
    private readonly IStorageFile _file;
    private byte[] _chunk = new byte[SnapshotFormat.ChunkHeaderBytes + SnapshotFormat.ChunkBytes];
    private int _used = SnapshotFormat.ChunkHeaderBytes;
    private int _index;
    private long _offset = SnapshotFormat.HeaderBytes;
    private bool _isComplete;

    internal SnapshotWriter(IStorageDevice device, SnapshotInfo info, string name)
    {
        _device = device;
        _info = info;
        _name = name;
        _temporary = name + ".new";
        device.Delete(_temporary);
        _file = device.Create(_temporary, 0);
        var header = new byte[SnapshotFormat.HeaderBytes];
        SnapshotFormat.WriteHeader(header, info);
        _file.Write(0, header);
    }

    /// <summary>Bytes of content so far.</summary>
    public long ContentBytes { get; private set; }

    /// <inheritdoc/>
    public void Advance(int count)
    {
        Checks.Require(count >= 0 && count <= _chunk.Length - _used);
        _used += count;
        ContentBytes += count;
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        int needed = Math.Max(1, sizeHint);
        if (_chunk.Length - _used < needed)
        {
            WriteChunk(isLast: false);
            if (_chunk.Length - _used < needed)
            {
                _chunk = new byte[SnapshotFormat.ChunkHeaderBytes + needed];
            }
        }
        return _chunk.AsMemory(_used);
    }

    /// <summary>Makes the snapshot durable under its name.</summary>
    /// <exception cref="IOException">The device failed; older snapshots still are what they were.</exception>
    public void Complete()
    {
        Checks.Require(!_isComplete);
        WriteChunk(isLast: true);
        _file.Sync();
        _device.Rename(_temporary, _name);
        _isComplete = true;
        _device.SyncDirectory(StorageNames.StateFolder);
    }

    /// <summary>Closes the file, and deletes it unless it is complete.</summary>
    public void Dispose()
    {
        _file.Dispose();
        if (!_isComplete)
        {
            _device.Delete(_temporary);
        }
    }

    private void WriteChunk(bool isLast)
    {
        if (_used == SnapshotFormat.ChunkHeaderBytes && !isLast)
        {
            return;
        }
        Span<byte> chunk = _chunk.AsSpan(0, _used);
        SnapshotFormat.WriteChunkHeader(chunk, _info.Position, _index++, isLast);
        _file.Write(_offset, chunk);
        _offset += chunk.Length;
        _used = SnapshotFormat.ChunkHeaderBytes;
    }
}
