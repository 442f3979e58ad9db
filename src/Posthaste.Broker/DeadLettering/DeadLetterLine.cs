using Posthaste.Broker.Queues;
using Posthaste.Core.Queues;

namespace Posthaste.Broker.DeadLettering;

/// <summary>
/// The dead of one queue on their way to the dead-letter exchange, and blocks of segments that can be dropped when all
/// before them have gone: strictly in the order in which they left, though some have to wait for their bytes to be
/// read. Any thread, never on a strand but for <see cref="Add"/> and <see cref="IsWaiting"/>.
/// </summary>
internal sealed class DeadLetterLine(BrokerQueue queue, DeadLetterer letterer)
{
    private readonly Lock _lock = new();
    private readonly Queue<Item> _items = new();
    private bool _isMoving;
    private bool _hasLost;

    private readonly record struct Item(DeadLetter? Dead, byte Level, ColdBlock Block);

    /// <summary>Puts what one command let go at the end.</summary>
    public void Add(List<DeadLetter>? dead, List<(byte Level, ColdBlock Block)>? blocks)
    {
        lock (_lock)
        {
            foreach (var letter in dead ?? []) _items.Enqueue(new Item(letter, 0, default));
            foreach (var (level, block) in blocks ?? []) _items.Enqueue(new Item(null, level, block));
        }
    }

    public bool IsEmpty
    {
        get
        {
            lock (_lock) return _items.Count == 0;
        }
    }

    /// <summary>Whether the record that settles the entry is still to be written.</summary>
    public bool IsWaiting(EntryId id)
    {
        lock (_lock) return _items.Any(item => item.Dead?.Id == id);
    }

    /// <summary>Moves on unless somebody does already.</summary>
    public void Move(FlushSet flushes)
    {
        lock (_lock)
        {
            if (_isMoving || _items.Count == 0) return;
            _isMoving = true;
        }

        Continue(flushes);
    }

    /// <summary>
    /// The bytes of the first one can't be read: it stays where it is, not settled, and so do the blocks that it may
    /// lie in.
    /// </summary>
    public void GiveUpFirst()
    {
        lock (_lock)
        {
            _hasLost = true;
            _items.Dequeue();
        }
    }

    /// <summary>Goes on behind a wait for bytes.</summary>
    public void Continue(FlushSet flushes)
    {
        while (true)
        {
            Item item;
            lock (_lock)
            {
                if (!_items.TryPeek(out item))
                {
                    _isMoving = false;
                    return;
                }
            }

            if (item.Dead is { } letter)
            {
                if (!letterer.TryTransfer(queue, this, in letter)) return;
            }
            else if (!_hasLost)
            {
                queue.DropBlock(item.Level, item.Block);
            }

            lock (_lock) _items.Dequeue();
        }
    }
}
