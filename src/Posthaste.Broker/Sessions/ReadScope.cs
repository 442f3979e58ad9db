using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Posthaste.Broker.Sessions;

/// <summary>
/// What the processing of one read needs and an idle connection does not: lent to a connection while it works through a
/// buffer, so that there are as many as there are reads at a time, not connections. The reader's alone.
/// </summary>
public sealed unsafe class ReadScope
{
    /// <summary>
    /// Bytes of scratch: holds a frame that crosses two blocks of the pipe, and edited properties or reassembled small
    /// messages, until the batch that points to them is flushed.
    /// </summary>
    public const int ScratchBytes = 256 * 1024;

    private readonly byte[] _scratch = GC.AllocateUninitializedArray<byte>(ScratchBytes, pinned: true);
    private readonly List<UnackedDelivery> _taken = [];
    private readonly List<byte[]> _extra = [];
    private int _used;

    /// <summary>Outputs touched while processing; flushed once at the end.</summary>
    public FlushSet Flushes { get; } = new();

    /// <summary>Settlements gathered while processing; handed to the queues before the flush.</summary>
    public SettleGroups Settlements { get; } = new();

    /// <summary>
    /// An empty list for the deliveries of one settling method. Emptied here, where it is lent: what one connection
    /// took must never be met by the next one that uses the scope.
    /// </summary>
    public List<UnackedDelivery> LendTaken()
    {
        _taken.Clear();
        return _taken;
    }

    /// <summary>Subscriptions that may be given more again: credit came back, or a pause ended.</summary>
    public List<SessionSubscription> Resumed { get; } = [];

    /// <summary>
    /// Hands settlements to the queues and asks them for what the resumed subscriptions may have now. The session has
    /// flushed its publishes before: a message forwarded and its original then settled must not get lost between.
    /// Not under an output's gate.
    /// </summary>
    public void HandOver()
    {
        Settlements.Flush(Flushes);
        foreach (var subscription in Resumed)
            subscription.Queue.Resume(subscription, Flushes);
        Resumed.Clear();
    }

    /// <summary>Pinned bytes that stay as they are until <see cref="Reset"/>; false when too few are left.</summary>
    public bool TryTake(int bytes, out Span<byte> span)
    {
        if (bytes > ScratchBytes - _used)
        {
            span = default;
            return false;
        }

        span = _scratch.AsSpan(_used, bytes);
        _used += bytes;
        return true;
    }

    /// <summary>As <see cref="TryTake"/>, but from the heap when the scratch is full.</summary>
    public Span<byte> Take(int bytes)
    {
        if (TryTake(bytes, out var span))
            return span;
        var extra = GC.AllocateUninitializedArray<byte>(bytes, pinned: true);
        _extra.Add(extra);
        return extra;
    }

    /// <summary>Nobody points into what was taken any more.</summary>
    public void Reset()
    {
        _used = 0;
        _extra.Clear();
    }

    /// <summary>The address of bytes that are pinned: in the transport's blocks or in the scratch.</summary>
    public static byte* AddressOf(ReadOnlySpan<byte> pinned) =>
        (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(pinned));
}

/// <summary>
/// Lends <see cref="ReadScope"/>s; keeps as many as there are processors, which is how many can be busy at a time.
/// </summary>
public sealed class ReadScopePool
{
    private readonly ReadScope?[] _idle = new ReadScope?[Environment.ProcessorCount];

    /// <summary>A scope that nobody else has.</summary>
    public ReadScope Rent()
    {
        for (var i = 0; i < _idle.Length; i++)
        {
            if (Interlocked.Exchange(ref _idle[i], null) is { } scope)
                return scope;
        }

        return new ReadScope();
    }

    /// <summary>
    /// Gives an emptied scope back. Not one whose work was broken off by an exception: nobody knows what is in it.
    /// </summary>
    public void Return(ReadScope scope)
    {
        for (var i = 0; i < _idle.Length; i++)
        {
            if (Interlocked.CompareExchange(ref _idle[i], scope, null) is null)
                return;
        }
    }
}
