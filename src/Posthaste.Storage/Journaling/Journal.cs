using Posthaste.Primitives;
using Posthaste.Storage.Devices;

namespace Posthaste.Storage.Journaling;

/// <summary>
/// The append-only log in which every durable fact is one record, at a position that never changes.
/// </summary>
/// <remarks>
/// Job: append records to memory, make batches of them durable with one write and one sync, find them again by
/// position, replay them after a restart. Payloads are opaque.
/// Threads: <see cref="Append"/>, <see cref="AppendLarge"/> and <see cref="Seal"/> under the caller's lock;
/// <see cref="Commit"/> outside of it on one thread at a time, in the order of sealing; <see cref="PrepareNextFile"/>
/// and <see cref="Recycle"/> on a maintenance thread; everything else anywhere. No thread, timer or clock in here.
/// Memory: two budgets of resident blocks (<see cref="JournalOptions"/>) and what is pending, which the caller bounds
/// by <see cref="PendingBytes"/>.
/// Failure: the first failed write or sync makes the journal read-only for good (<see cref="IsFailed"/>).
/// </remarks>
public sealed partial class Journal : IDisposable
{
    /// <summary>
    /// Payloads up to this size go through <see cref="Append"/>, larger ones through <see cref="RentLarge"/>.
    /// </summary>
    public const int InlinePayloadBytesMax = JournalFormat.InlinePayloadBytesMax;

    /// <summary>The largest payload of one record, 1 GiB.</summary>
    public const int PayloadBytesMax = JournalFormat.PayloadBytesMax;

    /// <summary>The highest record type that callers may use; the lowest is 1.</summary>
    public const byte RecordTypeMax = JournalFormat.CallerTypeMax;

    private readonly JournalOptions _options;
    private readonly JournalFiles _files;
    private readonly BlockResidency _residency;
    private readonly PinnedMemoryPool _memory;
    private readonly JournalObjects _objects;
    private long _durablePosition;
    private JournalFailedException? _failure;

    private Journal(IStorageDevice device, JournalOptions options)
    {
        _options = options;
        _files = new JournalFiles(device, options);
        _residency = new BlockResidency(options.ResidentBytesMax, options.LoadedBytesMax);
        _memory = new PinnedMemoryPool(Math.Max(16 * 1024 * 1024, options.ResidentBytesMax / 4));
        _objects = new JournalObjects(this);
        _open = _objects.RentBatch();
    }

    /// <summary>A new journal file became part of the journal. Raised on the committing thread.</summary>
    public event Action<JournalFileInfo>? FileStarted;

    /// <summary>Everything before this position survives a crash. Any thread.</summary>
    public long DurablePosition => Volatile.Read(ref _durablePosition);

    /// <summary>Where the next record goes. Under the caller's lock.</summary>
    public long TailPosition => _tail;

    /// <summary>Whether something waits to be sealed. Under the caller's lock.</summary>
    public bool HasUnsealed => _open.RecordCount > 0;

    /// <summary>
    /// Bytes appended and not durable yet, sealed or not; callers hold publishers back by it. Any thread.
    /// </summary>
    public long PendingBytes => Volatile.Read(ref _tail) - DurablePosition;

    /// <summary>Bytes of blocks in memory, pending ones included. Any thread.</summary>
    public long ResidentBytes => _residency.Bytes;

    /// <summary>Whether there is room for the next files. Any thread.</summary>
    public JournalSpace Space => _files.Space;

    /// <summary>True after the first failed write or sync. Any thread.</summary>
    public bool IsFailed => Failure is not null;

    /// <summary>Why the journal is read-only, or null. Any thread.</summary>
    public JournalFailedException? Failure => Volatile.Read(ref _failure);

    /// <summary>The files that hold the journal, oldest first, the one that is appended to last. Any thread.</summary>
    public IReadOnlyList<JournalFileInfo> Files => _files.Infos;

    /// <summary>
    /// Prepares the next file and the reserve behind it, so that a roll costs no time and a full device shows as
    /// <see cref="Space"/> before anything fails. Does I/O; call it after every <see cref="FileStarted"/>, and from
    /// time to time while space is low.
    /// </summary>
    /// <returns>False when the device has no room.</returns>
    /// <exception cref="IOException">The device failed otherwise; the journal itself is not affected.</exception>
    public bool PrepareNextFile() => _files.Prepare(JournalFiles.SparesWanted);

    /// <summary>
    /// Gives back the files that lie wholly before a position. Only the caller knows that nothing live is left there
    /// and that no recovery starts there: call it once a snapshot at or behind the position is durable.
    /// </summary>
    /// <returns>The number of files given back.</returns>
    /// <exception cref="IOException">The device failed; what was not given back is left over until the next
    /// opening.</exception>
    public int Recycle(long beforePosition)
    {
        List<JournalFile> files = _files.TakeBefore(Math.Min(beforePosition, DurablePosition));
        if (files.Count > 0)
        {
            _residency.DropBefore(files[^1].End);
            _files.Recycle(files);
        }
        return files.Count;
    }

    /// <summary>
    /// Closes the files. What is pending and not committed is dropped; no other call may be under way.
    /// </summary>
    public void Dispose() => _files.CloseAll();

    internal void Reclaim(JournalBlock block, JournalFileStore? ownStore)
    {
        if (ownStore is not null)
        {
            _files.Discard(ownStore);
        }
        _objects.Return(block);
    }

    private void ThrowIfFailed()
    {
        if (Failure is { } failure)
        {
            throw new JournalFailedException(failure.Message, failure);
        }
    }
}
