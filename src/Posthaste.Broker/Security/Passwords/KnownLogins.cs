using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Posthaste.Broker.Security.Passwords;

/// <summary>
/// Remembers logins that have succeeded, so that a fleet that reconnects costs microseconds each instead of the
/// password hash's tenths of a second. Any thread.
/// </summary>
/// <remarks>
/// What is kept is a MAC, under a key that never leaves the process, over the password and the hash that it was
/// verified against: it recognises that pair, dies with the process, and means nothing once the password is changed.
/// Wrong passwords are never remembered.
/// </remarks>
internal sealed class KnownLogins
{
    /// <summary>Users remembered; all are forgotten beyond. 10,000: under a mebibyte.</summary>
    private const int CountMax = 10_000;

    private readonly ConcurrentDictionary<string, byte[]> _macs = new(StringComparer.Ordinal);
    private readonly byte[] _key = new byte[32];

    public KnownLogins(Action<Span<byte>> fillRandom) => fillRandom(_key);

    /// <summary>Whether the user has logged in with this password, and the hash is the same since.</summary>
    public bool IsKnown(string user, string password, PasswordHash hash) =>
        _macs.TryGetValue(user, out var known)
        && CryptographicOperations.FixedTimeEquals(known, Mac(password, hash));

    /// <summary>Whether the password matches the hash, by looking; remembered if so.</summary>
    public bool Verify(string user, string password, PasswordHash hash)
    {
        if (!hash.Verify(password)) return false;
        if (_macs.Count >= CountMax) _macs.Clear();
        _macs[user] = Mac(password, hash);
        return true;
    }

    private byte[] Mac(string password, PasswordHash hash) =>
        HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{hash.Algorithm}\0{hash.Text}\0{password}"));
}
