using Posthaste.Primitives;
using Posthaste.Storage.Devices;

namespace Posthaste.Storage.Segments;

/// <summary>
/// Files of single destinations, for backlogs too large to be carried forward in the journal: written in blocks, read
/// in blocks, deleted as a whole when the last block in them is dropped.
/// </summary>
/// <remarks>
/// Which blocks are live is the caller's state, kept in its journal and snapshots; after a restart it adopts those and
/// has the rest deleted. A file written before a restart is never written again.
/// Threads: any; writing, syncing and deleting one destination is for one thread at a time. No lock is held during I/O.
/// Memory: the cache's budget, and about 100 bytes for each live block.
/// Failure: a failed write leaves nothing behind that is referenced. A failed sync ends the file: blocks written to it
/// since its last sync are lost to the caller, who still has those messages in the journal and writes them again
/// elsewhere.
/// </remarks>
public sealed class SegmentStore : IDisposable
{
    private readonly IStorageDevice _device;
    private readonly SegmentOptions _options;
    private readonly Lock _lock = new();
    private readonly PinnedMemoryPool _memory;
    private readonly SegmentCache _cache;
    private readonly Dictionary<int, SegmentFile> _files = [];
    private readonly Dictionary<ulong, SegmentFile> _current = [];
    private readonly HashSet<string> _unreferenced = [];
    private int _lastId;
    private bool _hasNewNames;

    /// <summary>Opens the segments of a device; no block is live before it is adopted.</summary>
    /// <exception cref="IOException">The device failed.</exception>
    public SegmentStore(IStorageDevice device, SegmentOptions options)
    {
        _device = device;
        _options = options;
        _cache = new SegmentCache(options.CacheBytesMax);
        _memory = new PinnedMemoryPool(Math.Min(options.CacheBytesMax, 8 * 1024 * 1024));
        foreach (StorageFileInfo file in device.List(StorageNames.SegmentFolder))
        {
            if (SegmentFile.TryParse(file.Name, out int id, out _))
            {
                _lastId = Math.Max(_lastId, id);
                _unreferenced.Add(file.Name);
            }
        }
    }

    /// <summary>Bytes of loaded blocks kept in memory.</summary>
    public long CachedBytes => _cache.Bytes;

    /// <summary>Files with live blocks, and the bytes up to the last one in each. Any thread.</summary>
    public (int FileCount, long Bytes) Size
    {
        get
        {
            lock (_lock)
            {
                return (_files.Count, _files.Values.Sum(static file => (long)file.EndOffset));
            }
        }
    }

    /// <summary>The bytes of <see cref="Size"/> by destination. Any thread.</summary>
    public IReadOnlyDictionary<ulong, long> BytesByDestination()
    {
        var bytes = new Dictionary<ulong, long>();
        lock (_lock)
        {
            foreach (SegmentFile file in _files.Values)
            {
                bytes[file.DestinationId] = bytes.GetValueOrDefault(file.DestinationId) + file.EndOffset;
            }
        }
        return bytes;
    }

    /// <summary>
    /// The highest number that a file has, or ever had as far as this store was told (<see cref="MarkUsed"/>). Numbers
    /// go up from it.
    /// </summary>
    public int LastId
    {
        get
        {
            lock (_lock)
            {
                return _lastId;
            }
        }
    }

    /// <summary>A builder for blocks of this store.</summary>
    public SegmentBlockBuilder NewBuilder() => new(_memory);

    /// <summary>
    /// Writes a block behind the others of its destination. It survives a crash after <see cref="Sync"/>.
    /// </summary>
    /// <exception cref="StorageFullException">No room; nothing is referenced, the same block may be written again
    /// later.</exception>
    /// <exception cref="IOException">The device failed; likewise.</exception>
    public SegmentBlockInfo Write(SegmentBlockBuilder builder)
    {
        SegmentFile file = FileFor(builder.DestinationId, builder.Bytes);
        ReadOnlySpan<byte> block = builder.Finish(file.Id, file.EndOffset, out SegmentBlockInfo info);
        file.Writer ??= _device.Open(file.Name, writable: true);
        file.Writer.Write(info.Offset, block);
        lock (_lock)
        {
            file.Add(info);
        }
        return info;
    }

