using Posthaste.Storage.Devices;

namespace Posthaste.Storage.Journaling;

/// <summary>
/// The files of a journal: those that tile the address space, and the spares prepared for the next rolls.
/// </summary>
/// <remarks>
/// A spare is a file of zeros (or of an earlier use's records, which match no new position). Taking one on the roll
/// only assigns positions; the committer attaches it before the first write: header page, sync, rename, sync of the
/// folder. So whatever is called <c>NNNN.jnl</c> after a crash has a header that was meant for it, or is a leftover.
/// Two spares are wanted: one for the next roll, and a reserve that only settlements get to use when the device is
/// full.
/// </remarks>
internal sealed class JournalFiles(IStorageDevice device, JournalOptions options)
{
    public const int SparesWanted = 2;
    private const string SparePrefix = StorageNames.JournalFolder + "/spare-";

    private readonly Lock _lock = new();
    private readonly Lock _preparing = new();
    private readonly Queue<JournalFileStore> _spares = new();
    private readonly byte[] _headerPage = GC.AllocateArray<byte>(JournalFormat.FileHeaderBytes, pinned: true);
    private JournalFile[] _table = [];
    private long _spareNumber;
    private bool _wasRefusedSpace;

    public JournalFile Tail => Volatile.Read(ref _table)[^1];

    public JournalFile First => Volatile.Read(ref _table)[0];

    public IReadOnlyList<JournalFileInfo> Infos => Array.ConvertAll(Volatile.Read(ref _table), f => f.Info);

    public JournalSpace Space
    {
        get
        {
            lock (_lock)
            {
                return !_wasRefusedSpace || _spares.Count >= SparesWanted ? JournalSpace.Ample
                    : _spares.Count > 0 ? JournalSpace.Low
                    : JournalSpace.Exhausted;
            }
        }
    }

    public static string NameOf(long sequence) => $"{StorageNames.JournalFolder}/{sequence:D16}.jnl";

    public static bool IsSpare(string name) => name.StartsWith(SparePrefix, StringComparison.Ordinal);

    /// <summary>The sequence in a journal file's name, or 0 for other files.</summary>
    public static long SequenceOf(string name) =>
        name.EndsWith(".jnl", StringComparison.Ordinal)
        && long.TryParse(StorageNames.FileOf(name)[..^".jnl".Length], out long sequence) ? sequence : 0;

