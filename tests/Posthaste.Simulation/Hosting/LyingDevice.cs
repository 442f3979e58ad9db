using Posthaste.Storage.Devices;

namespace Posthaste.Simulation.Hosting;

/// <summary>
/// A disk that says that it has synced and has not, as some do. What is lost by it the simulation has to find.
/// </summary>
internal sealed class LyingDevice(IStorageDevice device) : IStorageDevice
{
    public string Description => device.Description;

    public long FreeBytes => device.FreeBytes;

    public IStorageFile Create(string name, long preallocatedBytes) =>
        new LyingFile(device.Create(name, preallocatedBytes));

    public IStorageFile Open(string name, bool writable) => new LyingFile(device.Open(name, writable));

    public bool Exists(string name) => device.Exists(name);

    public IReadOnlyList<StorageFileInfo> List(string folder) => device.List(folder);

    public void Rename(string from, string to) => device.Rename(from, to);

    public void Delete(string name) => device.Delete(name);

    public void SyncDirectory(string folder) => device.SyncDirectory(folder);

    public IDisposable Lock() => device.Lock();

    public void Dispose() => device.Dispose();

    private sealed class LyingFile(IStorageFile file) : IStorageFile
    {
        public long LengthBytes => file.LengthBytes;

        public void Write(long offset, ReadOnlySpan<ReadOnlyMemory<byte>> buffers) => file.Write(offset, buffers);

        public void Write(long offset, ReadOnlySpan<byte> bytes) => file.Write(offset, bytes);

        public void Sync()
        {
            // This is the lie.
        }

        public int Read(long offset, Span<byte> bytes) => file.Read(offset, bytes);

        public void Dispose() => file.Dispose();
    }
}
