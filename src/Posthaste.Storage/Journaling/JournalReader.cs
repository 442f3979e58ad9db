using Posthaste.Storage.Devices;

namespace Posthaste.Storage.Journaling;

/// <summary>
/// A journal opened for reading only, next to nothing running or beside a live broker: the basis of recovery and of
/// <c>data inspect</c>, <c>verify</c> and <c>export</c>. Changes nothing on the device. One thread.
/// </summary>
public sealed class JournalReader : IDisposable
{
    private readonly List<Part> _parts = [];
    private readonly List<string> _leftovers = [];
    private readonly List<string> _unreadable = [];
    private readonly List<JournalDamage> _headerDamages = [];
    private readonly IStorageDevice _device;

    private JournalReader(IStorageDevice device) => _device = device;

    /// <summary>The files, oldest first.</summary>
    public IReadOnlyList<JournalFileInfo> Files => _parts.ConvertAll(
        p => new JournalFileInfo(p.Header.Sequence, p.Header.Base, p.End, p.File.LengthBytes));

    /// <summary>What is wrong with header pages, and which files are missing.</summary>
    public IReadOnlyList<JournalDamage> HeaderDamages => _headerDamages;

    internal IReadOnlyList<Part> Parts => _parts;

    /// <summary>
    /// Files of the journal's folder that hold no part of it: spares, and files that were being recycled.
    /// </summary>
    internal IReadOnlyList<string> Leftovers => _leftovers;

    /// <summary>Files without a valid copy of their header page.</summary>
    internal IReadOnlyList<string> Unreadable => _unreadable;

    internal long LogicalEnd => _parts.Count == 0 ? 0 : _parts[^1].End;

    /// <summary>Opens the journal of a data directory.</summary>
    /// <param name="device">Where it is.</param>
    /// <param name="from">What is needed begins here: a gap in the files before it is no damage.</param>
    /// <exception cref="IOException">The device failed.</exception>
    public static JournalReader Open(IStorageDevice device, long from = 0)
    {
        var reader = new JournalReader(device);
        try
        {
            foreach (StorageFileInfo info in device.List(StorageNames.JournalFolder))
            {
                reader.AddFile(info.Name);
            }
            reader.Connect(from);
            return reader;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>Delivers every record from a position on, which is where a batch begins.</summary>
    /// <param name="from">A batch's start, or anything at or before the first file to read all there is.</param>
    /// <param name="replay">Receives the records.</param>
    /// <exception cref="IOException">The device failed. Nothing is concluded from what could not be read.</exception>
    public RecoveryReport Scan(long from, IJournalReplay replay) => new JournalScan(this, replay).Run(from);

    /// <summary>The file and offset of a position.</summary>
    /// <returns>False when no file holds it.</returns>
    public bool TryLocate(long position, out string file, out long offset)
    {
        foreach (Part part in _parts)
        {
            if (position >= part.Header.Base && position < part.End)
            {
                file = part.Name;
                offset = part.OffsetOf(position);
                return true;
            }
        }
        file = "";
        offset = 0;
        return false;
    }

    /// <summary>Reads the payload of a record and checks it.</summary>
    /// <exception cref="StorageDamagedException">It is not there or not what was written.</exception>
    public byte[] ReadPayload(long payloadPosition, int payloadBytes)
    {
        long start = payloadPosition - RecordHeader.Bytes;
        var record = new byte[RecordHeader.BytesWith(payloadBytes)];
        Part? part = PartAt(start);
        if (part is null || Read(start, record) != record.Length
            || RecordHeader.Validate(record, start, part.Header.Salt) != record.Length
            || RecordHeader.ReadLength(record) != payloadBytes)
        {
            throw new StorageDamagedException($"The record at position {start} of the journal is missing or damaged.");
        }
        return record[RecordHeader.Bytes..(RecordHeader.Bytes + payloadBytes)];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Part part in _parts)
        {
            part.File.Dispose();
        }
        _parts.Clear();
    }

    internal Part? PartAt(long position) =>
        _parts.Find(p => position >= p.Header.Base && position < p.End);

    /// <summary>Reads across file boundaries; fewer bytes only where the files end or leave a gap.</summary>
    internal int Read(long position, Span<byte> bytes)
    {
        int total = 0;
        while (total < bytes.Length && PartAt(position + total) is { } part)
        {
            long at = position + total;
            int count = (int)Math.Min(bytes.Length - total, part.End - at);
            int read = part.File.Read(part.OffsetOf(at), bytes.Slice(total, count));
            total += read;
            if (read < count)
            {
                break;
            }
        }
        return total;
    }

    private void AddFile(string name)
    {
        long sequence = JournalFiles.SequenceOf(name);
        if (sequence == 0)
        {
            _leftovers.Add(name);
            return;
        }
        IStorageFile file = _device.Open(name, writable: false);
        var page = new byte[JournalFormat.FileHeaderBytes];
        int read = file.Read(0, page);
        bool isFirstValid = FileHeader.TryRead(page, out FileHeader header);
        bool isSecondValid = FileHeader.TryRead(page.AsSpan(FileHeader.CopyBytes), out FileHeader second);
        header = isFirstValid ? header : second;
        if (!isFirstValid && !isSecondValid)
        {
            // Attaching syncs the header before the name, so a journal file without one had one.
            _headerDamages.Add(new JournalDamage(name, 0, read, -1, "both copies of the header page are damaged"));
            _unreadable.Add(name);
            file.Dispose();
            return;
        }
        if (header.Sequence != sequence)
        {
            _leftovers.Add(name);
            file.Dispose();
            return;
        }
        if (!isFirstValid || !isSecondValid || header != second)
        {
            long offset = isFirstValid ? FileHeader.CopyBytes : 0;
            _headerDamages.Add(new JournalDamage(
                name, offset, FileHeader.CopyBytes, -1, "one copy of the header page is damaged; the other is used"));
        }
        _parts.Add(new Part(name, file, header));
    }

    // Each file ends where the next begins. Files before a gap that is not needed any more are leftovers of recycling.
    private void Connect(long from)
    {
        _parts.Sort((a, b) => a.Header.Sequence.CompareTo(b.Header.Sequence));
        for (int i = _parts.Count - 1; i > 0; i--)
        {
            Part part = _parts[i], before = _parts[i - 1];
            bool isNext = part.Header.Sequence == before.Header.Sequence + 1
                && part.Header.Base <= before.Header.Base + before.Header.DataBytes;
            if (!isNext && part.Header.Base <= from)
            {
                _leftovers.AddRange(_parts.GetRange(0, i).ConvertAll(p => p.Name));
                _parts.GetRange(0, i).ForEach(p => p.File.Dispose());
                _parts.RemoveRange(0, i);
                return;
            }
            before.End = Math.Min(before.End, part.Header.Base);
            if (!isNext)
            {
                _headerDamages.Add(new JournalDamage(JournalFiles.NameOf(before.Header.Sequence + 1), 0,
                    part.Header.Base - before.End, before.End, "the file is missing or unreadable"));
            }
        }
    }

    internal sealed class Part(string name, IStorageFile file, FileHeader header)
    {
        public string Name { get; } = name;

        public IStorageFile File { get; } = file;

        public FileHeader Header { get; } = header;

        public long End { get; set; } = header.Base + header.DataBytes;

        public long OffsetOf(long position) => JournalFormat.FileHeaderBytes + (position - Header.Base);
    }
}