    /// <summary>Makes what was written for a destination survive a crash.</summary>
    /// <exception cref="IOException">Blocks written since the last sync are lost; they are dropped here
    /// already.</exception>
    public void Sync(ulong destinationId)
    {
        List<SegmentFile> dirty;
        lock (_lock)
        {
            dirty = [.. _files.Values.Where(f => f.DestinationId == destinationId && f.Writer is not null)];
        }
        SyncFiles(dirty);
    }

    /// <summary>Makes everything written survive a crash.</summary>
    /// <exception cref="IOException">As for <see cref="Sync"/>, for the file that failed; call again for the
    /// others.</exception>
    public void SyncAll()
    {
        List<SegmentFile> dirty;
        lock (_lock)
        {
            dirty = [.. _files.Values.Where(f => f.Writer is not null)];
        }
        SyncFiles(dirty);
    }

    /// <summary>Finds bytes in memory without waiting. On success the caller owns a reference to the block.</summary>
    /// <param name="location">The place of the bytes, a message's or inside of one.</param>
    /// <param name="length">How many.</param>
    /// <param name="block">The block; release it after use.</param>
    /// <param name="offset">Where in <see cref="SegmentBlock.Array"/> they begin.</param>
    public bool TryPin(SegmentLocation location, int length, out SegmentBlock block, out int offset)
    {
        offset = 0;
        block = null!;
        if (!TryFind(location, out SegmentBlockInfo info) || !_cache.TryGet(info.SegmentId, info.Offset, out block))
        {
            return false;
        }
        offset = (int)(location.Offset - info.Offset);
        Checks.Require(offset + length <= info.Length);
        return true;
    }

    /// <summary>The live block that holds a place.</summary>
    public bool TryFind(SegmentLocation location, out SegmentBlockInfo info)
    {
        lock (_lock)
        {
            info = default;
            return _files.TryGetValue(location.SegmentId, out SegmentFile? file)
                && file.TryFind(location.Offset, out info);
        }
    }

    /// <summary>The block, from memory or else from the device, checked. Waits. The caller owns a reference.</summary>
    /// <exception cref="StorageDamagedException">The block is missing or not what was written; names file and
    /// offset.</exception>
    /// <exception cref="IOException">The device failed.</exception>
    public SegmentBlock Load(SegmentBlockInfo info)
    {
        if (_cache.TryGet(info.SegmentId, info.Offset, out SegmentBlock block))
        {
            return block;
        }
        PinnedMemory memory = _memory.Rent(info.Length);
        try
        {
            Read(info, memory.Array.AsSpan(0, info.Length));
        }
        catch
        {
            memory.Release();
            throw;
        }
        block = new SegmentBlock(memory, info);
        _cache.Add(block);
        return block;
    }

    /// <summary>
    /// Gives up a block; the file goes with its last one. A recovery that starts from an older state finds the file
    /// missing, which <see cref="Adopt"/> tells: the journal behind that state says that the entries are gone.
    /// </summary>
    /// <exception cref="IOException">The device failed; the file is deleted as unreferenced after the next
    /// restart.</exception>
    public void DropBlock(SegmentBlockInfo info)
    {
        SegmentFile? empty = null;
        lock (_lock)
        {
            if (_files.TryGetValue(info.SegmentId, out SegmentFile? file) && file.Remove(info.Offset)
                && file.BlockCount == 0)
            {
                empty = file;
                Forget(file);
            }
        }
        _cache.Remove(info.SegmentId, info.Offset);
        if (empty is not null)
        {
            _device.Delete(empty.Name);
        }
    }

    /// <summary>Gives up every block of a destination.</summary>
    /// <exception cref="IOException">The device failed; files left over are deleted after the next restart.</exception>
    public void DeleteDestination(ulong destinationId)
    {
        List<SegmentFile> files;
        lock (_lock)
        {
            files = [.. _files.Values.Where(f => f.DestinationId == destinationId)];
            files.ForEach(Forget);
        }
        foreach (SegmentFile file in files)
        {
            foreach (SegmentBlockInfo block in file.Blocks)
            {
                _cache.Remove(block.SegmentId, block.Offset);
            }
            _device.Delete(file.Name);
        }
    }

