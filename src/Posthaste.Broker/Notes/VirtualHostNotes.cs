using System.Buffers;
using Posthaste.Broker.Pipeline;
using Posthaste.Broker.Storage;
using Posthaste.Core.Notes;

namespace Posthaste.Broker.Notes;

/// <summary>
/// What protocols have to remember in a virtual host beyond queues and bindings: a durable map from bytes to bytes.
/// Keys begin with something that is the protocol's own.
/// </summary>
/// <remarks>
/// A change takes effect in memory at once and is journaled in the order of effect; <see cref="CommitPipeline.Post"/>
/// after it tells when it is durable. Notes that must hold together with messages and settlements are changed by a
/// <see cref="Transactions.TransactionBuffer"/>. Any thread; the lock is held for copies only, and comes after those
/// of catalog, queues and outputs, before the pipeline's. All is in memory, within
/// <see cref="MessageBrokerOptions.NotesMax"/> and <see cref="MessageBrokerOptions.NotesBytesMax"/>.
/// </remarks>
public sealed class VirtualHostNotes
{
    /// <summary>Notes taken per lock by a walk.</summary>
    private const int BatchCount = 256;

    private readonly Lock _lock = new();
    private readonly NoteMap _map;
    private readonly CommitPipeline _pipeline;
    private readonly uint _hostId;
    private bool _isClosed;

    internal uint HostId => _hostId;

    internal VirtualHostNotes(MessageBroker broker, uint hostId)
    {
        _map = new NoteMap(broker.Options.NotesMax, broker.Options.NotesBytesMax);
        _pipeline = broker.Pipeline;
        _hostId = hostId;
    }

    public int Count
    {
        get
        {
            lock (_lock) return _map.Count;
        }
    }

    /// <summary>What they cost in memory: keys, values, and 48 bytes each.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock) return _map.Bytes;
        }
    }

    /// <summary>Finds a note. Allocates nothing; what is found stays as it is.</summary>
    public bool TryGet(ReadOnlySpan<byte> key, out Note note)
    {
        lock (_lock) return _map.TryGet(key, out note);
    }

    /// <summary>Whether there is a note whose key begins like this.</summary>
    public bool HasAny(ReadOnlySpan<byte> prefix)
    {
        lock (_lock) return _map.HasAny(prefix);
    }

    /// <summary>
    /// The notes whose keys begin with the prefix, in the order of their keys. Those that come or go during the walk
    /// may be seen or not; all others are seen once.
    /// </summary>
    public IEnumerable<Note> WithPrefix(byte[] prefix)
    {
        var batch = new Note[BatchCount];
        for (var count = Read(batch, prefix, after: default); count > 0;)
        {
            for (var i = 0; i < count; i++) yield return batch[i];
            if (count < batch.Length) yield break;
            count = Read(batch, prefix, batch[count - 1].Key);
        }
    }

    /// <summary>Sets a note, instead of what it said so far.</summary>
    /// <returns>Why not; then nothing has changed.</returns>
    public NoteRefusal Set(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        lock (_lock)
        {
            if (_isClosed) return NoteRefusal.Deleted;
            var refusal = _map.Check(key, value.Length);
            if (refusal != NoteRefusal.None) return refusal;
            if (_pipeline.IsFull || !TryRecord(RecordType.NoteSet, key, value)) return NoteRefusal.NotRecorded;
            _map.Set(key, value);
            return NoteRefusal.None;
        }
    }

    /// <summary>Removes a note; nothing happens if there is none.</summary>
    /// <returns>Why not; then nothing has changed.</returns>
    public NoteRefusal Remove(ReadOnlySpan<byte> key)
    {
        lock (_lock)
        {
            if (!_map.TryGet(key, out _)) return NoteRefusal.None;
            if (!TryRecord(RecordType.NoteRemoved, key, default)) return NoteRefusal.NotRecorded;
            _map.Remove(key);
            return NoteRefusal.None;
        }
    }

    /// <summary>Removes every note whose key begins like this, by one small record.</summary>
    /// <returns>Why not; then nothing has changed.</returns>
    public NoteRefusal RemoveAll(ReadOnlySpan<byte> prefix)
    {
        if (NoteMap.CheckKey(prefix) is var refusal and not NoteRefusal.None) return refusal;
        lock (_lock)
        {
            if (!_map.HasAny(prefix)) return NoteRefusal.None;
            if (!TryRecord(RecordType.NotesRemoved, prefix, default)) return NoteRefusal.NotRecorded;
            _map.RemoveAll(prefix);
            return NoteRefusal.None;
        }
    }

    /// <summary>Applies a record while recovering.</summary>
    internal void Restore(RecordType type, ReadOnlySpan<byte> payload)
    {
        var key = NoteRecord.ReadKey(payload);
        lock (_lock)
        {
            if (type == RecordType.NoteSet) _map.Set(key, NoteRecord.ReadValue(payload));
            else if (type == RecordType.NoteRemoved) _map.Remove(key);
            else _map.RemoveAll(key);
        }
    }

    /// <summary>The virtual host is deleted: its notes go, and no more are taken.</summary>
    internal void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            _map.Clear();
        }
    }

    /// <summary>Holds off other changes while a transaction is appended and takes effect.</summary>
    internal Lock.Scope EnterScope() => _lock.EnterScope();

    /// <summary>Holds room for a note of a transaction.</summary>
    internal NoteRefusal Hold(ReadOnlySpan<byte> key, int valueLength)
    {
        lock (_lock) return _isClosed ? NoteRefusal.Deleted : _map.Hold(key, valueLength);
    }

    /// <summary>Gives back what a transaction holds, having set its notes or not.</summary>
    internal void LetGo(NoteChanges changes, bool takeEffect)
    {
        lock (_lock)
        {
            foreach (var change in changes.All)
            {
                var key = changes.Key(in change);
                var value = changes.Value(in change);
                if (!change.IsRemoval) _map.LetGo(key.Length, value.Length);
                if (!takeEffect || _isClosed) continue;
                if (change.IsRemoval) _map.Remove(key);
                else _map.Set(key, value);
            }
        }
    }

    /// <summary>Writes the notes as records that would set them; in batches, so nobody waits long.</summary>
    internal void WriteSnapshot(IBufferWriter<byte> to)
    {
        foreach (var note in WithPrefix([]))
        {
            var fact = new Fact(_hostId, note.Key, note.Value);
            SnapshotContent.WriteRecord(to, RecordType.NoteSet, fact.RecordBytes, fact, Fact.Write);
        }
    }

    private int Read(Note[] into, byte[] prefix, ReadOnlySpan<byte> after)
    {
        lock (_lock) return _map.CopyTo(into, prefix, after);
    }

    private bool TryRecord(RecordType type, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (!_pipeline.HasJournal) return true;
        var fact = new Fact(_hostId, key, value);
        return _pipeline.AppendFact(type, fact.RecordBytes, fact, Fact.Write) > 0;
    }

    private readonly ref struct Fact(uint hostId, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        public static readonly SpanWriter<Fact> Write =
            static (target, fact) => NoteRecord.Write(target, fact._hostId, fact._key, fact._value);

        private readonly uint _hostId = hostId;
        private readonly ReadOnlySpan<byte> _key = key;
        private readonly ReadOnlySpan<byte> _value = value;

        public int RecordBytes => NoteRecord.Size(_key.Length, _value.Length);
    }
}
