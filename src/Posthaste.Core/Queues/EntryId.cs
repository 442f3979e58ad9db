namespace Posthaste.Core.Queues;

/// <summary>
/// Identifies one entry of one queue for as long as the queue lives: the priority level's log that holds it and its
/// sequence number there. Assigned when the entry is appended, in journal order, so a replay assigns the same ones.
/// <code>
///  63      56 55                              0
/// +----------+---------------------------------+
/// | level    | sequence number within the level|
/// +----------+---------------------------------+
/// </code>
/// </summary>
public readonly record struct EntryId(ulong Value)
{
    private const int LevelShift = 56;
    private const ulong SeqMask = (1UL << LevelShift) - 1;

    public EntryId(byte level, ulong seq)
        : this(((ulong)level << LevelShift) | seq)
    {
    }

    /// <summary>Priority level, 0 for queues without priorities.</summary>
    public byte Level => (byte)(Value >> LevelShift);

    /// <summary>Sequence number within the level, from 1.</summary>
    public ulong Seq => Value & SeqMask;

    public override string ToString() => Level == 0 ? $"#{Seq}" : $"#{Level}/{Seq}";
}