    /// <summary>
    /// After a restart: the number has been given to a file, which may be gone. The caller reports every number that
    /// its journal or snapshot mentions: what they say of the former file must never be true of another one.
    /// </summary>
    public void MarkUsed(int segmentId)
    {
        lock (_lock)
        {
            _lastId = Math.Max(_lastId, segmentId);
        }
    }

    /// <summary>After a restart: the block is live.</summary>
    /// <returns>False when its file is not there; see <see cref="DropBlock"/>.</returns>
    public bool Adopt(SegmentBlockInfo info)
    {
        lock (_lock)
        {
            if (!_files.TryGetValue(info.SegmentId, out SegmentFile? file))
            {
                file = new SegmentFile(info.SegmentId, info.DestinationId);
                if (!_unreferenced.Remove(file.Name))
                {
                    return false;
                }
                _files.Add(file.Id, file);
            }
            file.Add(info);
            return true;
        }
    }

    /// <summary>After a restart, when everything live is adopted: deletes the files that hold none of it.</summary>
    /// <returns>How many.</returns>
    public int DeleteUnreferenced()
    {
        string[] names;
        lock (_lock)
        {
            names = [.. _unreferenced];
            _unreferenced.Clear();
        }
        foreach (string name in names)
        {
            _device.Delete(name);
        }
        return names.Length;
    }

    /// <summary>Closes the files and empties the cache. Syncs nothing.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (SegmentFile file in _files.Values)
            {
                Close(file);
            }
        }
        _cache.Clear();
    }

    private SegmentFile FileFor(ulong destinationId, int bytes)
    {
        SegmentFile file;
        lock (_lock)
        {
            if (_current.TryGetValue(destinationId, out SegmentFile? current)
                && current.EndOffset + bytes <= Math.Min(_options.SegmentBytesMax, SegmentLocation.OffsetMax))
            {
                return current;
            }
            Checks.Require(_lastId < SegmentLocation.SegmentIdMax);
            file = new SegmentFile(++_lastId, destinationId);
        }
        file.Writer = _device.Create(file.Name, 0);
        lock (_lock)
        {
            _files.Add(file.Id, file);
            _current[destinationId] = file;
            _hasNewNames = true;
        }
        return file;
    }

    private void SyncFiles(List<SegmentFile> files)
    {
        bool hasNewNames;
        lock (_lock)
        {
            hasNewNames = _hasNewNames;
            _hasNewNames = false;
        }
        foreach (SegmentFile file in files)
        {
            try
            {
                file.Writer?.Sync();
                file.SyncedOffset = file.EndOffset;
            }
            catch (IOException)
            {
                Distrust(file);
                throw;
            }
            Close(file);
        }
        if (hasNewNames)
        {
            _device.SyncDirectory(StorageNames.SegmentFolder);
        }
    }

    // What was written since the last good sync may or may not be there, so it is not referenced; nor written over.
    private void Distrust(SegmentFile file)
    {
        lock (_lock)
        {
            _hasNewNames = true;
            foreach (SegmentBlockInfo block in file.Blocks.Where(b => b.Offset >= file.SyncedOffset).ToArray())
            {
                file.Remove(block.Offset);
            }
            _current.Remove(file.DestinationId);
            Close(file);
        }
    }

    private void Read(in SegmentBlockInfo info, Span<byte> bytes)
    {
        string name = SegmentFile.NameOf(info.SegmentId, info.DestinationId);
        try
        {
            using IStorageFile file = _device.Open(name, writable: false);
            if (file.Read(info.Offset, bytes) == bytes.Length
                && SegmentFormat.TryReadHeader(bytes, out SegmentBlockInfo found)
                && found == info && SegmentFormat.IsBodyValid(bytes))
            {
                return;
            }
        }
        catch (FileNotFoundException)
        {
            throw new StorageDamagedException($"The segment file {name} is missing.");
        }
        throw new StorageDamagedException(
            $"A segment block is damaged: {info.Length} bytes at offset {info.Offset} of {name}.");
    }

    private void Forget(SegmentFile file)
    {
        _files.Remove(file.Id);
        if (_current.TryGetValue(file.DestinationId, out SegmentFile? current) && current == file)
        {
            _current.Remove(file.DestinationId);
        }
        Close(file);
    }

    private static void Close(SegmentFile file)
    {
        file.Writer?.Dispose();
        file.Writer = null;
    }
}
