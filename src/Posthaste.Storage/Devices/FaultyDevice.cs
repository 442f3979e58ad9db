using Posthaste.Primitives;

namespace Posthaste.Storage.Devices;

/// <summary>
/// Files in memory that behave as badly as real ones may: what is not synced can be lost, torn and reordered by a
/// crash, operations fail, space runs out, synced bits flip. All of it is decided by a seed. For simulation and tests;
/// one thread.
/// </summary>
/// <remarks>
/// A crash keeps each 512-byte sector of unsynced writes as some moment since the last sync had it, independent of
/// other sectors; and of the names created, renamed and deleted since they were synced, the first few. Sectors are
/// atomic and names are ordered, as disks and journaling file systems promise.
/// </remarks>
public sealed class FaultyDevice : IStorageDevice
{
    private readonly SeededRandom _random;
    private readonly SortedDictionary<string, FaultyFile> _names = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, FaultyFile> _durableNames = new(StringComparer.Ordinal);
    private readonly List<NameChange> _nameChanges = [];
    private bool _isLocked;
    private bool _isOff;

    /// <summary>An empty device.</summary>
    public FaultyDevice(ulong seed) : this(new SeededRandom(seed))
    {
    }

    private FaultyDevice(SeededRandom random) => _random = random;

    /// <inheritdoc/>
    public string Description => "faulty memory";

    /// <summary>Bytes that all files together may be long; unlimited by default.</summary>
    public long CapacityBytes { get; set; } = long.MaxValue;

    /// <summary>The chance of each read to fail, 0 by default.</summary>
    public double ReadErrorChance { get; set; }

    /// <summary>The chance of each write to fail with some of it written, 0 by default.</summary>
    public double WriteErrorChance { get; set; }

    /// <summary>The chance of each sync to fail with some of it durable, 0 by default.</summary>
    public double SyncErrorChance { get; set; }

    /// <summary>The power goes off during the change (write, sync, name) with this number; never by default.</summary>
    public long PowerOffAtChange { get; set; } = long.MaxValue;

    /// <summary>Changes begun so far: writes, syncs, and creating, renaming, deleting and syncing names.</summary>
    public long ChangeCount { get; private set; }

    /// <inheritdoc/>
    public long FreeBytes => CapacityBytes == long.MaxValue ? long.MaxValue : Math.Max(0, CapacityBytes - UsedBytes);

    private long UsedBytes => _names.Values.Sum(f => f.Current.LengthBytes);

    /// <summary>
    /// Cuts the power: this device answers nothing any more.
    /// </summary>
    /// <returns>What survived, as a device without faults that goes on with the same random numbers.</returns>
    public FaultyDevice Crash()
    {
        _isOff = true;
        var survivor = new FaultyDevice(_random.Fork()) { CapacityBytes = CapacityBytes };
        int kept = _random.Below(_nameChanges.Count + 1);
        foreach (NameChange change in _nameChanges.Take(kept))
        {
            Apply(_durableNames, change);
        }
        foreach ((string name, FaultyFile file) in _durableNames)
        {
            FaultyFile left = file.Crash(survivor, _random);
            survivor._names.Add(name, left);
            survivor._durableNames.Add(name, left);
        }
        return survivor;
    }

    /// <summary>Flips a bit of a file, for whoever reads it and for good.</summary>
    public void FlipBit(string name, long offset, int bit) => _names[name].FlipBit(offset, bit);

    /// <inheritdoc/>
    public IStorageFile Create(string name, long preallocatedBytes)
    {
        BeginChange();
        if (_names.ContainsKey(name))
        {
            throw new IOException($"The file {name} exists already.");
        }
        Reserve(preallocatedBytes, name);
        var file = new FaultyFile(this);
        file.Current.SetLength(preallocatedBytes);
        file.Durable.SetLength(preallocatedBytes);
        Change(new NameChange(name, file, null));
        return file;
    }

    /// <inheritdoc/>
    public IStorageFile Open(string name, bool writable)
    {
        ThrowIfOff();
        return _names.TryGetValue(name, out FaultyFile? file)
            ? file
            : throw new FileNotFoundException($"There is no file {name}.", name);
    }

