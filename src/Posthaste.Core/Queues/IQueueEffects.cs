namespace Posthaste.Core.Queues;

/// <summary>Why a message was dead-lettered; the texts are those of `x-death`. Persisted: grow only.</summary>
public enum DeadLetterReason : byte
{
    Rejected = 1,
    Expired = 2,
    MaxLength = 3,
    DeliveryLimit = 4,
}

/// <summary>How an offered delivery went.</summary>
public enum OfferResult
{
    Taken,

    /// <summary>Taken, and nothing has to be acknowledged: it leaves for good.</summary>
    TakenAndSettled,

    /// <summary>
    /// The consumer has no room now (output buffer, channel-wide credit); it calls <see cref="QueueMachine.Resume"/>
    /// later.
    /// </summary>
    ConsumerFull,

    /// <summary>
    /// The bytes are not in memory; a load was started and the shell drains the queue again when it is done.
    /// </summary>
    NotResident,
}

/// <summary>What became of an entry that died.</summary>
public enum DeadLetterOutcome
{
    /// <summary>
    /// It is on its way to the target. Until the record of that is made it stays, neither ready nor delivered:
    /// <see cref="QueueMachine.Buried"/> or <see cref="QueueMachine.KeepDead"/> says how it went.
    /// </summary>
    Moving,

    /// <summary>
    /// The target cannot take it now (at-least-once): the queue holds it, neither ready nor delivered, and reports its
    /// death again after <see cref="QueueMachine.DeadLetterRetryMs"/>.
    /// </summary>
    KeepTrying,
}

/// <summary>Takes the entries that a queue delivers. Called as <see cref="IQueueEffects"/> is.</summary>
public interface IQueueOffers
{
    /// <summary>
    /// Offers one ready entry to a consumer. On <see cref="OfferResult.Taken"/> the message has been encoded or copied.
    /// </summary>
    /// <param name="consumer">Chosen by the machine: has prefetch room, highest priority, its turn.</param>
    /// <param name="id">
    /// The entry; the consumer's session settles or returns it by this id unless the consumer is no-ack.
    /// </param>
    /// <param name="entry">Location, length, flags (Redelivered as it has to be shown).</param>
    /// <param name="counters">Counters before this delivery.</param>
    OfferResult Offer(QueueConsumer consumer, EntryId id, in QueueEntry entry, EntryCounters counters);
}

/// <summary>
/// What a <see cref="QueueMachine"/> asks of the world around it. Called on the queue's strand, during a command, and
/// must not call back into the machine. The machine has already changed its own state when it calls, except for
/// <see cref="IQueueOffers.Offer"/>, whose answer decides.
/// </summary>
public interface IQueueEffects : IQueueOffers
{
    /// <summary>
    /// The entry has left the queue (acknowledged, delivered no-ack, dropped, purged): journal the settlement if the
    /// entry is persistent, and let go of its bytes. Not called for dead-lettered entries: see
    /// <see cref="QueueMachine.Buried"/>.
    /// </summary>
    void Settled(EntryId id, in QueueEntry entry);

    /// <summary>
    /// Entries of a segment block have left the queue without an index in memory (purged), or had left it before the
    /// block was known: journal the settlement of these consecutive ids. None of them is live any more; some may have
    /// been settled before.
    /// </summary>
    void SettledRange(EntryId first, ulong count);

    /// <summary>
    /// The queue was deleted with this entry in it: let go of its bytes; the deletion of the queue is the only fact.
    /// </summary>
    void Released(in QueueEntry entry);

    /// <summary>
    /// The entry has died: the shell makes one record of its settlement here and its append in the targets, or settles
    /// it if nothing takes it. Only called when the settings name a dead-letter exchange.
    /// </summary>
    DeadLetterOutcome DeadLettered(EntryId id, in QueueEntry entry, DeadLetterReason reason, EntryCounters counters);

    /// <summary>
    /// The entry came back with these counters and is ready, held, or waits until <paramref name="dueMs"/> unless that
    /// is 0: journal it if it is persistent.
    /// </summary>
    void Returned(EntryId id, in QueueEntry entry, EntryCounters counters, long dueMs);

    /// <summary>
    /// Entries of the level below <paramref name="belowSeq"/> may be delivered from now on once this fact is durable:
    /// journal it, and call
    /// <see cref="QueueMachine.DeliveryMarkDurable"/> when it is. After a crash entries below the mark are shown as
    /// redelivered. Only called for queues that are durable.
    /// </summary>
    void DeliveryMark(byte level, ulong belowSeq);

    /// <summary>
    /// The entries of this cold block are needed: load it and call <see cref="QueueMachine.ColdBlockLoaded"/>.
    /// </summary>
    void LoadColdBlock(byte level, in ColdBlock block);

    /// <summary>
    /// All entries of the block are gone and their settlements reported: its bytes in the segment can be dropped as
    /// soon as those settlements are durable (before, a crash would bring the entries back without their bytes). Comes
    /// again in a recovery that replays all that.
    /// </summary>
    void ColdBlockDropped(byte level, in ColdBlock block);
}
