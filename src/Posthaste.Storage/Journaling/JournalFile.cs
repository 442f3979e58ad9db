using Posthaste.Primitives;
using Posthaste.Storage.Devices;

namespace Posthaste.Storage.Journaling;

/// <summary>A journal file as the caller sees it.</summary>
/// <param name="Sequence">Its number; files follow each other without gaps.</param>
/// <param name="Base">The first position in it.</param>
/// <param name="End">The position behind it: where the next file begins, or would.</param>
/// <param name="Bytes">What it takes on the device.</param>
public readonly record struct JournalFileInfo(long Sequence, long Base, long End, long Bytes);

/// <summary>A file on the device that holds, held or will hold a part of the journal.</summary>
internal sealed class JournalFileStore(IStorageFile file, string name, long dataBytes)
{
    public IStorageFile File { get; } = file;

    public string Name { get; set; } = name;

    public long DataBytes { get; } = dataBytes;
}

/// <summary>A part of the address space with its file and the table of its blocks in memory.</summary>
internal sealed class JournalFile(long sequence, long @base, ulong salt, JournalFileStore store)
{
    private readonly JournalBlock?[] _blocks = new JournalBlock?[store.DataBytes / JournalFormat.GranuleBytes];
    private long _end = @base + store.DataBytes;

    public long Sequence { get; } = sequence;

    public long Base { get; } = @base;

    public ulong Salt { get; } = salt;

    public JournalFileStore Store { get; } = store;

    /// <summary>Shortened when a record does not fit into the rest of the file.</summary>
    public long End
    {
        get => Volatile.Read(ref _end);
        set => Volatile.Write(ref _end, value);
    }

    /// <summary>True once the header page and the name are on the device. Committer only.</summary>
    public bool IsAttached { get; set; }

    public JournalFileInfo Info => new(Sequence, Base, End, JournalFormat.FileHeaderBytes + Store.DataBytes);

    public long OffsetOf(long position) => JournalFormat.FileHeaderBytes + (position - Base);

    public JournalBlock? BlockAt(long position) => Volatile.Read(ref _blocks[IndexOf(position)]);

    /// <summary>
    /// Makes a block found at its positions; with <paramref name="replace"/> false only where no appended one is.
    /// Another loaded one gives way: it may end in the middle of the record that this one was loaded for.
    /// </summary>
    public void Publish(JournalBlock block, bool replace)
    {
        // Appended blocks share no granule; a loaded one ends with its last verified record, anywhere in a granule.
        int end = block.IsLoaded ? IndexOf(block.End - 1) + 1 : IndexOf(block.End);
        for (int i = IndexOf(block.Base); i < end; i++)
        {
            if (replace)
            {
                Volatile.Write(ref _blocks[i], block);
            }
            else
            {
                JournalBlock? known = Volatile.Read(ref _blocks[i]);
                if (known is null || known.IsLoaded)
                {
                    Interlocked.CompareExchange(ref _blocks[i], block, known);
                }
            }
        }
    }

    /// <summary>Takes a block out of the table wherever it is still found between two positions.</summary>
    public void Unpublish(JournalBlock block, long from, long to)
    {
        for (int i = IndexOf(from); i <= IndexOf(to - 1); i++)
        {
            Interlocked.CompareExchange(ref _blocks[i], null, block);
        }
    }

    private int IndexOf(long position)
    {
        Checks.Require(position >= Base);
        return (int)((position - Base) / JournalFormat.GranuleBytes);
    }
}