    /// <inheritdoc/>
    public bool Exists(string name)
    {
        ThrowIfOff();
        return _names.ContainsKey(name);
    }

    /// <inheritdoc/>
    public IReadOnlyList<StorageFileInfo> List(string folder)
    {
        ThrowIfOff();
        return [.. _names.Where(n => StorageNames.FolderOf(n.Key) == folder)
            .Select(n => new StorageFileInfo(n.Key, n.Value.Current.LengthBytes))];
    }

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        BeginChange();
        if (!_names.TryGetValue(from, out FaultyFile? file))
        {
            throw new FileNotFoundException($"There is no file {from}.", from);
        }
        Change(new NameChange(to, file, from));
    }

    /// <inheritdoc/>
    public void Delete(string name)
    {
        BeginChange();
        if (_names.ContainsKey(name))
        {
            Change(new NameChange(null, null, name));
        }
    }

    /// <inheritdoc/>
    public void SyncDirectory(string folder)
    {
        BeginChange();
        foreach (NameChange change in _nameChanges)
        {
            Apply(_durableNames, change);
        }
        _nameChanges.Clear();
    }

    /// <inheritdoc/>
    public IDisposable Lock()
    {
        ThrowIfOff();
        if (_isLocked)
        {
            throw new DataDirectoryInUseException("The data in memory is in use by another broker in this process.");
        }
        _isLocked = true;
        return new Unlock(this);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // The content lives as long as the object does.
    }

    internal void Read()
    {
        ThrowIfOff();
        if (_random.Chance(ReadErrorChance))
        {
            throw new IOException("Input/output error (injected) on read.");
        }
    }

    internal void Write(FaultyFile file, long offset, ReadOnlySpan<byte> bytes)
    {
        bool isLast = IsLastChange();
        if (isLast || _random.Chance(WriteErrorChance))
        {
            file.Add(offset, bytes[.._random.Below(bytes.Length + 1)]);
            _isOff |= isLast;
            throw new IOException("Input/output error (injected) on write.");
        }
        Reserve(Math.Max(0, offset + bytes.Length - file.Current.LengthBytes), "a file");
        file.Add(offset, bytes);
    }

    internal void Sync(FaultyFile file)
    {
        bool isLast = IsLastChange();
        if (isLast)
        {
            _isOff = true;
            throw PowerIsOff();
        }
        if (_random.Chance(SyncErrorChance))
        {
            // As kernels do: the pages count as clean now, and the next sync will not write them.
            file.LoseSomePending(_random);
            throw new IOException("Input/output error (injected) on sync.");
        }
        file.MakeDurable();
    }

    private void BeginChange()
    {
        if (IsLastChange())
        {
            _isOff = true;
            throw PowerIsOff();
        }
    }

    private bool IsLastChange()
    {
        ThrowIfOff();
        return ++ChangeCount >= PowerOffAtChange;
    }

    private void ThrowIfOff()
    {
        if (_isOff)
        {
            throw PowerIsOff();
        }
    }

    private static IOException PowerIsOff() => new("The power is off (injected).");

    private void Reserve(long bytes, string what)
    {
        if (CapacityBytes != long.MaxValue && UsedBytes + bytes > CapacityBytes)
        {
            throw new StorageFullException($"No space left for {bytes} more bytes of {what} (injected).");
        }
    }

    private void Change(NameChange change)
    {
        Apply(_names, change);
        _nameChanges.Add(change);
    }

    private static void Apply(SortedDictionary<string, FaultyFile> names, NameChange change)
    {
        if (change.Gone is not null)
        {
            names.Remove(change.Gone);
        }
        if (change.Name is not null)
        {
            names[change.Name] = change.File!;
        }
    }

    private sealed record NameChange(string? Name, FaultyFile? File, string? Gone);

    private sealed class Unlock(FaultyDevice device) : IDisposable
    {
        private FaultyDevice? _device = device;

        public void Dispose()
        {
            if (_device is not null)
            {
                _device._isLocked = false;
                _device = null;
            }
        }
    }
}
