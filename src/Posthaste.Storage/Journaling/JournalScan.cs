using System.Buffers.Binary;

namespace Posthaste.Storage.Journaling;

/// <summary>
/// One pass over a journal: whole batches in order; at the first place without a valid one it tells the end from
/// damage.
/// </summary>
/// <remarks>
/// Only one batch is ever in flight, and the next is written after its sync. So an invalid batch that is followed by a
/// valid header which says "everything before me was durable" was damaged later; without such a header it is the write
/// that a crash interrupted, or the free space behind a clean end.
/// </remarks>
internal sealed class JournalScan(JournalReader reader, IJournalReplay replay)
{
    private const int WindowBytes = 4 * 1024 * 1024;

    private readonly RecoveryReport _report = new();
    private byte[] _window = [];
    private long _windowStart;
    private int _windowBytes;
    private JournalReader.Part? _part;

    public RecoveryReport Run(long from)
    {
        _report.DamageList.AddRange(reader.HeaderDamages);
        long position = from;
        if (reader.Parts.Count > 0 && from <= reader.Parts[0].Header.Base)
        {
            position = BeginAtFirstFile(from);
        }
        _report.StartPosition = position;
        while (true)
        {
            if (TryReadBatch(position, out BatchHeader header, out ReadOnlySpan<byte> batch))
            {
                Deliver(position, header, batch);
                position += header.BatchBytes;
                continue;
            }
            long next = FindNextBatch(position);
            if (next < 0)
            {
                break;
            }
            AddDamage(position, next, "not what had been made durable");
            Salvage(position, next);
            position = next;
        }
        _report.EndPosition = position;
        _report.TornTail = FindTornTail(position);
        return _report;
    }

    // The oldest file may begin with the rest of a batch whose start was recycled; its records still are referenced.
    private long BeginAtFirstFile(long from)
    {
        FileHeader first = reader.Parts[0].Header;
        if (from < first.Base && from > 0)
        {
            string missing = JournalFiles.NameOf(first.Sequence - 1);
            _report.DamageList.Add(new JournalDamage(missing, 0, first.Base - from, from, "the file is missing"));
        }
        long end = Math.Min(first.FirstBatch, reader.LogicalEnd);
        if (from < first.Base && first.Base < end)
        {
            Salvage(first.Base, end);
        }
        return first.FirstBatch;
    }

    private bool TryReadBatch(long position, out BatchHeader header, out ReadOnlySpan<byte> batch)
    {
        batch = default;
        if (!TryReadHeader(position, out header))
        {
            return false;
        }
        if (header.BatchBytes < BatchHeader.Bytes || position + header.BatchBytes > reader.LogicalEnd)
        {
            return false;
        }
        batch = Window(position, checked((int)header.BatchBytes));
        if (batch.Length < header.BatchBytes)
        {
            return false;
        }
        int at = BatchHeader.Bytes;
        while (at < batch.Length)
        {
            int bytes = Validate(batch[at..], position + at);
            if (bytes == 0 || RecordHeader.ReadEpoch(batch[at..]) != (uint)header.Epoch)
            {
                return false;
            }
            at += bytes;
        }
        return true;
    }

    private bool TryReadHeader(long position, out BatchHeader header)
    {
        header = default;
        return PartAt(position) is { } part
            && BatchHeader.TryRead(Window(position, BatchHeader.Bytes), position, part.Header.Salt, out header);
    }

    private int Validate(ReadOnlySpan<byte> data, long position) =>
        PartAt(position) is { } part ? RecordHeader.Validate(data, position, part.Header.Salt) : 0;

    private void Deliver(long position, in BatchHeader header, ReadOnlySpan<byte> batch)
    {
        replay.BeginBatch(new JournalBatchInfo(position, position + header.BatchBytes, header.Number,
            header.UnixTimeMs, header.Epoch, IsSalvaged: false));
        int at = BatchHeader.Bytes;
        while (at < batch.Length)
        {
            at += Visit(batch[at..], position + at);
        }
        replay.EndBatch();
        _report.BatchCount++;
        _report.LastBatchNumber = header.Number;
        _report.LastUnixTimeMs = header.UnixTimeMs;
        _report.LastEpoch = Math.Max(_report.LastEpoch, header.Epoch);
    }

    private int Visit(ReadOnlySpan<byte> record, long position)
    {
        int length = RecordHeader.ReadLength(record);
        byte type = RecordHeader.ReadType(record);
        if (type <= JournalFormat.CallerTypeMax)
        {
            replay.Visit(type, record.Slice(RecordHeader.Bytes, length), position + RecordHeader.Bytes);
            _report.RecordCount++;
        }
        return RecordHeader.BytesWith(length);
    }

    // Walks from record to record; where there is none, on from one possible place to the next until there is.
    private void Salvage(long from, long to)
    {
        replay.BeginBatch(new JournalBatchInfo(from, to, 0, 0, 0, IsSalvaged: true));
        long position = from, damagedFrom = -1;
        while (position < to)
        {
            int bytes = TryReadRecord(position, to);
            if (bytes == 0)
            {
                damagedFrom = damagedFrom < 0 ? position : damagedFrom;
                position += JournalFormat.Alignment;
                continue;
            }
            AddLost(damagedFrom, position);
            damagedFrom = -1;
            long before = _report.RecordCount;
            Visit(Window(position, bytes), position);
            _report.SalvagedCount += _report.RecordCount - before;
            position += bytes;
        }
        AddLost(damagedFrom, to);
        replay.EndBatch();
    }

