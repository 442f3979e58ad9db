using System.Buffers;
using System.Runtime.CompilerServices;
using Posthaste.Core.Messages;
using Posthaste.Primitives;

namespace Posthaste.Core.Queues;

/// <summary>
/// The entries of one level that are in memory: a deque of chunks in sequence order. A chunk holds the slots of
/// <see cref="SlotsPerChunk"/> consecutive sequence numbers; one without live entries goes back to the pool,
/// except the last, which the next append most likely needs. Gaps between chunks are entries that are gone or not in
/// memory.
/// </summary>
internal sealed class EntryChunks
{
    /// <summary>
    /// 384 bytes of slots: the least that an idle queue keeps, and still one pool access per 16 messages.
    /// </summary>
    public const int SlotsPerChunk = 1 << SlotBits;

    private const int SlotBits = 4;
    private const ulong SlotMask = SlotsPerChunk - 1;
    private const int RingLengthMin = 2;

    /// <summary>
    /// Free chunks kept for all queues together: 3.3 MB, enough for 131,072 entries that come and go. The shared pool
    /// of
    /// the runtime keeps 32 a core only, which a single consumer's prefetch exceeds.
    /// </summary>
    private const int ChunksPooledMax = 8_192;

    private static readonly ArrayPool<QueueEntry> Pool =
        ArrayPool<QueueEntry>.Create(SlotsPerChunk, ChunksPooledMax);

    private static readonly QueueEntry VacantSlot = new() { Flags = EntryFlags.Gone };

    // Circular: chunk i is _ring[(_first + i) & (_ring.Length - 1)]; the length is a power of two.
    private Chunk[] _ring = [];
    private int _first;
    private int _count;

    /// <summary>Live entries in all chunks.</summary>
    public long LiveCount { get; private set; }

    /// <summary>The slot of a live entry, or a null reference.</summary>
    public ref QueueEntry Find(ulong seq)
    {
        var index = LowerBound(seq >> SlotBits);
        if (index < _count)
        {
            ref var chunk = ref At(index);
            if (chunk.Number == seq >> SlotBits)
            {
                ref var slot = ref chunk.Slots[seq & SlotMask];
                if (!slot.Is(EntryFlags.Gone))
                {
                    return ref slot;
                }
            }
        }

        return ref Unsafe.NullRef<QueueEntry>();
    }

    /// <summary>
    /// The first live entry from <paramref name="from"/> on that has none of the flags, or a null reference.
    /// </summary>
    public ref QueueEntry Next(ulong from, EntryFlags without, out ulong seq)
    {
        without |= EntryFlags.Gone;
        for (var index = LowerBound(from >> SlotBits); index < _count; index++)
        {
            ref var chunk = ref At(index);
            var slots = chunk.LiveCount == 0 ? [] : chunk.Slots.AsSpan(0, SlotsPerChunk);
            for (var i = chunk.Number == from >> SlotBits ? (int)(from & SlotMask) : 0; i < slots.Length; i++)
            {
                if ((slots[i].Flags & without) == 0)
                {
                    seq = (chunk.Number << SlotBits) | (uint)i;
                    return ref slots[i];
                }
            }
        }

        seq = 0;
        return ref Unsafe.NullRef<QueueEntry>();
    }

    /// <summary>Puts an entry into its slot, which must be vacant.</summary>
    public void Add(ulong seq, in QueueEntry entry)
    {
        ref var chunk = ref Ensure(seq >> SlotBits);
        ref var slot = ref chunk.Slots[seq & SlotMask];
        Checks.Require(slot.Is(EntryFlags.Gone));
        slot = entry;
        chunk.LiveCount++;
        chunk.Oldest[(int)entry.Location.Space] =
            Math.Min(chunk.Oldest[(int)entry.Location.Space], entry.Location.Value);
        LiveCount++;
    }

    /// <summary>Vacates the slot of a live entry.</summary>
    public void Remove(ulong seq)
    {
        var index = LowerBound(seq >> SlotBits);
        ref var chunk = ref At(index);
        chunk.Slots[seq & SlotMask] = VacantSlot;
        LiveCount--;
        if (--chunk.LiveCount == 0 && index != _count - 1)
        {
            Free(index);
        }
    }

    /// <summary>Changes where the bytes of a live entry are.</summary>
    public void Relocate(ulong seq, MessageLocation location)
    {
        ref var chunk = ref At(LowerBound(seq >> SlotBits));
        chunk.Slots[seq & SlotMask].Location = location;
        chunk.Oldest[(int)location.Space] = Math.Min(chunk.Oldest[(int)location.Space], location.Value);
    }

    /// <summary>
    /// Adds live entries located in the space of <paramref name="before"/> and before it, without their counters, until
    /// the list has <paramref name="max"/> items. Chunks that remember having nothing so old are skipped.
    /// </summary>
    public void CollectOlder(byte level, MessageLocation before, List<EvacuationCandidate> into, int max)
    {
        var space = (int)before.Space;
        for (var index = 0; index < _count && into.Count < max; index++)
        {
            ref var chunk = ref At(index);
            if (chunk.Oldest[space] >= before.Value)
            {
                continue;
            }

            var oldest = ulong.MaxValue;
            for (var i = 0; i < SlotsPerChunk && into.Count < max; i++)
            {
                ref var slot = ref chunk.Slots[i];
                if (slot.Is(EntryFlags.Gone) || slot.Location.Space != before.Space)
                {
                    continue;
                }

                oldest = Math.Min(oldest, slot.Location.Value);
                if (slot.Location < before)
                {
                    var seq = (chunk.Number << SlotBits) | (uint)i;
                    into.Add(new EvacuationCandidate(new EntryId(level, seq), slot, default));
                }
            }

            if (into.Count < max)
            {
                chunk.Oldest[space] = oldest;
            }
        }
    }

