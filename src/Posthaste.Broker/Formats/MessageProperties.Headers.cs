using System.Buffers.Binary;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.Formats;

/// <summary>A header of the canonical form: a name of any length and a value with its exact type.</summary>
public readonly ref struct MessageHeader
{
    internal MessageHeader(ReadOnlySpan<byte> name, FieldView value)
    {
        Name = name;
        Value = value;
    }

    /// <summary>UTF-8. Names may be repeated.</summary>
    public ReadOnlySpan<byte> Name { get; }

    public FieldView Value { get; }
}

/// <summary>
/// The application's headers, in the order of the publisher. Values are kept as a field table encodes them, so that
/// those of AMQP pass through by copying; the headers of other protocols are texts.
/// </summary>
public sealed partial class MessageProperties
{
    private const int FirstHeaders = 8;

    // Headers up to which repeated names are found by comparing all with all.
    private const int ComparedMax = 16;

    private HeaderSlot[] _headers = new HeaderSlot[FirstHeaders];
    private int _headerCount;
    private int[] _buckets = [];

    /// <summary>Headers, each repetition counted.</summary>
    public int HeaderCount => _headerCount;

    /// <summary>The header at a place, from 0.</summary>
    public MessageHeader Header(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, _headerCount);
        ref readonly var slot = ref _headers[index];
        return new(At(slot.Name), new FieldView(slot.Type, At(slot.Data)));
    }

    /// <summary>Adds a header with a text.</summary>
    public void AddHeader(ReadOnlySpan<byte> name, ReadOnlySpan<byte> text) => AddHeader(name, FieldType.String, text);

    /// <summary>Adds a header with a truth.</summary>
    public void AddHeader(ReadOnlySpan<byte> name, bool value) =>
        AddHeader(name, FieldType.Boolean, [value ? (byte)1 : (byte)0]);

    /// <summary>Adds a header with a whole number.</summary>
    public void AddHeader(ReadOnlySpan<byte> name, long value)
    {
        Span<byte> data = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(data, value);
        AddHeader(name, FieldType.Int64, data);
    }

    /// <summary>Adds a header with a value of any type, as a field table encodes it.</summary>
    public void AddHeader(ReadOnlySpan<byte> name, FieldView value) => AddHeader(name, value.Type, value.Data);

    /// <summary>Adds all fields of a table that has been validated.</summary>
    /// <param name="content">Without its 4 byte length.</param>
    public void AddHeaders(ReadOnlySpan<byte> content)
    {
        foreach (var field in new FieldTableReader(content))
            AddHeader(field.Key, field.Value);
    }

    /// <summary>Finds the first header of that name.</summary>
    public bool TryFindHeader(ReadOnlySpan<byte> name, out FieldView value)
    {
        for (var i = 0; i < _headerCount; i++)
        {
            if (At(_headers[i].Name).SequenceEqual(name))
            {
                value = Header(i).Value;
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>Takes all headers of that name out.</summary>
    public void RemoveHeaders(ReadOnlySpan<byte> name)
    {
        var kept = 0;
        for (var i = 0; i < _headerCount; i++)
        {
            if (!At(_headers[i].Name).SequenceEqual(name))
                _headers[kept++] = _headers[i];
        }

        _headerCount = kept;
    }

    /// <summary>
    /// Makes one header of each text in an array of nothing but texts, for a protocol whose names may be repeated: what
    /// <see cref="LinkRepeated"/> is the opposite of. After the last header was added.
    /// </summary>
    public void SpreadArrays()
    {
        var count = _headerCount;
        var i = 0;
        while (i < count && !IsTextArray(Header(i).Value))
            i++;
        if (i == count)
            return;

        // Behind the others first, so that nothing is overwritten before it is read; then to the front.
        for (var from = i; from < count; from++)
            AddSpread(_headers[from]);
        _headers.AsSpan(count, _headerCount - count).CopyTo(_headers.AsSpan(i));
        _headerCount -= count - i;
    }

    private void AddSpread(HeaderSlot slot)
    {
        var value = new FieldView(slot.Type, At(slot.Data));
        if (!IsTextArray(value))
        {
            Add(slot);
            return;
        }

        // What is read from stays in the old array when the buffer grows.
        value.TryGetArray(out var elements);
        foreach (var element in elements)
            Add(slot with { Type = FieldType.String, Data = Keep(element.Data) });
    }

    private static bool IsTextArray(FieldView value)
    {
        if (!value.TryGetArray(out var elements))
            return false;
        var count = 0;
        foreach (var element in elements)
        {
            if (element.Type != FieldType.String)
                return false;
            count++;
        }

        return count > 0;
    }

    /// <summary>
    /// Links headers of the same name, for a protocol whose names are unique: of each name the first one
    /// <see cref="IsFirst"/>, and <see cref="Next"/> goes on from it. After the last header was added.
    /// </summary>
    public void LinkRepeated()
    {
        for (var i = 0; i < _headerCount; i++)
        {
            _headers[i].Next = -1;
            _headers[i].IsRepeated = false;
        }

        if (_headerCount <= ComparedMax)
            LinkByComparing();
        else
            LinkByHashing();
    }

    /// <summary>Whether the header is the first of its name; see <see cref="LinkRepeated"/>.</summary>
    public bool IsFirst(int index) => !_headers[index].IsRepeated;

    /// <summary>The next header of the same name, or -1; see <see cref="LinkRepeated"/>.</summary>
    public int Next(int index) => _headers[index].Next;

    private void AddHeader(ReadOnlySpan<byte> name, FieldType type, ReadOnlySpan<byte> data) =>
        Add(new HeaderSlot { Name = Keep(name), Type = type, Data = Keep(data) });

    private void Add(in HeaderSlot slot)
    {
        if (_headerCount == _headers.Length)
            Array.Resize(ref _headers, _headers.Length * 2);
        _headers[_headerCount++] = slot;
    }

    private void LinkByComparing()
    {
        for (var i = 0; i < _headerCount; i++)
        {
            for (var later = i + 1; later < _headerCount; later++)
            {
                if (!HaveSameName(i, later))
                    continue;
                Link(i, later);
                break;
            }
        }
    }

    // From the last to the first, each bucket holding the earliest header seen of the names that fell into it, probed
    // linearly: a client can put ten thousand headers into one packet. Seeded hashes, so it cannot choose collisions.
    private void LinkByHashing()
    {
        var size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)_headerCount * 2);
        if (_buckets.Length < size)
            _buckets = new int[size];
        var buckets = _buckets.AsSpan(0, size);
        buckets.Fill(-1);
        for (var i = _headerCount - 1; i >= 0; i--)
        {
            var hash = default(HashCode);
            hash.AddBytes(At(_headers[i].Name));
            var at = hash.ToHashCode() & (size - 1);
            while (buckets[at] >= 0 && !HaveSameName(buckets[at], i))
                at = (at + 1) & (size - 1);
            if (buckets[at] >= 0)
                Link(i, buckets[at]);
            buckets[at] = i;
        }
    }

    private bool HaveSameName(int one, int other) =>
        At(_headers[one].Name).SequenceEqual(At(_headers[other].Name));

    private void Link(int index, int later)
    {
        _headers[index].Next = later;
        _headers[later].IsRepeated = true;
    }

    private struct HeaderSlot
    {
        public Slice Name;
        public Slice Data;
        public FieldType Type;
        public bool IsRepeated;
        public int Next;
    }
}
