namespace Posthaste.Broker.Storage;

/// <summary>
/// Marks the time between an entry's leaving its queue and the journal's record of that, for transactions, where the
/// two do not happen on one strand at once. Before the evacuation reuses a journal
/// file it waits until whatever left before its look at the queues has been recorded: else a crash would find neither
/// the message nor why it went.
/// </summary>
/// <remarks>
/// Two counters take turns: <see cref="WaitForEarlier"/> turns to the other one and waits until the first is down to
/// zero.
/// </remarks>
internal sealed class MoveGate
{
    private readonly int[] _open = new int[2];
    private readonly Lock _turning = new();
    private int _turn;

    /// <summary>
    /// An entry is about to leave. Called while it is still in its queue, on its strand. Returns what <see
    /// cref="Exit"/> wants.
    /// </summary>
    public int Enter()
    {
        while (true)
        {
            var turn = Volatile.Read(ref _turn);
            Interlocked.Increment(ref _open[turn]);
            if (Volatile.Read(ref _turn) == turn) return turn;

            // Turned in between: the waiter may have missed us. Again with the new one.
            Interlocked.Decrement(ref _open[turn]);
        }
    }

    /// <summary>The record is in the journal, or nothing was to be recorded.</summary>
    public void Exit(int turn) => Interlocked.Decrement(ref _open[turn]);

    /// <summary>Returns when everything that had entered before has exited.</summary>
    public void WaitForEarlier()
    {
        lock (_turning)
        {
            var turn = _turn;
            Volatile.Write(ref _turn, 1 - turn);
            Interlocked.MemoryBarrier();
            var wait = default(SpinWait);
            while (Volatile.Read(ref _open[turn]) != 0) wait.SpinOnce();
        }
    }
}
