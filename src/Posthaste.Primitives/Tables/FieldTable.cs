using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Posthaste.Primitives.Tables;

/// <summary>
/// An immutable table of named, typed values: arguments of queues, exchanges, bindings and consumers, headers, and
/// what peers say about themselves. Keeps the order and the duplicates of the wire; a lookup finds the first.
/// Safe to share between threads.
/// </summary>
[CollectionBuilder(typeof(FieldTable), nameof(Create))]
[SuppressMessage("Naming", "CA1710", Justification = "A field table is the protocol's own term.")]
public sealed class FieldTable : IReadOnlyList<KeyValuePair<string, FieldValue>>, IEquatable<FieldTable>
{
    /// <summary>A key's length on the wire is one octet.</summary>
    public const int KeyBytesMax = 255;

    // Tables have a handful of fields: scanning an array beats hashing and costs no second structure.
    private readonly KeyValuePair<string, FieldValue>[] _fields;

    private FieldTable(KeyValuePair<string, FieldValue>[] fields) => _fields = fields;

    /// <summary>The table without fields.</summary>
    public static FieldTable Empty { get; } = new([]);

    public int Count => _fields.Length;

    public KeyValuePair<string, FieldValue> this[int index] => _fields[index];

    /// <summary>
    /// Makes a table of these fields in this order: <c>FieldTable t = [new("x-max-length", 10)];</c>
    /// </summary>
    /// <exception cref="ArgumentException">A key is longer than <see cref="KeyBytesMax"/> bytes of UTF-8.</exception>
    public static FieldTable Create(ReadOnlySpan<KeyValuePair<string, FieldValue>> fields)
    {
        foreach (var (key, _) in fields)
            RequireKeyFits(key);
        return fields.IsEmpty ? Empty : new(fields.ToArray());
    }

    /// <summary>Whether there is a field with this key.</summary>
    public bool ContainsKey(string key) => TryGetValue(key, out _);

    /// <summary>Finds the first field with exactly this key.</summary>
    public bool TryGetValue(string key, out FieldValue value)
    {
        foreach (var field in _fields)
        {
            if (field.Key == key)
            {
                value = field.Value;
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>Finds an integer of any width; false if the field is absent or of another type.</summary>
    public bool TryGetInt64(string key, out long value)
    {
        value = 0;
        return TryGetValue(key, out var field) && field.TryGetInt64(out value);
    }

    /// <summary>Finds a string; false if the field is absent, of another type or not UTF-8.</summary>
    public bool TryGetString(string key, [NotNullWhen(true)] out string? text)
    {
        text = null;
        return TryGetValue(key, out var field) && field.TryGetString(out text);
    }

    /// <summary>Finds a boolean; false if the field is absent or of another type.</summary>
    public bool TryGetBoolean(string key, out bool value)
    {
        value = false;
        return TryGetValue(key, out var field) && field.TryGetBoolean(out value);
    }

    /// <summary>
    /// This table with the field set: in the place of the first field of that name, else at the end.
    /// </summary>
    public FieldTable With(string key, FieldValue value)
    {
        RequireKeyFits(key);
        var index = System.Array.FindIndex(_fields, field => field.Key == key);
        if (index < 0)
            return new([.. _fields, new(key, value)]);

        KeyValuePair<string, FieldValue>[] fields = [.. _fields];
        fields[index] = new(key, value);
        return new(fields);
    }

    /// <summary>This table without any field of that name.</summary>
    public FieldTable Without(string key) =>
        ContainsKey(key) ? Create(System.Array.FindAll(_fields, field => field.Key != key)) : this;

    /// <summary>
    /// Whether both tables say the same to a broker: the same keys in any order, with values that are
    /// <see cref="FieldValue.EquivalentTo"/> one another. Of duplicate keys only the first counts, as in lookups.
    /// </summary>
    public bool EquivalentTo(FieldTable other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return IsCoveredBy(other) && other.IsCoveredBy(this);
    }

    /// <summary>Exact equality: the same fields in the same order with the same wire types.</summary>
    public bool Equals(FieldTable? other)
    {
        if (ReferenceEquals(this, other))
            return true;
        if (other is null || Count != other.Count)
            return false;
        for (var i = 0; i < Count; i++)
        {
            if (_fields[i].Key != other._fields[i].Key || _fields[i].Value != other._fields[i].Value)
                return false;
        }

        return true;
    }

    public override bool Equals(object? obj) => Equals(obj as FieldTable);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var (key, value) in _fields)
        {
            hash.Add(key, StringComparer.Ordinal);
            hash.Add(value);
        }

        return hash.ToHashCode();
    }

    public override string ToString() =>
        $"{{{string.Join(", ", _fields.Select(field => $"{field.Key}: {field.Value}"))}}}";

    public IEnumerator<KeyValuePair<string, FieldValue>> GetEnumerator() => _fields.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _fields.GetEnumerator();

    /// <summary>Wraps an array that nobody else will change, with keys that came off a wire and so fit one.</summary>
    internal static FieldTable FromOwned(KeyValuePair<string, FieldValue>[] fields) => new(fields);

    private bool IsCoveredBy(FieldTable other)
    {
        foreach (var (key, _) in _fields)
        {
            if (!TryGetValue(key, out var mine)
                || !other.TryGetValue(key, out var theirs)
                || !mine.EquivalentTo(theirs))
            {
                return false;
            }
        }

        return true;
    }

    private static void RequireKeyFits(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (System.Text.Encoding.UTF8.GetByteCount(key) > KeyBytesMax)
            throw new ArgumentException($"A field's key has at most {KeyBytesMax} bytes.", nameof(key));
    }
}
