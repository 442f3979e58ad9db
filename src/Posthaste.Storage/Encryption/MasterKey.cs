using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Posthaste.Storage.Devices;

namespace Posthaste.Storage.Encryption;

/// <summary>
/// The key that a data directory is opened with. It encrypts nothing but the directory's own key, so another one can
/// take its place without the data being written again. Immutable; any thread.
/// </summary>
public sealed class MasterKey
{
    /// <summary>Bytes of a key.</summary>
    public const int Bytes = 32;

    private const int FileBytesMax = 4096;
    private readonly byte[] _key;

    private MasterKey(byte[] key) => _key = key;

    /// <summary>
    /// Reads a key file: 64 hexadecimal digits, white space around them; <c>openssl rand -hex 32</c> makes them.
    /// </summary>
    /// <exception cref="StorageException">It is not there, can't be read, or holds something else.</exception>
    public static MasterKey Read(string path)
    {
        string text;
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read);
            var bytes = new byte[FileBytesMax];
            text = Encoding.ASCII.GetString(bytes, 0, file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"The key file {path} can't be read: {e.Message}", e);
        }
        return TryParse(text) ?? throw new StorageException(
            $"The key file {path} holds no key: it has to be {2 * Bytes} hexadecimal digits and nothing else. "
            + "'openssl rand -hex 32' makes such a key.");
    }

    /// <summary>The key that 64 hexadecimal digits are; null when the text is none.</summary>
    public static MasterKey? TryParse(string text)
    {
        text = text.Trim();
        var key = new byte[Bytes];
        return text.Length == 2 * Bytes && Convert.FromHexString(text, key, out _, out _) == OperationStatus.Done
            ? new MasterKey(key)
            : null;
    }

    /// <summary>Encrypts a directory's key for keeping (AES-256-GCM).</summary>
    internal WrappedKey Wrap(ReadOnlySpan<byte> dataKey, ulong directoryId, Action<Span<byte>> fillRandom)
    {
        var wrapped = WrappedKey.Empty();
        fillRandom(wrapped.Nonce);
        using var gcm = new AesGcm(_key, wrapped.Tag.Length);
        gcm.Encrypt(wrapped.Nonce, dataKey, wrapped.Encrypted, wrapped.Tag, Associated(directoryId));
        return wrapped;
    }

    /// <summary>The directory's key; null when this is not the key that it was wrapped with.</summary>
    internal byte[]? TryUnwrap(WrappedKey wrapped, ulong directoryId)
    {
        var dataKey = new byte[XtsCipher.KeyBytes];
        using var gcm = new AesGcm(_key, wrapped.Tag.Length);
        try
        {
            gcm.Decrypt(wrapped.Nonce, wrapped.Encrypted, wrapped.Tag, dataKey, Associated(directoryId));
            return dataKey;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    // A key taken over from another directory does not open this one.
    private static byte[] Associated(ulong directoryId) =>
        Encoding.ASCII.GetBytes($"posthaste data key of {directoryId:x16}");
}
