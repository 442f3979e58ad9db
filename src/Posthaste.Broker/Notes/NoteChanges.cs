using System.Runtime.InteropServices;
using Posthaste.Broker.Storage;
using Posthaste.Core.Notes;

namespace Posthaste.Broker.Notes;

/// <summary>A note that a transaction sets or removes: where its bytes stand among those of the others.</summary>
/// <param name="ValueLength">-1 for a removal.</param>
internal readonly record struct NoteChange(int Offset, int KeyLength, int ValueLength)
{
    public bool IsRemoval => ValueLength < 0;
}

/// <summary>
/// The notes that a transaction sets and removes when it commits. Reused without allocation; owned by the session's
/// reader.
/// </summary>
internal sealed class NoteChanges(VirtualHostNotes notes, uint hostId)
{
    private readonly List<NoteChange> _changes = [];
    private byte[] _bytes = [];
    private int _used;

    public int Count => _changes.Count;

    public ReadOnlySpan<NoteChange> All => CollectionsMarshal.AsSpan(_changes);

    /// <summary>What they take in a compound record.</summary>
    public int RecordBytes { get; private set; }

    public ReadOnlySpan<byte> Key(in NoteChange change) => _bytes.AsSpan(change.Offset, change.KeyLength);

    public ReadOnlySpan<byte> Value(in NoteChange change) =>
        change.IsRemoval ? default : _bytes.AsSpan(change.Offset + change.KeyLength, change.ValueLength);

    public NoteRefusal Set(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var refusal = notes.Hold(key, value.Length);
        if (refusal == NoteRefusal.None) Add(key, value, value.Length);
        return refusal;
    }

    public NoteRefusal Remove(ReadOnlySpan<byte> key)
    {
        var refusal = NoteMap.CheckKey(key);
        if (refusal == NoteRefusal.None) Add(key, default, -1);
        return refusal;
    }

    public Lock.Scope EnterScope() => notes.EnterScope();

    /// <summary>Writes them as parts of a compound record.</summary>
    public void WriteParts(Span<byte> target)
    {
        foreach (var change in All)
        {
            var key = Key(in change);
            var value = Value(in change);
            var size = NoteRecord.Size(key.Length, value.Length);
            var type = change.IsRemoval ? RecordType.NoteRemoved : RecordType.NoteSet;
            target = CompoundRecord.BeginPart(target, type, size);
            NoteRecord.Write(target, hostId, key, value);
            target = target[size..];
        }
    }

    /// <summary>The record is appended, within <see cref="EnterScope"/>: they hold from now on.</summary>
    public void TakeEffect() => End(takeEffect: true);

    /// <summary>Forgets those that have not taken effect.</summary>
    public void Clear() => End(takeEffect: false);

    private void End(bool takeEffect)
    {
        if (Count == 0) return;
        notes.LetGo(this, takeEffect);
        _changes.Clear();
        _used = 0;
        RecordBytes = 0;
    }

    private void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, int valueLength)
    {
        var end = _used + key.Length + value.Length;
        if (end > _bytes.Length) Array.Resize(ref _bytes, Math.Max(end, _bytes.Length * 2));
        key.CopyTo(_bytes.AsSpan(_used));
        value.CopyTo(_bytes.AsSpan(_used + key.Length));
        _changes.Add(new NoteChange(_used, key.Length, valueLength));
        _used = end;
        RecordBytes += CompoundRecord.PartHeaderBytes + NoteRecord.Size(key.Length, value.Length);
    }
}
