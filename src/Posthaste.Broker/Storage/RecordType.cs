namespace Posthaste.Broker.Storage;

/// <summary>Kinds of journal records. Persisted: grow only, never renumber.</summary>
public enum RecordType : byte
{
    /// <summary>A message and the queues that keep it. See <see cref="PublishRecord"/>.</summary>
    Publish = 1,

    /// <summary>Entries of one queue that have left it. See <see cref="SettleRecord"/>.</summary>
    Settle = 2,

    /// <summary>An exchange, queue, binding or virtual host came or went.</summary>
    Catalog = 3,

    /// <summary>
    /// Several of the above that hold together or not at all: a transaction, a dead-lettering. See <see
    /// cref="CompoundRecord"/>.
    /// </summary>
    Compound = 4,

    /// <summary>How often an entry was delivered so far. See <see cref="ReturnRecord"/>.</summary>
    Counters = 5,

    /// <summary>Entries below it may have been delivered.</summary>
    DeliveryMark = 6,

    /// <summary>A message copied to the journal's tail so that the file that held it can be used again.</summary>
    Forward = 7,

    /// <summary>A block of a segment file now holds entries of a queue.</summary>
    Evacuate = 8,

    /// <summary>
    /// The sequence number of an entry that a replay could not know, since entries without record came before it.
    /// </summary>
    Sequence = 9,

    /// <summary>
    /// Like <see cref="DeliveryMark"/>, and right also when it is lower than an earlier one: written by a clean
    /// shutdown.
    /// </summary>
    ExactDeliveryMark = 10,

    /// <summary>In snapshots only: a queue's state beyond what the journal since then tells.</summary>
    QueueState = 11,

    /// <summary>The broker was shut down in order; nothing follows but a later start.</summary>
    CleanShutdown = 12,

    /// <summary>In snapshots only: the last segment file so far, so that no number is used twice.</summary>
    SegmentsUsed = 13,

    /// <summary>A protocol's note is set. See <see cref="NoteRecord"/>.</summary>
    NoteSet = 14,

    /// <summary>A note is removed.</summary>
    NoteRemoved = 15,

    /// <summary>All notes whose keys begin alike are removed.</summary>
    NotesRemoved = 16,

    /// <summary>A publish that is also retained, or takes away what is. See <see cref="RetainedRecord"/>.</summary>
    Retained = 17,

    /// <summary>
    /// How often an entry was delivered so far, and until when it waits before it is delivered again. See
    /// <see cref="ReturnRecord"/>.
    /// </summary>
    Waits = 18,
}
