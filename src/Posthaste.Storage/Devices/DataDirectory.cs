using System.Globalization;
using System.Security.Cryptography;
using Posthaste.Storage.Encryption;

namespace Posthaste.Storage.Devices;

/// <summary>
/// A data directory taken by this process: locked, its format known, its fencing epoch raised. Open it before the
/// journal, dispose of it last. One thread.
/// </summary>
/// <remarks>
/// Two small text files at the top carry the directory's identity; both end with the CRC32C of what precedes it:
/// <code>
/// format   posthaste data directory, format 1, id 9e3779b97f4a7c15, crc32c 1a2b3c4d
/// epoch    epoch 42, crc32c 1a2b3c4d
/// </code>
/// The epoch grows by one on every opening and is durable before anything is written with it. The format of an
/// encrypted directory says <c>, encrypted</c> behind the id; its key is in files of its own
/// (<see cref="DirectoryKey"/>).
/// </remarks>
public sealed class DataDirectory : IDisposable
{
    /// <summary>The format that this version writes, and the newest that it reads.</summary>
    public const int FormatVersion = 1;

    private const string Encrypted = "encrypted";

    private readonly IDisposable _lock;

    private DataDirectory(IStorageDevice device, IDisposable @lock, ulong id, long epoch)
    {
        Device = device;
        _lock = @lock;
        Id = id;
        Epoch = epoch;
    }

    /// <summary>The device that the directory lives on, as who has its key sees it.</summary>
    public IStorageDevice Device { get; }

    /// <summary>A number chosen when the directory was made; it salts the journal's checksums.</summary>
    public ulong Id { get; }

    /// <summary>How often the directory has been opened, this time included. Never used twice.</summary>
    public long Epoch { get; }