    /// <summary>The file that holds a position, or null. Any thread, no lock.</summary>
    public JournalFile? Find(long position)
    {
        JournalFile[] table = Volatile.Read(ref _table);
        int low = 0, high = table.Length - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (table[middle].Base <= position)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }
        return table.Length > 0 && position >= table[low].Base && position < table[low].End ? table[low] : null;
    }

    /// <summary>Adds a file found on opening, in order.</summary>
    public void Adopt(JournalFile file)
    {
        file.IsAttached = true;
        Add(file);
    }

    /// <summary>After adopting: makes durable what is written in the files.</summary>
    public void SyncAll()
    {
        foreach (JournalFile file in _table)
        {
            file.Store.File.Sync();
        }
    }

    /// <summary>After adopting: the rest of a file that a record did not fit into is no part of the journal.</summary>
    public void EndEachWhereTheNextBegins()
    {
        for (int i = 1; i < _table.Length; i++)
        {
            _table[i - 1].End = Math.Min(_table[i - 1].End, _table[i].Base);
        }
    }

    /// <summary>Adds a spare found on opening.</summary>
    public void AdoptSpare(string name)
    {
        IStorageFile file = device.Open(name, writable: true);
        if (file.LengthBytes == JournalFormat.FileHeaderBytes + options.FileBytes
            && _spares.Count < options.SpareFilesMax)
        {
            _spares.Enqueue(new JournalFileStore(file, name, options.FileBytes));
        }
        else
        {
            file.Dispose();
            device.Delete(name);
        }
    }

    /// <summary>
    /// Gives a file found on opening a spare's name, so that nothing takes its content for the journal's.
    /// </summary>
    public void Retire(string name)
    {
        string spare = NextSpareName();
        device.Rename(name, spare);
        AdoptSpare(spare);
    }

    /// <summary>The first file of a journal that has none.</summary>
    public void Begin(long position, long sequence, int fileBytes) =>
        Add(new JournalFile(sequence, position, options.Salt, CreateSpare(fileBytes)));

    /// <summary>
    /// Ends the tail file at a position and goes on in a spare, or in a file of the caller's. Appender only.
    /// </summary>
    /// <exception cref="JournalFullException">There is none and no room to make one; nothing changed.</exception>
    public JournalFile Roll(long position, JournalFileStore? own)
    {
        JournalFileStore store = own ?? TakeSpare();
        Tail.End = position;
        var file = new JournalFile(Tail.Sequence + 1, position, options.Salt, store);
        Add(file);
        return file;
    }

    /// <summary>Makes spares until there are as many as wanted. One thread at a time works, others wait.</summary>
    /// <returns>False when the device has no room for that.</returns>
    public bool Prepare(int wanted)
    {
        lock (_preparing)
        {
            while (true)
            {
                lock (_lock)
                {
                    if (_spares.Count >= wanted)
                    {
                        _wasRefusedSpace &= _spares.Count < SparesWanted;
                        return true;
                    }
                }
                try
                {
                    JournalFileStore spare = CreateSpare(options.FileBytes);
                    lock (_lock)
                    {
                        _spares.Enqueue(spare);
                    }
                }
                catch (StorageFullException)
                {
                    lock (_lock)
                    {
                        _wasRefusedSpace = true;
                    }
                    return false;
                }
            }
        }
    }

    /// <summary>A file for one large record. Any thread.</summary>
    /// <exception cref="StorageFullException">The device has no room for it.</exception>
    public JournalFileStore CreateSpare(int dataBytes)
    {
        string name = NextSpareName();
        IStorageFile file = device.Create(name, JournalFormat.FileHeaderBytes + (long)dataBytes);
        return new JournalFileStore(file, name, dataBytes);
    }

    /// <summary>Closes and deletes a file that no position was assigned to.</summary>
    public void Discard(JournalFileStore store)
    {
        store.File.Dispose();
        device.Delete(store.Name);
    }

    /// <summary>Makes a rolled file part of the journal on the device. Committer only.</summary>
    public void Attach(JournalFile file, long firstBatch)
    {
        var header = new FileHeader(
            file.Sequence, file.Base, options.Epoch, file.Store.DataBytes, firstBatch, file.Salt);
        header.Write(_headerPage);
        file.Store.File.Write(0, _headerPage);
        file.Store.File.Sync();
        string name = NameOf(file.Sequence);
        device.Rename(file.Store.Name, name);
        file.Store.Name = name;
        device.SyncDirectory(StorageNames.JournalFolder);
        file.IsAttached = true;
    }

    /// <summary>Takes the files wholly before a position out of the table, the tail excepted.</summary>
    public List<JournalFile> TakeBefore(long position)
    {
        lock (_lock)
        {
            int count = 0;
            while (count < _table.Length - 1 && _table[count].End <= position)
            {
                count++;
            }
            List<JournalFile> taken = [.. _table[..count]];
            Volatile.Write(ref _table, _table[count..]);
            return taken;
        }
    }

    /// <summary>Makes spares of files taken out, or deletes them when there are enough.</summary>
    /// <remarks>
    /// The new names are durable before a spare may be attached: else a power cut while its header is written could
    /// bring back the old name over half a header, which would look like damage.
    /// </remarks>
    public void Recycle(IReadOnlyList<JournalFile> files)
    {
        var renamed = new List<JournalFileStore>();
        foreach (JournalFile file in files)
        {
            JournalFileStore store = file.Store;
            if (store.DataBytes != options.FileBytes || CountSpares() + renamed.Count >= options.SpareFilesMax)
            {
                Discard(store);
                continue;
            }
            string name = NextSpareName();
            device.Rename(store.Name, name);
            store.Name = name;
            renamed.Add(store);
        }
        if (renamed.Count == 0)
        {
            return;
        }
        device.SyncDirectory(StorageNames.JournalFolder);
        lock (_lock)
        {
            renamed.ForEach(_spares.Enqueue);
            _wasRefusedSpace &= _spares.Count < SparesWanted;
        }
    }

    public void CloseAll()
    {
        lock (_lock)
        {
            foreach (JournalFile file in _table)
            {
                file.Store.File.Dispose();
            }
            foreach (JournalFileStore spare in _spares)
            {
                spare.File.Dispose();
            }
            _spares.Clear();
        }
    }

    private int CountSpares()
    {
        lock (_lock)
        {
            return _spares.Count;
        }
    }

    private JournalFileStore TakeSpare()
    {
        // The maintenance thread prepares ahead; only when it is a whole file behind does the roll wait for the device.
        // Once the device refused, finding out whether it still does is the maintenance thread's work, too.
        bool isLate;
        lock (_lock)
        {
            isLate = _spares.Count == 0 && !_wasRefusedSpace;
        }
        if (isLate)
        {
            PrepareLate();
        }
        lock (_lock)
        {
            return _spares.TryDequeue(out JournalFileStore? spare)
                ? spare
                : throw new JournalFullException(
                    $"No room on {device.Description} for another journal file of {options.FileBytes} bytes.");
        }
    }

    // Whoever appends can do nothing about a device that fails now: for them there is no next file. What has been
    // written is not affected, and the maintenance thread will meet the same failure and say so.
    private void PrepareLate()
    {
        try
        {
            Prepare(1);
        }
        catch (IOException e)
        {
            throw new JournalFullException(
                $"The next journal file could not be made on {device.Description}: {e.Message}");
        }
    }

    private void Add(JournalFile file)
    {
        lock (_lock)
        {
            Volatile.Write(ref _table, [.. _table, file]);
        }
    }

    // The epoch keeps the names of this opening apart from those that an earlier one left.
    private string NextSpareName() =>
        $"{SparePrefix}{options.Epoch:x}-{Interlocked.Increment(ref _spareNumber):x}.tmp";
}
