using System.Runtime.InteropServices;
using Posthaste.Primitives;

namespace Posthaste.Storage.Journaling;

/// <summary>
/// What becomes durable together: made by <see cref="Journal.Seal"/>, made durable by <see cref="Journal.Commit"/>.
/// </summary>
public readonly struct JournalBatch
{
    internal JournalBatch(SealedBatch content)
    {
        Content = content;
        Start = content.Start;
        End = content.End;
        RecordCount = content.RecordCount;
    }

    /// <summary>The position of its first byte; equals the end of the batch before.</summary>
    public long Start { get; }

    /// <summary>The position behind its last byte; the journal's durable position once it is committed.</summary>
    public long End { get; }

    /// <summary>The caller's records in it, at least one.</summary>
    public int RecordCount { get; }

    internal SealedBatch Content { get; }
}

/// <summary>
/// The pieces of a batch in address order. Written by the appender until sealed, then by the committer.
/// </summary>
internal sealed class SealedBatch
{
    private readonly List<Piece> _pieces = [];

    public long Start { get; private set; }

    public long End { get; private set; }

    public long UnixTimeMs { get; private set; }

    public int RecordCount { get; set; }

    public ReadOnlySpan<Piece> Pieces => CollectionsMarshal.AsSpan(_pieces);

    public void Open(long start)
    {
        Start = start;
        End = start;
    }

    /// <summary>Adds what was appended to a block, and holds the block until the batch is reused.</summary>
    public void Add(JournalBlock block, long from, long to)
    {
        Checks.Require(from == End && to >= from);
        End = to;
        if (to > from)
        {
            block.Retain();
            _pieces.Add(new Piece(block, block.File!, from, (int)(to - from)));
        }
    }

    public void Close(long unixTimeMs) => UnixTimeMs = unixTimeMs;

    /// <summary>Empties the batch for its next use.</summary>
    public void Clear()
    {
        RecordCount = 0;
        foreach (Piece piece in _pieces)
        {
            piece.Block.Release();
        }
        _pieces.Clear();
    }

    internal readonly record struct Piece(JournalBlock Block, JournalFile File, long Position, int Bytes)
    {
        public Span<byte> Span => Block.Span(Position, Bytes);

        public ReadOnlyMemory<byte> Memory => Block.Array.AsMemory(Block.OffsetOf(Position), Bytes);
    }
}
