using Posthaste.CrashLoop.Ledger;

namespace Posthaste.CrashLoop;

/// <summary>What a run did and found.</summary>
/// <param name="KeptDirectory">The broker's data, kept because something was found; null when it was deleted.</param>
/// <param name="Log">What the broker wrote in all its lives.</param>
internal sealed record CrashReport(
    CrashOptions Options, LoopLedger Ledger, int LifeCount, int StartupEndCount, IReadOnlyList<TimeSpan> StartTimes,
    string? KeptDirectory, string Log)
{
    public Violations Violations => Ledger.Violations;

    public override string ToString()
    {
        TimeSpan[] times = [.. StartTimes.Order()];
        string starts = times.Length == 0 ? "none" :
            $"median {times[times.Length / 2].TotalSeconds:0.00} s, slowest {times[^1].TotalSeconds:0.00} s";
        string text =
            $"""
            {LifeCount} lives ({Options.End}), {StartupEndCount} of them ended before they were ready; starts: {starts}
            {Ledger.ConfirmedCount:N0} messages confirmed, {Ledger.CommittedCount:N0} transactions committed
            {Ledger.DeliveredCount:N0} deliveries, {Ledger.RedeliveredCount:N0} of them marked as redelivered
            """;
        return Violations.Any
            ? $"{text}\nFAILED with seed {Options.Seed}; the data is in {KeptDirectory ?? "memory"}; "
                + $"again: {Options.Command}\n{Violations}"
            : $"{text}\nnothing lost, nothing invented, no unmarked duplicate, order kept, transactions whole";
    }
}
