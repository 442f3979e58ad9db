using Posthaste.Primitives;
using Posthaste.Storage.Devices;

namespace Posthaste.Storage.Encryption;

/// <summary>
/// A device whose files are encrypted on the device below. Names and lengths are to be seen there, and the files at the
/// top, which say what the directory is; everything in folders (journal, segments, state, quarantine) is not.
/// </summary>
/// <remarks>
/// It hides content from who has the disk and not the key. It does not prove that the content is what was written:
/// checksums find accidents, and a block that was changed on purpose decrypts to noise that they find; putting an older
/// state of the whole directory back is not found.
/// </remarks>
internal sealed class EncryptedDevice(IStorageDevice below, byte[] keys, Action<Span<byte>> fillRandom) : IStorageDevice
{
    private readonly CipherPool _pool = new(keys);

    public string Description => below.Description;

    public long FreeBytes => below.FreeBytes;

    public IStorageFile Create(string name, long preallocatedBytes)
    {
        if (IsPlain(name)) return below.Create(name, preallocatedBytes);
        var room = preallocatedBytes > 0 ? preallocatedBytes + EncryptedFileHeader.PageBytes : 0;
        var file = below.Create(name, room);
        try
        {
            var encrypted = new EncryptedFile(file, WriteHeader(file), _pool);
            // Zeros below are zeros here, but for a tail.
            if (preallocatedBytes % XtsCipher.BlockBytes is var tail and > 0)
                encrypted.Write(preallocatedBytes - tail, new byte[tail]);
            return encrypted;
        }
        catch (IOException)
        {
            file.Dispose();
            below.Delete(name);
            throw;
        }
    }

    public IStorageFile Open(string name, bool writable)
    {
        var file = below.Open(name, writable);
        if (IsPlain(name)) return file;
        try
        {
            return new EncryptedFile(file, NumberOf(file, name, writable), _pool);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public bool Exists(string name) => below.Exists(name);

    public IReadOnlyList<StorageFileInfo> List(string folder)
    {
        var files = below.List(folder);
        return folder.Length == 0
            ? files
            : [.. files.Select(static file => file with
            {
                LengthBytes = Math.Max(0, file.LengthBytes - EncryptedFileHeader.PageBytes),
            })];
    }

    public void Rename(string from, string to)
    {
        Checks.Require(IsPlain(from) == IsPlain(to));
        below.Rename(from, to);
    }

    public void Delete(string name) => below.Delete(name);

    public void SyncDirectory(string folder) => below.SyncDirectory(folder);

    public IDisposable Lock() => below.Lock();

    public void Dispose()
    {
        _pool.Dispose();
        below.Dispose();
    }

    private static bool IsPlain(string name) => StorageNames.FolderOf(name).Length == 0;

    /// <summary>
    /// The file's number. Without a header it is a file that a crash left before its first sync: nobody relies on what
    /// is in it, and it gets a number now.
    /// </summary>
    private ulong NumberOf(IStorageFile file, string name, bool writable)
    {
        Span<byte> page = stackalloc byte[EncryptedFileHeader.PageBytes];
        page.Clear();
        var read = file.Read(0, page);
        if (EncryptedFileHeader.TryRead(page, out var number)) return number;
        if (page.IndexOfAnyExcept((byte)0) >= 0)
        {
            throw new StorageDamagedException(
                $"The file {name} of the encrypted data directory {Description} has lost its first {read} bytes, "
                + "without which the rest cannot be read. Restore it from a backup.");
        }
        return writable ? WriteHeader(file) : NewNumber();
    }

    private ulong WriteHeader(IStorageFile file)
    {
        var number = NewNumber();
        Span<byte> page = stackalloc byte[EncryptedFileHeader.PageBytes];
        EncryptedFileHeader.Write(page, number);
        file.Write(0, page);
        return number;
    }

    // Random: with a million files the chance that two share one is a few in 10^8, and then equal blocks at equal
    // places of the two would be seen to be equal.
    private ulong NewNumber()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        fillRandom(bytes);
        return BitConverter.ToUInt64(bytes);
    }
}
