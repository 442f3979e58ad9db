using FsCheck;
using FsCheck.Fluent;
using Posthaste.Primitives;
using Posthaste.Storage.Devices;
using Posthaste.Storage.Encryption;

namespace Posthaste.Storage.Tests.Journaling;

public sealed class JournalCrashTests
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public void The_power_may_go_off_at_every_single_change(ulong seed, bool isEncrypted)
    {
        MasterKey? key = isEncrypted ? TestKeys.Master : null;
        long changes = CountChanges(seed, key);
        Assert.True(changes > 100);
        for (long at = 1; at <= changes; at++)
        {
            using var device = new FaultyDevice(seed * 1_000_003 + (ulong)at) { PowerOffAtChange = at };
            var workload = new CrashWorkload(seed, device, key);
            workload.TryRun(steps: 16);
            workload.Crash();
            Assert.True(workload.TryRun(steps: 3), $"seed {seed}, change {at}");
            workload.Crash();
            Assert.True(workload.TryRun(steps: 0), $"seed {seed}, change {at}");
        }
    }

    [Fact]
    public void The_power_may_go_off_again_and_again() =>
        Prop.ForAll<int>(seed =>
        {
            var workload = new CrashWorkload(
                (ulong)seed, new FaultyDevice((ulong)seed), seed % 2 == 0 ? null : TestKeys.Master);
            var random = new SeededRandom((ulong)seed);
            for (int round = 0; round < 12; round++)
            {
                workload.Device.PowerOffAtChange = 5 + random.Below(40);
                workload.TryRun(steps: 10);
                workload.Crash();
            }
            Assert.True(workload.TryRun(steps: 0));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(100));

    private static long CountChanges(ulong seed, MasterKey? key)
    {
        using var device = new FaultyDevice(seed);
        Assert.True(new CrashWorkload(seed, device, key).TryRun(steps: 16));
        return device.ChangeCount;
    }
}
