namespace Posthaste.Storage.Devices;

/// <summary>
/// Shows another device and forgets what is written: a broker can recover on it without changing a byte, beside one
/// that runs.
/// </summary>
/// <remarks>
/// Existing files are read from below; writes to them go nowhere. New files have a length and no content; renaming and
/// deleting change the names that are seen here only. It takes no lock: what a running broker does meanwhile looks like
/// a crash at that moment, at worst. One thread at a time.
/// </remarks>
public sealed class ReadOnlyDevice(IStorageDevice below) : IStorageDevice
{
    // What a name stands for here: a file below, or (null) one made here or gone.
    private readonly Dictionary<string, NewFile> _made = [];
    private readonly Dictionary<string, string> _renamed = [];
    private readonly HashSet<string> _gone = [];

    public string Description => below.Description;

    public long FreeBytes => long.MaxValue;

    public IStorageFile Create(string name, long preallocatedBytes)
    {
        _gone.Remove(name);
        return _made[name] = new NewFile { LengthBytes = preallocatedBytes };
    }

    public IStorageFile Open(string name, bool writable)
    {
        if (_made.TryGetValue(name, out var made)) return made;
        if (_gone.Contains(name)) throw new FileNotFoundException($"There is no file {name}.");
        return new FileBelow(below.Open(Below(name), writable: false));
    }

    public bool Exists(string name) => _made.ContainsKey(name) || (!_gone.Contains(name) && below.Exists(Below(name)));

    public IReadOnlyList<StorageFileInfo> List(string folder)
    {
        var files = new SortedDictionary<string, StorageFileInfo>(StringComparer.Ordinal);
        foreach (var file in below.List(folder))
        {
            if (!_gone.Contains(file.Name)) files[file.Name] = file;
        }

        foreach (var (name, original) in _renamed)
        {
            if (FolderOf(name) != folder) continue;
            using var file = below.Open(original, writable: false);
            files[name] = new StorageFileInfo(name, file.LengthBytes);
        }

        foreach (var (name, file) in _made)
        {
            if (FolderOf(name) == folder) files[name] = new StorageFileInfo(name, file.LengthBytes);
        }

        return [.. files.Values];
    }

    public void Rename(string from, string to)
    {
        if (_made.Remove(from, out var made)) _made[to] = made;
        else _renamed[to] = Below(from);
        _renamed.Remove(from);
        _gone.Add(from);
        _gone.Remove(to);
    }

    public void Delete(string name)
    {
        _made.Remove(name);
        _renamed.Remove(name);
        _gone.Add(name);
    }

    public void SyncDirectory(string folder)
    {
    }

    public IDisposable Lock() => new NoLock();

    public void Dispose() => below.Dispose();

    private static string FolderOf(string name) => name.Contains('/') ? name[..name.LastIndexOf('/')] : "";

    private string Below(string name) => _renamed.GetValueOrDefault(name, name);

    private sealed class NoLock : IDisposable
    {
        public void Dispose()
        {
        }
    }

    /// <summary>A file that exists below: read from there, never written.</summary>
    private sealed class FileBelow(IStorageFile file) : IStorageFile
    {
        public long LengthBytes => file.LengthBytes;

        public void Write(long offset, ReadOnlySpan<ReadOnlyMemory<byte>> buffers)
        {
        }

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
        }

        public void Sync()
        {
        }

        public int Read(long offset, Span<byte> bytes) => file.Read(offset, bytes);

        public void Dispose() => file.Dispose();
    }

    /// <summary>A file that exists here only: small ones are kept, so that what was just written can be read.</summary>
    private sealed class NewFile : IStorageFile
    {
        private const int KeptBytesMax = 64 << 10;
        private byte[] _kept = [];

        public long LengthBytes { get; set; }

        public void Write(long offset, ReadOnlySpan<ReadOnlyMemory<byte>> buffers)
        {
            foreach (var buffer in buffers)
            {
                Write(offset, buffer.Span);
                offset += buffer.Length;
            }
        }

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            var end = offset + bytes.Length;
            LengthBytes = Math.Max(LengthBytes, end);
            if (end > KeptBytesMax) return;
            if (_kept.Length < end) Array.Resize(ref _kept, (int)end);
            bytes.CopyTo(_kept.AsSpan((int)offset));
        }

        public void Sync()
        {
        }

        public int Read(long offset, Span<byte> bytes)
        {
            var count = (int)Math.Clamp(LengthBytes - offset, 0, bytes.Length);
            bytes[..count].Clear();
            if (offset < _kept.Length)
                _kept.AsSpan((int)offset, (int)Math.Min(count, _kept.Length - offset)).CopyTo(bytes);
            return count;
        }

        public void Dispose()
        {
        }
    }
}
