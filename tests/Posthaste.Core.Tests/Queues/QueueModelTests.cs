using FsCheck;
using FsCheck.Fluent;

namespace Posthaste.Core.Tests.Queues;

/// <summary>The queue does what the plainest possible queue does, whatever storage does meanwhile.</summary>
public sealed class QueueModelTests
{
    private const int RunsPerBlock = 15;

    /// <summary>Blocks only spread the runs over the test threads.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void Commands_have_the_effects_that_the_model_has(ulong block)
    {
        var (loadCount, crashCount, deliveryCount) = (0, 0, 0);
        var runs = from seed in Gen.Choose(0, int.MaxValue)
                   from commands in Gen.Choose(0, int.MaxValue).ArrayOf(1_000)
                   select new Run((ulong)seed, commands);
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(RunsPerBlock)
                .WithReplay(block * 0x9E3779B97F4A7C15, (2 * block) + 1),
            Prop.ForAll(Arb.From(runs, Shrink), run =>
            {
                var harness = new QueueHarness(run.Seed);
                foreach (var command in run.Commands)
                {
                    harness.Step(command);
                }

                harness.Drain();
                loadCount += harness.LoadCount;
                crashCount += harness.CrashCount;
                deliveryCount += harness.DeliveryCount;
            }));

        // Runs that never get to the interesting places would prove nothing.
        Assert.True(loadCount > RunsPerBlock, $"Only {loadCount} blocks were loaded.");
        Assert.True(crashCount > 2 * RunsPerBlock, $"Only {crashCount} crashes.");
        Assert.True(deliveryCount > 80 * RunsPerBlock, $"Only {deliveryCount} deliveries.");
    }

    /// <summary>Leaves out ever smaller stretches of the commands; each keeps its meaning without the others.</summary>
    private static IEnumerable<Run> Shrink(Run run)
    {
        for (var length = run.Commands.Length; length > 0; length /= 2)
        {
            for (var start = 0; start + length <= run.Commands.Length; start += length)
            {
                yield return run with { Commands = [.. run.Commands[..start], .. run.Commands[(start + length)..]] };
            }
        }
    }

    private sealed record Run(ulong Seed, int[] Commands)
    {
        public override string ToString() =>
            $"seed {Seed}, commands {string.Join(' ', Commands.Select(QueueHarness.NameOf))}";
    }
}
