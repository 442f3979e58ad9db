using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Posthaste.Bench.Load;

/// <summary>
/// Linux clocks that .NET does not offer: a sleep to an absolute time that is exact to some microseconds (Thread.Sleep
/// rounds up to
/// a millisecond and spinning would take a core from the broker), and the CPU time of one thread.
/// </summary>
internal static partial class Clock
{
    private const int Monotonic = 1;
    private const int ThreadCpu = 3;
    private const int AbsoluteTime = 1;
    private const int SetTimerSlack = 29;
    private const int Interrupted = 4;
    private const long NanosPerSecond = 1_000_000_000;

    /// <summary>Lets this thread's sleeps end within a microsecond of their time instead of the default 50.</summary>
    public static void SharpenSleep() => _ = SetProcessControl(SetTimerSlack, 1000, 0, 0, 0);

    /// <summary>
    /// Sleeps until <see cref="Stopwatch.GetTimestamp"/> (CLOCK_MONOTONIC in nanoseconds) has reached
    /// <paramref name="timestamp"/>.
    /// </summary>
    public static void SleepUntil(long timestamp)
    {
        TimeSpec until = new() { Seconds = timestamp / NanosPerSecond, Nanos = timestamp % NanosPerSecond };
        int result;
        do
        {
            result = SleepOnClock(Monotonic, AbsoluteTime, in until, 0);
        }
        while (result == Interrupted);

        if (result != 0)
        {
            throw new InvalidOperationException($"clock_nanosleep failed with {result}");
        }
    }

    /// <summary>The CPU time that the calling thread has used.</summary>
    public static TimeSpan ThreadCpuTime()
    {
        if (ReadClock(ThreadCpu, out TimeSpec time) != 0)
        {
            throw new InvalidOperationException("clock_gettime failed");
        }

        return TimeSpan.FromSeconds(time.Seconds) + TimeSpan.FromTicks(time.Nanos / TimeSpan.NanosecondsPerTick);
    }

    [LibraryImport("libc", EntryPoint = "clock_nanosleep")]
    private static partial int SleepOnClock(int clock, int flags, in TimeSpec request, nint remaining);

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int ReadClock(int clock, out TimeSpec time);

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int SetProcessControl(int option, nuint arg2, nuint arg3, nuint arg4, nuint arg5);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanos;
    }
}
