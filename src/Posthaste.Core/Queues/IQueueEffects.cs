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

    /// <summary>The consumer has no room now (output buffer, channel-wide credit); it calls <c>QueueMachine.Resume</c> later.</summary>
    ConsumerFull,

    /// <summary>The bytes are not in memory; a load was started and the shell drains the queue again when it is done.</summary>
    NotResident,
}

/// <summary>
/// What a <c>QueueMachine</c> asks of the world around it. Called on the queue's strand, during a command, and
/// must not call back into the machine. The machine has already changed its own state when it calls, except for
/// <see cref="Offer"/>, whose answer decides.
/// </summary>
public interface IQueueEffects
{
    /// <summary>Offers one ready entry to a consumer. On <see cref="OfferResult.Taken"/> the message has been encoded or copied.</summary>
    /// <param name="consumer">Chosen by the machine: has prefetch room, highest priority, its turn.</param>
    /// <param name="id">The entry; the consumer's session settles or returns it by this id unless the consumer is no-ack.</param>
    /// <param name="entry">Location, length, flags (Redelivered as it has to be shown).</param>
    /// <param name="counters">Counters before this delivery.</param>
    OfferResult Offer(QueueConsumer consumer, EntryId id, in QueueEntry entry, EntryCounters counters);

    /// <summary>
    /// The entry has left the queue (acknowledged, delivered no-ack, dropped, purged): journal the settlement if the entry is
    /// persistent, and let go of its bytes. Not called for dead-lettered entries.
    /// </summary>
    void Settled(EntryId id, in QueueEntry entry);

    /// <summary>
    /// The entry has left the queue by dying: the shell makes one record of its settlement here and its append in the targets, or settles
    /// it if nothing takes it. Only called when the settings name a dead-letter exchange.
    /// </summary>
    void DeadLettered(EntryId id, in QueueEntry entry, DeadLetterReason reason, EntryCounters counters);

    /// <summary>The entry came back with these counters: journal them if the entry is persistent.</summary>
    void Returned(EntryId id, in QueueEntry entry, EntryCounters counters);

    /// <summary>
    /// Entries of the level below <paramref name="belowSeq"/> may be delivered from now on once this fact is durable: journal it, and call
    /// <c>QueueMachine.DeliveryMarkDurable</c> when it is. After a crash entries below the mark are shown as redelivered.
    /// Only called for queues that are durable.
    /// </summary>
    void DeliveryMark(byte level, ulong belowSeq);

    /// <summary>The entries of this cold block are needed: load it and call <c>QueueMachine.ColdBlockLoaded</c>.</summary>
    void LoadColdBlock(byte level, in ColdBlock block);

    /// <summary>All entries of a block's range are gone: its bytes in the segment can be dropped.</summary>
    void ColdBlockDropped(byte level, in ColdBlock block);

    /// <summary>Single active consumer changed or a consumer became (in)active. Null for none active.</summary>
    void ActiveConsumerChanged(QueueConsumer? active);
}