    /// <summary>Locks the directory, checks its format (or makes a new one) and raises its epoch, durably.</summary>
    /// <param name="device">Where it is.</param>
    /// <param name="newId">The identity of a directory made now: random in production, seeded in a simulation.</param>
    /// <param name="key">What it is, or is to be, encrypted with; null for not.</param>
    /// <param name="fillRandom">Random bytes for encryption; the system's when null.</param>
    /// <exception cref="DataDirectoryInUseException">Another broker has it.</exception>
    /// <exception cref="DataDirectoryVersionException">A newer version of Posthaste wrote it.</exception>
    /// <exception cref="StorageDamagedException">Its identity cannot be read.</exception>
    /// <exception cref="StorageException">It is encrypted with another key, or not, where one is given.</exception>
    public static DataDirectory Open(
        IStorageDevice device, ulong newId, MasterKey? key = null, Action<Span<byte>>? fillRandom = null)
    {
        fillRandom ??= RandomNumberGenerator.Fill;
        IDisposable held = device.Lock();
        try
        {
            if (!device.Exists(StorageNames.Format))
            {
                RequireNoData(device);
                Create(device, newId, key, fillRandom);
            }
            ulong id = ReadId(device);
            IStorageDevice view = View(device, key, fillRandom, mends: true);
            long epoch = device.Exists(StorageNames.Epoch) ? ReadEpoch(device) + 1 : 1;
            SealedLine.Replace(device, StorageNames.Epoch, $"epoch {epoch}");
            return new DataDirectory(view, held, id, epoch);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Reads the identity of a directory without locking it.</summary>
    /// <returns>Its id; zero when there is no data directory here.</returns>
    /// <exception cref="DataDirectoryVersionException">A newer version of Posthaste wrote it.</exception>
    /// <exception cref="StorageDamagedException">The text is not what was written.</exception>
    public static ulong ReadId(IStorageDevice device) => ReadFormat(device).Id;

    /// <summary>Whether what a directory holds can be read with its key only.</summary>
    /// <exception cref="IOException">As <see cref="ReadId"/>.</exception>
    public static bool IsEncrypted(IStorageDevice device) => ReadFormat(device).IsEncrypted;

    /// <summary>
    /// A directory as who has its key sees it, without locking it; the device itself where none is needed.
    /// </summary>
    /// <exception cref="StorageException">The key is missing, another one, or too much.</exception>
    /// <exception cref="IOException">As <see cref="ReadId"/>.</exception>
    public static IStorageDevice View(IStorageDevice device, MasterKey? key) =>
        View(device, key, RandomNumberGenerator.Fill, mends: false);

    /// <summary>
    /// Makes a new directory on an empty device, without taking it. What a directory with another key is copied to.
    /// </summary>
    /// <exception cref="IOException">The device failed.</exception>
    public static void Create(
        IStorageDevice device, ulong id, MasterKey? key, Action<Span<byte>>? fillRandom = null)
    {
        // The format comes last: a directory that has one is whole.
        if (key is null) DirectoryKey.DeleteLeftOver(device);
        else DirectoryKey.Create(device, id, key, fillRandom ?? RandomNumberGenerator.Fill);
        string encrypted = key is null ? "" : $", {Encrypted}";
        SealedLine.Replace(device, StorageNames.Format,
            $"posthaste data directory, format {FormatVersion}, id {id:x16}{encrypted}");
    }

    /// <summary>
    /// Puts another key in the place of the one that opens an encrypted directory, which nobody has open meanwhile. The
    /// data stays as it is.
    /// </summary>
    /// <exception cref="DataDirectoryInUseException">A broker has it.</exception>
    /// <exception cref="StorageException">It is not encrypted, or with another key.</exception>
    public static void ReplaceKey(IStorageDevice device, MasterKey from, MasterKey to)
    {
        using IDisposable held = device.Lock();
        if (!IsEncrypted(device)) throw NotEncrypted(device);
        DirectoryKey.Rewrap(device, ReadId(device), from, to, RandomNumberGenerator.Fill);
    }

    /// <summary>Reads the epoch without raising it; zero when there is none yet.</summary>
    /// <exception cref="StorageDamagedException">The text is not what was written.</exception>
    public static long ReadEpoch(IStorageDevice device)
    {
        if (!device.Exists(StorageNames.Epoch))
        {
            return 0;
        }
        string line = ReadLine(device, StorageNames.Epoch);
        return line.StartsWith("epoch ", StringComparison.Ordinal)
            && long.TryParse(line["epoch ".Length..], NumberStyles.None, null, out long epoch)
            ? epoch
            : throw Damaged(device, StorageNames.Epoch);
    }

    /// <summary>Gives the directory free for others.</summary>
    public void Dispose() => _lock.Dispose();

    // A directory with data but without its identity lost it; a fresh identity would make the data unreadable.
    private static void RequireNoData(IStorageDevice device)
    {
        if (device.List(StorageNames.JournalFolder).Count + device.List(StorageNames.StateFolder).Count > 0
            || device.Exists(StorageNames.Epoch))
        {
            throw Damaged(device, StorageNames.Format);
        }
    }

    private static IStorageDevice View(
        IStorageDevice device, MasterKey? key, Action<Span<byte>> fillRandom, bool mends)
    {
        if (!IsEncrypted(device)) return key is null ? device : throw NotEncrypted(device);
        if (key is null)
        {
            throw new StorageException(
                $"The data directory {device.Description} is encrypted, and no key is given: name the file that holds "
                + "it (setting EncryptionKeyFile, option --key-file).");
        }
        byte[] dataKey = DirectoryKey.Open(device, ReadId(device), key, mends);
        return new EncryptedDevice(device, dataKey, fillRandom);
    }

    private static (ulong Id, bool IsEncrypted) ReadFormat(IStorageDevice device)
    {
        if (!device.Exists(StorageNames.Format))
        {
            return default;
        }
        const string Start = "posthaste data directory, format ";
        string line = ReadLine(device, StorageNames.Format);
        string[] words = line.Split(", ");
        if (line.StartsWith(Start, StringComparison.Ordinal)
            && int.TryParse(words[1]["format ".Length..], NumberStyles.None, null, out int version))
        {
            if (version > FormatVersion)
            {
                throw new DataDirectoryVersionException(
                    $"The data directory {device.Description} has format {version}, written by a newer version of "
                    + $"Posthaste; this one knows formats up to {FormatVersion}. Start the newer version.");
            }
            bool isEncrypted = words is [_, _, _, Encrypted];
            if ((words.Length == 3 || isEncrypted) && words[2].StartsWith("id ", StringComparison.Ordinal)
                && ulong.TryParse(words[2]["id ".Length..], NumberStyles.AllowHexSpecifier, null, out ulong id))
            {
                return (id, isEncrypted);
            }
        }
        throw Damaged(device, StorageNames.Format);
    }

    private static string ReadLine(IStorageDevice device, string name) =>
        SealedLine.TryRead(device, name) ?? throw Damaged(device, name);

    private static StorageException NotEncrypted(IStorageDevice device) => new(
        $"The data directory {device.Description} is not encrypted, and a key is given. "
        + "'posthaste data backup' with --target-key-file makes an encrypted copy of it.");

    private static StorageDamagedException Damaged(IStorageDevice device, string name) => new(
        $"The file {name} of the data directory {device.Description} is missing or damaged. "
        + "Restore it from a backup; the rest of the directory has not been touched.");
}
