using Posthaste.CrashLoop.Ledger;

namespace Posthaste.CrashLoop.Tests;

/// <summary>A few rounds of the loop; `dotnet run --project tests/Posthaste.CrashLoop` has many.</summary>
public sealed class CrashLoopTests
{
    [Fact]
    public async Task A_killed_broker_keeps_its_promises() =>
        await KeepsItsPromisesAsync(new CrashOptions(Rounds: 4, Seed: 1));

    [Fact]
    public async Task A_terminated_broker_keeps_its_promises() =>
        await KeepsItsPromisesAsync(new CrashOptions(Rounds: 3, Seed: 2) { End = BrokerEnd.Terminate });

    [Fact]
    public async Task A_broker_without_a_disk_is_found_to_lose_messages()
    {
        CrashReport report = await CrashRun.RunAsync(new CrashOptions(Rounds: 3, Seed: 3) { InMemory = true });
        Assert.True(report.Violations.CountOf(Promise.ConfirmedIsKept) > 0, report.ToString());
    }

    private static async Task KeepsItsPromisesAsync(CrashOptions options)
    {
        CrashReport report = await CrashRun.RunAsync(options);
        Assert.False(report.Violations.Any, $"{report}\n{report.Log}");
        Assert.True(report.Ledger.ConfirmedCount > 0 && report.Ledger.RedeliveredCount > 0, report.ToString());
    }
}
