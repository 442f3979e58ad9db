using Microsoft.Win32.SafeHandles;

namespace Posthaste.Storage.Devices;

/// <summary>
/// A directory of the local file system. Writes are positional and go to the page cache;
/// <see cref="IStorageFile.Sync"/> is <c>fdatasync</c> where there is one. Nothing is buffered here, so killing the
/// process loses nothing written.
/// </summary>
public sealed class FileDevice : IStorageDevice
{
    private const int ZeroChunkBytes = 1024 * 1024;

    // A commit that syncs meanwhile waits behind what is on its way to the disk: a few milliseconds' worth, not a
    // file's.
    private const int ZeroChunksPerSync = 4;

    private static readonly byte[] Zeros = new byte[ZeroChunkBytes];

    private readonly string _root;

    /// <summary>Uses the directory <paramref name="path"/>, which is created with its parents if need be.</summary>
    /// <exception cref="IOException">It cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">Nor may it be.</exception>
    public FileDevice(string path)
    {
        _root = Path.GetFullPath(path);
        Directory.CreateDirectory(_root);
    }

    /// <inheritdoc/>
    public string Description => _root;

    /// <inheritdoc/>
    public long FreeBytes => new DriveInfo(_root).AvailableFreeSpace;

    /// <inheritdoc/>
    public IStorageFile Create(string name, long preallocatedBytes)
    {
        string path = PathOf(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        DiskFile? file = null;
        try
        {
            file = new DiskFile(name, File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, Sharing));
            for (long at = 0; at < preallocatedBytes; at += ZeroChunkBytes)
            {
                file.Write(at, Zeros.AsSpan(0, (int)Math.Min(ZeroChunkBytes, preallocatedBytes - at)));
                if ((at / ZeroChunkBytes + 1) % ZeroChunksPerSync == 0)
                {
                    file.Sync();
                }
            }
            if (preallocatedBytes > 0)
            {
                file.Sync();
            }
            return file;
        }
        catch (IOException e)
        {
            if (file is not null)
            {
                file.Dispose();
                File.Delete(path);
            }
            throw Translate(e, $"creating {name} of {preallocatedBytes} bytes");
        }
    }

    /// <inheritdoc/>
    public IStorageFile Open(string name, bool writable) => new DiskFile(name, File.OpenHandle(
        PathOf(name), FileMode.Open, writable ? FileAccess.ReadWrite : FileAccess.Read, Sharing));

    /// <inheritdoc/>
    public bool Exists(string name) => File.Exists(PathOf(name));

    /// <inheritdoc/>
    public IReadOnlyList<StorageFileInfo> List(string folder)
    {
        var directory = new DirectoryInfo(PathOf(folder));
        if (!directory.Exists)
        {
            return [];
        }
        var files = new List<StorageFileInfo>();
        foreach (FileInfo file in directory.EnumerateFiles())
        {
            files.Add(new StorageFileInfo(folder.Length == 0 ? file.Name : $"{folder}/{file.Name}", file.Length));
        }
        files.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return files;
    }

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        string target = PathOf(to);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.Move(PathOf(from), target, overwrite: true);
    }

    /// <inheritdoc/>
    public void Delete(string name)
    {
        string path = PathOf(name);
        if (File.Exists(path))
        {
            File.Delete(path);
        }
    }

    /// <inheritdoc/>
    public void SyncDirectory(string folder)
    {
        NativeFiles.SyncDirectory(PathOf(folder));
        if (folder.Length > 0)
        {
            // A folder made by the first file in it is itself a name in the top directory.
            NativeFiles.SyncDirectory(_root);
        }
    }

    /// <inheritdoc/>
    public IDisposable Lock()
    {
        try
        {
            // FileShare.None is an advisory flock on Unix: gone with its process, however that ends.
            return new FileStream(PathOf("lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not DirectoryNotFoundException and not FileNotFoundException)
        {
            throw new DataDirectoryInUseException(
                $"The data directory {_root} is in use by another process. "
                + "Stop that broker first, or give this one a directory of its own.", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Files are owned by those who opened them; the directory itself holds no handle.
    }

    internal static IOException Translate(IOException e, string doing) => e switch
    {
        StorageException => e,
        _ when NativeFiles.IsNoSpace(e.HResult) => new StorageFullException($"No space left while {doing}.", e),
        _ => e,
    };

    // Readers of a live directory (data inspect, backups) open the same files.
    private const FileShare Sharing = FileShare.ReadWrite | FileShare.Delete;

    private string PathOf(string name) => Path.Combine(_root, name);

    private sealed class DiskFile(string name, SafeFileHandle handle) : IStorageFile
    {
        public long LengthBytes => RandomAccess.GetLength(handle);

        public void Write(long offset, ReadOnlySpan<ReadOnlyMemory<byte>> buffers)
        {
            // One call a buffer: the journal's buffers are blocks of up to a mebibyte, so that gathering would save
            // nothing measurable, and the gathering overload allocates.
            foreach (ReadOnlyMemory<byte> buffer in buffers)
            {
                Write(offset, buffer.Span);
                offset += buffer.Length;
            }
        }

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            try
            {
                RandomAccess.Write(handle, bytes, offset);
            }
            catch (IOException e)
            {
                throw Translate(e, $"writing {bytes.Length} bytes to {name} at {offset}");
            }
        }

        public void Sync()
        {
            try
            {
                NativeFiles.SyncData(handle);
            }
            catch (IOException e)
            {
                throw Translate(e, $"syncing {name}");
            }
        }

        public int Read(long offset, Span<byte> bytes)
        {
            int total = 0;
            while (total < bytes.Length)
            {
                int read = RandomAccess.Read(handle, bytes[total..], offset + total);
                if (read == 0)
                {
                    break;
                }
                total += read;
            }
            return total;
        }

        public void Dispose() => handle.Dispose();
    }
}
