namespace Posthaste.Testing;

/// <summary>Measures what code allocates, beside what the runtime does by itself.</summary>
internal static class Allocations
{
    private const int Rounds = 10;
    private const int CallsPerRound = 100;

    /// <summary>
    /// Bytes that a hundred calls allocate on this thread, in the best of some rounds: while the runtime compiles
    /// better code it may allocate on any thread.
    /// </summary>
    public static long OfHundred(Action call)
    {
        call();
        var least = long.MaxValue;
        for (var round = 0; round < Rounds && least > 0; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < CallsPerRound; i++)
                call();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
