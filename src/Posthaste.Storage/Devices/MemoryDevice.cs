namespace Posthaste.Storage.Devices;

/// <summary>
/// Files in memory, for <c>--memory</c> and for tests: everything is gone with the object, syncing costs nothing.
/// Closing a broker and opening another on the same device finds what was written. Any thread.
/// </summary>
public sealed class MemoryDevice : IStorageDevice
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, MemoryFile> _files = new(StringComparer.Ordinal);
    private long _usedBytes;
    private bool _isLocked;

    /// <summary>Bytes that all files together may be long; unlimited by default. May change at any time.</summary>
    public long CapacityBytes { get; set; } = long.MaxValue;

    /// <inheritdoc/>
    public string Description => "memory";

    /// <inheritdoc/>
    public long FreeBytes
    {
        get
        {
            lock (_lock)
            {
                return CapacityBytes == long.MaxValue ? long.MaxValue : Math.Max(0, CapacityBytes - _usedBytes);
            }
        }
    }

    /// <inheritdoc/>
    public IStorageFile Create(string name, long preallocatedBytes)
    {
        lock (_lock)
        {
            if (_files.ContainsKey(name))
            {
                throw new IOException($"The file {name} exists already.");
            }
            Reserve(preallocatedBytes, name);
            var file = new MemoryFile(this, name);
            file.Bytes.SetLength(preallocatedBytes);
            _files.Add(name, file);
            return new Handle(file);
        }
    }

    /// <inheritdoc/>
    public IStorageFile Open(string name, bool writable)
    {
        lock (_lock)
        {
            return _files.TryGetValue(name, out MemoryFile? file)
                ? new Handle(file)
                : throw new FileNotFoundException($"There is no file {name} in memory.", name);
        }
    }

    /// <inheritdoc/>
    public bool Exists(string name)
    {
        lock (_lock)
        {
            return _files.ContainsKey(name);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<StorageFileInfo> List(string folder)
    {
        lock (_lock)
        {
            var found = new List<StorageFileInfo>();
            foreach ((string name, MemoryFile file) in _files)
            {
                if (StorageNames.FolderOf(name) == folder)
                {
                    found.Add(new StorageFileInfo(name, file.Bytes.LengthBytes));
                }
            }
            return found;
        }
    }

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        lock (_lock)
        {
            if (!_files.Remove(from, out MemoryFile? file))
            {
                throw new FileNotFoundException($"There is no file {from} in memory.", from);
            }
            Forget(to);
            _files.Add(to, file);
        }
    }

    /// <inheritdoc/>
    public void Delete(string name)
    {
        lock (_lock)
        {
            Forget(name);
        }
    }

    /// <inheritdoc/>
    public void SyncDirectory(string folder)
    {
        // Memory has nothing to lose between a write and a sync.
    }

    /// <inheritdoc/>
    public IDisposable Lock()
    {
        lock (_lock)
        {
            if (_isLocked)
            {
                throw new DataDirectoryInUseException(
                    "The data in memory is in use by another broker in this process.");
            }
            _isLocked = true;
            return new Unlock(this);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // The content lives as long as the object does, so that tests can reopen it.
    }

    private void Forget(string name)
    {
        if (_files.Remove(name, out MemoryFile? file))
        {
            _usedBytes -= file.Bytes.LengthBytes;
        }
    }

    private void Reserve(long bytes, string name)
    {
        if (_usedBytes + bytes > CapacityBytes)
        {
            throw new StorageFullException($"No space left in memory for {bytes} more bytes of {name}.");
        }
        _usedBytes += bytes;
    }

    private sealed class MemoryFile(MemoryDevice device, string name)
    {
        public SparseBytes Bytes { get; } = new();

        public Lock Gate => device._lock;

        public void ReserveThrough(long end)
        {
            if (end > Bytes.LengthBytes)
            {
                device.Reserve(end - Bytes.LengthBytes, name);
            }
        }
    }

    private sealed class Handle(MemoryFile file) : IStorageFile
    {
        public long LengthBytes
        {
            get
            {
                lock (file.Gate)
                {
                    return file.Bytes.LengthBytes;
                }
            }
        }

        public void Write(long offset, ReadOnlySpan<ReadOnlyMemory<byte>> buffers)
        {
            foreach (ReadOnlyMemory<byte> buffer in buffers)
            {
                Write(offset, buffer.Span);
                offset += buffer.Length;
            }
        }

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            lock (file.Gate)
            {
                file.ReserveThrough(offset + bytes.Length);
                file.Bytes.Write(offset, bytes);
            }
        }

        public void Sync()
        {
            // Memory has nothing to lose between a write and a sync.
        }

        public int Read(long offset, Span<byte> bytes)
        {
            lock (file.Gate)
            {
                return file.Bytes.Read(offset, bytes);
            }
        }

        public void Dispose()
        {
            // The file belongs to the device.
        }
    }

    private sealed class Unlock(MemoryDevice device) : IDisposable
    {
        private bool _isDone;

        public void Dispose()
        {
            lock (device._lock)
            {
                if (!_isDone)
                {
                    _isDone = true;
                    device._isLocked = false;
                }
            }
        }
    }
}