    /// <summary>
    /// Tells of all live entries in the arena, and of the oldest in the journal. Chunks that remember having nothing of
    /// that are skipped.
    /// </summary>
    /// <returns>Where to go on; null at the end.</returns>
    public ulong? Survey(ulong from, int maxChunks, EntrySurvey into)
    {
        var index = LowerBound(from >> SlotBits);
        for (var end = Math.Min(_count, index + maxChunks); index < end; index++)
        {
            ref var chunk = ref At(index);
            var oldest = into.OldestInJournal?.Value ?? ulong.MaxValue;
            if (chunk.LiveCount == 0
                || (chunk.Oldest[(int)LocationSpace.Journal] >= oldest
                    && chunk.Oldest[(int)LocationSpace.Arena] == ulong.MaxValue))
            {
                continue;
            }

            foreach (ref readonly var slot in chunk.Slots.AsSpan(0, SlotsPerChunk))
            {
                if (slot.Is(EntryFlags.Gone)) continue;
                if (slot.Location.Space == LocationSpace.Arena) into.SeeInArena(in slot);
                else if (slot.Location.Value < oldest && slot.Location.Space == LocationSpace.Journal)
                    (oldest, into.OldestInJournal) = (slot.Location.Value, slot.Location);
            }
        }

        return index < _count ? At(index).Number << SlotBits : null;
    }

    /// <summary>Returns all chunks to the pool.</summary>
    public void Clear()
    {
        for (var index = 0; index < _count; index++)
        {
            Pool.Return(At(index).Slots);
        }

        _ring = [];
        (_first, _count, LiveCount) = (0, 0, 0);
    }

    private ref Chunk At(int index) => ref _ring[(_first + index) & (_ring.Length - 1)];

    /// <summary>
    /// Index of the first chunk with at least this number. Without gaps it is where the difference says.
    /// </summary>
    private int LowerBound(ulong number)
    {
        if (_count == 0 || number <= At(0).Number)
        {
            return 0;
        }

        var guess = number - At(0).Number;
        if (guess < (ulong)_count && At((int)guess).Number == number)
        {
            return (int)guess;
        }

        // Gaps only make numbers larger than their index says: the chunk is at or before the guess.
        var (low, high) = (1, (int)Math.Min((ulong)_count, guess));
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (At(middle).Number < number)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private ref Chunk Ensure(ulong number)
    {
        var index = LowerBound(number);
        if (index < _count && At(index).Number == number)
        {
            return ref At(index);
        }

        if (index == _count && _count > 0 && At(_count - 1).LiveCount == 0)
        {
            Free(--index);
        }

        MakeRoom(index);
        var slots = Pool.Rent(SlotsPerChunk);
        slots.AsSpan(0, SlotsPerChunk).Fill(VacantSlot);
        At(index) = new Chunk(number, slots);
        return ref At(index);
    }

    /// <summary>Opens a gap at the index by moving the shorter side.</summary>
    private void MakeRoom(int index)
    {
        if (_count == _ring.Length)
        {
            var grown = new Chunk[Math.Max(RingLengthMin, _ring.Length * 2)];
            for (var i = 0; i < _count; i++)
            {
                grown[i] = At(i);
            }

            (_ring, _first) = (grown, 0);
        }

        _count++;
        if (index < _count / 2)
        {
            _first = (_first - 1) & (_ring.Length - 1);
            for (var i = 0; i < index; i++)
            {
                At(i) = At(i + 1);
            }
        }
        else
        {
            for (var i = _count - 1; i > index; i--)
            {
                At(i) = At(i - 1);
            }
        }
    }

    private void Free(int index)
    {
        Pool.Return(At(index).Slots);
        if (index < _count / 2)
        {
            for (var i = index; i > 0; i--)
            {
                At(i) = At(i - 1);
            }

            At(0) = default;
            _first = (_first + 1) & (_ring.Length - 1);
        }
        else
        {
            for (var i = index; i < _count - 1; i++)
            {
                At(i) = At(i + 1);
            }

            At(_count - 1) = default;
        }

        _count--;
    }

    private struct Chunk(ulong number, QueueEntry[] slots)
    {
        public readonly ulong Number = number;
        public readonly QueueEntry[] Slots = slots;
        public int LiveCount;
        public OldestBySpace Oldest = OldestBySpace.None;
    }

    /// <summary>
    /// Per location space, a lower bound of the locations in a chunk; it only rises when the chunk is searched.
    /// </summary>
    [InlineArray(3)]
    private struct OldestBySpace
    {
        private ulong _element;

        public static OldestBySpace None
        {
            get
            {
                var none = default(OldestBySpace);
                none[0] = none[1] = none[2] = ulong.MaxValue;
                return none;
            }
        }
    }
}
