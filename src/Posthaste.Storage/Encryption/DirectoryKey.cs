using System.Security.Cryptography;
using Posthaste.Storage.Devices;

namespace Posthaste.Storage.Encryption;

/// <summary>
/// The key that a directory's files are encrypted with: made with the directory, never changed, kept in the files
/// <c>key</c> and <c>key.copy</c>, wrapped with the master key. Twice, because without it nothing can be read.
/// </summary>
internal static class DirectoryKey
{
    private static readonly string[] Names = [StorageNames.Key, StorageNames.KeyCopy];

    /// <summary>Makes the key of a new directory, durably.</summary>
    public static void Create(
        IStorageDevice device, ulong directoryId, MasterKey master, Action<Span<byte>> fillRandom)
    {
        var key = new byte[XtsCipher.KeyBytes];
        fillRandom(key);
        Write(device, master.Wrap(key, directoryId, fillRandom));
        CryptographicOperations.ZeroMemory(key);
    }

    /// <summary>What a directory that was to be encrypted and never came to be left.</summary>
    public static void DeleteLeftOver(IStorageDevice device)
    {
        foreach (string name in Names) device.Delete(name);
    }

    /// <summary>Unwraps the key.</summary>
    /// <param name="device">The directory.</param>
    /// <param name="directoryId">Its identity.</param>
    /// <param name="master">What it is wrapped with.</param>
    /// <param name="mends">Whether a copy that is gone is written again; the caller has the directory's lock.</param>
    /// <exception cref="StorageException">It is another master key.</exception>
    /// <exception cref="StorageDamagedException">Both copies are gone.</exception>
    public static byte[] Open(IStorageDevice device, ulong directoryId, MasterKey master, bool mends)
    {
        WrappedKey?[] copies = [.. Names.Select(name => TryRead(device, name))];
        if (copies.All(static copy => copy is null))
        {
            throw new StorageDamagedException(
                $"The files {StorageNames.Key} and {StorageNames.KeyCopy} of the data directory {device.Description} "
                + "are missing or damaged, and without them nothing in it can be read. Restore one from a backup.");
        }
        foreach (WrappedKey? copy in copies)
        {
            if (copy is null || master.TryUnwrap(copy, directoryId) is not { } key) continue;
            // Different ones are what a crash leaves while the master key is replaced: whichever is used now is meant.
            if (mends && copies.Any(other => other?.ToString() != copy.ToString())) Write(device, copy);
            return key;
        }
        throw new StorageException(
            $"The data directory {device.Description} is encrypted with another key than the one given.");
    }

    /// <summary>
    /// Puts another master key in the place of the one that opens the directory. The directory is locked by the caller.
    /// From the return on the old one opens nothing; what it has encrypted elsewhere, such as a backup, it still does.
    /// </summary>
    public static void Rewrap(
        IStorageDevice device, ulong directoryId, MasterKey from, MasterKey to, Action<Span<byte>> fillRandom)
    {
        byte[] key = Open(device, directoryId, from, mends: false);
        Write(device, to.Wrap(key, directoryId, fillRandom));
        CryptographicOperations.ZeroMemory(key);
    }

    private static WrappedKey? TryRead(IStorageDevice device, string name) =>
        device.Exists(name) && SealedLine.TryRead(device, name) is { } line ? WrappedKey.TryParse(line) : null;

    private static void Write(IStorageDevice device, WrappedKey wrapped)
    {
        foreach (string name in Names) SealedLine.Replace(device, name, wrapped.ToString());
    }
}
