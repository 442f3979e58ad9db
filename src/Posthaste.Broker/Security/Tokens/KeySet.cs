using System.Text.Json;

namespace Posthaste.Broker.Security.Tokens;

/// <summary>The public keys of whoever makes tokens: a JSON Web Key Set (RFC 7517 section 5). Immutable.</summary>
internal sealed class KeySet
{
    /// <summary>Keys of a set at most: a token without `kid` is tried with each that fits.</summary>
    private const int KeysMax = 64;

    public static readonly KeySet Empty = new([], []);

    private readonly IReadOnlyList<VerificationKey> _keys;

    private KeySet(IReadOnlyList<VerificationKey> keys, IReadOnlyList<string> faults)
    {
        _keys = keys;
        Faults = faults;
    }

    public int Count => _keys.Count;

    /// <summary>What is wrong with keys that were left out, for people.</summary>
    public IReadOnlyList<string> Faults { get; }

    /// <exception cref="FormatException">It is no key set, or none with a key in it that signs tokens.</exception>
    public static KeySet Parse(ReadOnlyMemory<byte> json)
    {
        var keys = new List<VerificationKey>();
        var faults = new List<string>();
        try
        {
            using var document = JsonDocument.Parse(json, TokenJson.Options);
            foreach (var entry in document.RootElement.GetProperty("keys").EnumerateArray())
            {
                if (VerificationKey.TryRead(entry, out var key, out var fault)) keys.Add(key);
                else if (fault is not null) faults.Add(fault);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new FormatException($"it is no JSON Web Key Set: {e.Message}", e);
        }

        if (keys.Count > KeysMax) throw new FormatException($"it has {keys.Count} keys; {KeysMax} are read at most");
        return keys.Count > 0
            ? new KeySet(keys, faults)
            : throw new FormatException(string.Join("; ", faults.Prepend("it has no key that signs tokens")));
    }

    /// <summary>Keys that a token may have been signed with: the one that it names; any where it names none.</summary>
    public IEnumerable<VerificationKey> For(string? id, SignatureAlgorithm algorithm) =>
        _keys.Where(key => (id is null || key.Id == id) && key.Fits(algorithm));

    /// <summary>Whether there is a key of this name.</summary>
    public bool Knows(string id) => _keys.Any(key => key.Id == id);
}
