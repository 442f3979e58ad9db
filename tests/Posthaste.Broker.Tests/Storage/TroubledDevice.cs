using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Storage;

/// <summary>Which operations fail on which files, by name; none until somebody says so.</summary>
internal sealed class Troubles
{
    /// <summary>Whether a sync of the file of this name fails.</summary>
    public Predicate<string> FailsSync { get; set; } = static _ => false;

    /// <summary>Whether the file of this name can't be deleted.</summary>
    public Predicate<string> FailsDelete { get; set; } = static _ => false;

    /// <summary>Whether the file of this name can't be read.</summary>
    public Predicate<string> FailsRead { get; set; } = static _ => false;
}

/// <summary>A device with <see cref="Troubles"/>.</summary>
internal sealed class TroubledDevice(IStorageDevice device, Troubles troubles) : IStorageDevice
{
    public string Description => device.Description;

    public long FreeBytes => device.FreeBytes;

    public IStorageFile Create(string name, long preallocatedBytes) =>
        new TroubledFile(troubles, name, device.Create(name, preallocatedBytes));

    public IStorageFile Open(string name, bool writable) =>
        new TroubledFile(troubles, name, device.Open(name, writable));

    public bool Exists(string name) => device.Exists(name);

    public IReadOnlyList<StorageFileInfo> List(string folder) => device.List(folder);

    public void Rename(string from, string to) => device.Rename(from, to);

    public void Delete(string name)
    {
        if (troubles.FailsDelete(name)) throw new IOException($"{name} cannot be deleted (injected).");
        device.Delete(name);
    }

    public void SyncDirectory(string folder) => device.SyncDirectory(folder);

    public IDisposable Lock() => device.Lock();

    public void Dispose() => device.Dispose();

    private sealed class TroubledFile(Troubles troubles, string name, IStorageFile file) : IStorageFile
    {
        public long LengthBytes => file.LengthBytes;

        public void Write(long offset, ReadOnlySpan<ReadOnlyMemory<byte>> buffers) => file.Write(offset, buffers);

        public void Write(long offset, ReadOnlySpan<byte> bytes) => file.Write(offset, bytes);

        public void Sync()
        {
            if (troubles.FailsSync(name)) throw new IOException($"{name} cannot be synced (injected).");
            file.Sync();
        }

        public int Read(long offset, Span<byte> bytes)
        {
            if (troubles.FailsRead(name)) throw new IOException($"{name} cannot be read (injected).");
            return file.Read(offset, bytes);
        }

        public void Dispose() => file.Dispose();
    }
}