    private int TryReadRecord(long position, long end)
    {
        int most = (int)Math.Min(end - position, int.MaxValue);
        ReadOnlySpan<byte> data = Window(position, Math.Min(most, RecordHeader.Bytes));
        if (data.Length < RecordHeader.Bytes || BinaryPrimitives.ReadUInt32LittleEndian(data[8..]) is 0 or > 0xFF)
        {
            return 0;
        }
        int length = RecordHeader.ReadLength(data);
        if (length < 0 || length > most - RecordHeader.Bytes)
        {
            return 0;
        }
        int bytes = RecordHeader.BytesWith(length);
        return bytes <= most && Validate(Window(position, bytes), position) == bytes ? bytes : 0;
    }

    /// <summary>The next batch header that proves everything before it to have been durable, or -1.</summary>
    private long FindNextBatch(long position)
    {
        Span<byte> magic = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(magic, BatchHeader.Magic);
        long at = position + JournalFormat.Alignment;
        while (at < reader.LogicalEnd)
        {
            ReadOnlySpan<byte> window = Window(at, (int)Math.Min(WindowBytes, reader.LogicalEnd - at));
            int found = window.IndexOf(magic);
            if (found < 0)
            {
                if (window.Length <= sizeof(ulong))
                {
                    return SkipGap(at) is var next and >= 0 ? FindNextBatch(next - JournalFormat.Alignment) : -1;
                }
                at += Math.Max(JournalFormat.Alignment, (window.Length - sizeof(ulong)) & -JournalFormat.Alignment);
                continue;
            }
            long candidate = at + found - RecordHeader.Bytes;
            if (candidate > position && candidate % JournalFormat.Alignment == 0
                && TryReadHeader(candidate, out BatchHeader header) && header.DurableThrough > position)
            {
                return candidate;
            }
            at = (at + found + JournalFormat.Alignment) & -JournalFormat.Alignment;
        }
        return -1;
    }

    // Where a file is missing the address space has a hole; reading goes on in the file behind it.
    private long SkipGap(long position)
    {
        foreach (JournalReader.Part part in reader.Parts)
        {
            if (part.Header.Base > position)
            {
                return part.Header.Base;
            }
        }
        return -1;
    }

    // Every batch has a record behind its header, so the start of a torn batch shows in either of the two.
    private JournalDamage? FindTornTail(long position)
    {
        if (PartAt(position) is not { } part)
        {
            return null;
        }
        long length = 0;
        if (TryReadHeader(position, out BatchHeader header))
        {
            length = header.Epoch >= _report.LastEpoch ? header.BatchBytes : 0;
        }
        else
        {
            long at = position + BatchHeader.Bytes;
            int bytes;
            while ((bytes = TryReadRecord(at, reader.LogicalEnd)) > 0
                && RecordHeader.ReadEpoch(Window(at, RecordHeader.Bytes)) >= (uint)_report.LastEpoch)
            {
                at += bytes;
                length = at - position;
            }
        }
        return length == 0 ? null : new JournalDamage(
            part.Name, part.OffsetOf(position), length, position, "the last batch is not complete");
    }

    private void AddLost(long from, long to)
    {
        if (from >= 0)
        {
            AddDamage(from, to, "no valid record");
        }
    }

    private void AddDamage(long from, long to, string what)
    {
        bool isKnown = reader.TryLocate(from, out string file, out long offset);
        _report.DamageList.Add(new JournalDamage(isKnown ? file : "", offset, to - from, from, what));
    }

    private JournalReader.Part? PartAt(long position)
    {
        if (_part is null || position < _part.Header.Base || position >= _part.End)
        {
            _part = reader.PartAt(position);
        }
        return _part;
    }

    /// <summary>Bytes of the journal, read ahead; shorter only where the files end.</summary>
    private ReadOnlySpan<byte> Window(long position, int bytes)
    {
        if (position < _windowStart || position + bytes > _windowStart + _windowBytes)
        {
            Fill(position, bytes);
        }
        int at = (int)(position - _windowStart);
        return _window.AsSpan(at, Math.Min(bytes, _windowBytes - at));
    }

    private void Fill(long position, int bytes)
    {
        int kept = 0;
        if (position >= _windowStart && position < _windowStart + _windowBytes)
        {
            kept = (int)(_windowStart + _windowBytes - position);
        }
        // A window's worth is read ahead, but no more than there is: small journals are opened often, by tests.
        int wanted = Math.Max(bytes, (int)Math.Clamp(reader.LogicalEnd - position, 0, WindowBytes));
        byte[] target = wanted <= _window.Length ? _window : GC.AllocateUninitializedArray<byte>(wanted);
        Buffer.BlockCopy(_window, (int)(position - _windowStart) * Math.Sign(kept), target, 0, kept);
        _window = target;
        _windowStart = position;
        _windowBytes = kept + reader.Read(position + kept, _window.AsSpan(kept));
    }
}
