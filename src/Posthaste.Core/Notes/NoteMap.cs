using Posthaste.Core.Collections;

namespace Posthaste.Core.Notes;

/// <summary>
/// The notes of a virtual host, ordered by key, within bounds. What is on its way (a transaction that will set notes
/// when it commits) holds room ahead, so a commit never finds none. Not thread-safe.
/// </summary>
/// <param name="countMax">Notes at most.</param>
/// <param name="bytesMax">Bytes of keys and values at most, with 48 for each note.</param>
public sealed class NoteMap(long countMax, long bytesMax)
{
    private SortedMap<Note> _notes = new();
    private long _bytes;
    private long _heldCount;
    private long _heldBytes;

    public int Count => _notes.Count;

    /// <summary>What the notes cost in memory.</summary>
    public long Bytes => _bytes;

    public bool TryGet(ReadOnlySpan<byte> key, out Note note) => _notes.TryGet(key, out note);

    /// <summary>Whether a note may be set, in the place of one with the same key or beside the others.</summary>
    public NoteRefusal Check(ReadOnlySpan<byte> key, int valueLength)
    {
        if (CheckKey(key) is var refusal and not NoteRefusal.None) return refusal;
        if (valueLength > Note.ValueBytesMax) return NoteRefusal.ValueLength;
        var (count, bytes) = (1, Note.CostBytes(key.Length, valueLength));
        if (CheckRoom(count, bytes) is var full && full == NoteRefusal.None) return full;

        // Only now: it costs a lookup to know that it takes another's place.
        return TryGet(key, out var known) ? CheckRoom(0, bytes - known.Cost) : full;
    }

    public static NoteRefusal CheckKey(ReadOnlySpan<byte> key) =>
        key.Length is 0 or > Note.KeyBytesMax ? NoteRefusal.KeyLength : NoteRefusal.None;

    /// <summary>Holds room for a note that is to be set later; <see cref="LetGo"/> gives it back.</summary>
    public NoteRefusal Hold(ReadOnlySpan<byte> key, int valueLength)
    {
        var refusal = Check(key, valueLength);
        if (refusal != NoteRefusal.None) return refusal;
        _heldCount++;
        _heldBytes += Note.CostBytes(key.Length, valueLength);
        return refusal;
    }

    /// <summary>Gives back the room held for a note, because it is set now or never.</summary>
    public void LetGo(int keyLength, int valueLength)
    {
        _heldCount--;
        _heldBytes -= Note.CostBytes(keyLength, valueLength);
    }

    /// <summary>Sets a note, whatever the limits say: they are asked before, by <see cref="Check"/>.</summary>
    public void Set(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var note = new Note(key, value);
        _bytes += note.Cost;
        if (_notes.Set(in note, out var replaced)) _bytes -= replaced.Cost;
    }

    /// <returns>Whether there was one.</returns>
    public bool Remove(ReadOnlySpan<byte> key)
    {
        if (!_notes.Remove(key, out var removed)) return false;
        _bytes -= removed.Cost;
        return true;
    }

    /// <summary>Removes all notes whose keys begin like this.</summary>
    /// <returns>How many there were.</returns>
    public int RemoveAll(ReadOnlySpan<byte> prefix)
    {
        var count = 0;
        for (var at = _notes.Seek(prefix); HasPrefix(at, prefix); count++)
        {
            _bytes -= _notes[at].Cost;
            at = _notes.RemoveAt(at);
        }

        return count;
    }

    /// <summary>Removes all notes. What is held stays held until it is let go of.</summary>
    public void Clear()
    {
        _notes = new SortedMap<Note>();
        _bytes = 0;
    }

    public bool HasAny(ReadOnlySpan<byte> prefix) => HasPrefix(_notes.Seek(prefix), prefix);

    /// <summary>Fills in notes whose keys begin with the prefix, in order.</summary>
    /// <param name="after">The last key of the previous batch; empty for the first.</param>
    /// <returns>How many; fewer than there is room for when these are the last.</returns>
    public int CopyTo(Span<Note> into, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> after)
    {
        var at = _notes.Seek(after.IsEmpty ? prefix : after);
        if (!after.IsEmpty && !_notes.IsAtEnd(at) && _notes[at].Key.SequenceEqual(after)) at = _notes.Next(at);
        var count = 0;
        for (; count < into.Length && HasPrefix(at, prefix); at = _notes.Next(at)) into[count++] = _notes[at];
        return count;
    }

    private bool HasPrefix(SortedPosition at, ReadOnlySpan<byte> prefix) =>
        !_notes.IsAtEnd(at) && _notes[at].Key.StartsWith(prefix);

    private NoteRefusal CheckRoom(int count, long bytes)
    {
        if (_notes.Count + _heldCount + count > countMax) return NoteRefusal.TooMany;
        return _bytes + _heldBytes + bytes > bytesMax ? NoteRefusal.TooManyBytes : NoteRefusal.None;
    }
}
