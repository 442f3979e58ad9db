using System.Globalization;
using System.Text;
using Posthaste.Primitives;

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
/// The epoch grows by one on every opening and is durable before anything is written with it.
/// </remarks>
public sealed class DataDirectory : IDisposable
{
    /// <summary>The format that this version writes, and the newest that it reads.</summary>
    public const int FormatVersion = 1;

    private readonly IDisposable _lock;

    private DataDirectory(IStorageDevice device, IDisposable @lock, ulong id, long epoch)
    {
        Device = device;
        _lock = @lock;
        Id = id;
        Epoch = epoch;
    }

    /// <summary>The device that the directory lives on.</summary>
    public IStorageDevice Device { get; }

    /// <summary>A number chosen when the directory was made; it salts the journal's checksums.</summary>
    public ulong Id { get; }

    /// <summary>How often the directory has been opened, this time included. Never used twice.</summary>
    public long Epoch { get; }

    /// <summary>Locks the directory, checks its format (or makes a new one) and raises its epoch, durably.</summary>
    /// <param name="device">Where it is.</param>
    /// <param name="newId">The identity of a directory made now: random in production, seeded in a simulation.</param>
    /// <exception cref="DataDirectoryInUseException">Another broker has it.</exception>
    /// <exception cref="DataDirectoryVersionException">A newer version of Posthaste wrote it.</exception>
    /// <exception cref="StorageDamagedException">Its identity cannot be read.</exception>
    public static DataDirectory Open(IStorageDevice device, ulong newId)
    {
        IDisposable held = device.Lock();
        try
        {
            if (!device.Exists(StorageNames.Format))
            {
                RequireNoData(device);
                Replace(device, StorageNames.Format,
                    $"posthaste data directory, format {FormatVersion}, id {newId:x16}");
            }
            ulong id = ReadId(device);
            long epoch = device.Exists(StorageNames.Epoch) ? ReadEpoch(device) + 1 : 1;
            Replace(device, StorageNames.Epoch, $"epoch {epoch}");
            return new DataDirectory(device, held, id, epoch);
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
    public static ulong ReadId(IStorageDevice device)
    {
        if (!device.Exists(StorageNames.Format))
        {
            return 0;
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
            if (words.Length == 3 && words[2].StartsWith("id ", StringComparison.Ordinal)
                && ulong.TryParse(words[2]["id ".Length..], NumberStyles.AllowHexSpecifier, null, out ulong id))
            {
                return id;
            }
        }
        throw Damaged(device, StorageNames.Format);
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

    private static string ReadLine(IStorageDevice device, string name)
    {
        using IStorageFile file = device.Open(name, writable: false);
        var bytes = new byte[256];
        int length = file.Read(0, bytes);
        string text = Encoding.Latin1.GetString(bytes, 0, length);
        int crcAt = text.LastIndexOf(", crc32c ", StringComparison.Ordinal);
        if (crcAt < 0 || text != Sealed(text[..crcAt]))
        {
            throw Damaged(device, name);
        }
        return text[..crcAt];
    }

    private static void Replace(IStorageDevice device, string name, string line)
    {
        string temporary = name + ".new";
        device.Delete(temporary);
        using (IStorageFile file = device.Create(temporary, 0))
        {
            file.Write(0, Encoding.ASCII.GetBytes(Sealed(line)));
            file.Sync();
        }
        device.Rename(temporary, name);
        device.SyncDirectory(StorageNames.Top);
    }

    private static string Sealed(string line) =>
        $"{line}, crc32c {Crc32C.Compute(Encoding.Latin1.GetBytes(line)):x8}\n";

    private static StorageDamagedException Damaged(IStorageDevice device, string name) => new(
        $"The file {name} of the data directory {device.Description} is missing or damaged. "
        + "Restore it from a backup; the rest of the directory has not been touched.");
}
