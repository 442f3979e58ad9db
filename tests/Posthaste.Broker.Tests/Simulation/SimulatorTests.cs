using Posthaste.Simulation;
using Posthaste.Simulation.Hosting;

namespace Posthaste.Broker.Tests.Simulation;

/// <summary>A few simulated runs, and proof that the simulator finds what is broken.</summary>
public sealed class SimulatorTests
{
    /// <summary>Runs in the time that tests may take; the command runs as many as one has patience for.</summary>
    private const int SeedCount = 60;

    /// <summary>Seeds with bits flipped.</summary>
    private const int FlipSeedCount = 25;

    /// <summary>Seeds in which something broken has to show at least once.</summary>
    private const int CanarySeedCount = 20;

    [Theory]
    [InlineData(101)]
    [InlineData(201)]
    [InlineData(301)]
    public void NoRuleIsBroken(int firstSeed)
    {
        for (var seed = (ulong)firstSeed; seed < (ulong)firstSeed + SeedCount; seed++) Run(seed);
    }

    [Fact]
    public void WhatADamagedDiskLosesIsReported()
    {
        for (var seed = 1UL; seed <= FlipSeedCount; seed++) Run(seed, flipsBits: true);
    }

    [Fact]
    public void OneSeedDoesTheSameAgain()
    {
        var first = new List<string>();
        var second = new List<string>();
        new Simulator(new SimulationOptions { Seed = 5, Trace = first.Add }).Run();
        new Simulator(new SimulationOptions { Seed = 5, Trace = second.Add }).Run();
        Assert.Equal(first, second);
    }

    [Fact]
    public void ADiskThatLiesAboutItsSyncsIsFoundOut() =>
        Assert.True(IsFoundOut(
            seed => new SimulationOptions { Seed = seed, Wrap = static device => new LyingDevice(device) }));

    [Fact]
    public void AForgottenSettlementIsFoundOut() =>
        Assert.True(IsFoundOut(seed => new SimulationOptions { Seed = seed, ForgetsSettlements = true }));

    [Fact]
    public void AForgottenPacketIdentifierIsFoundOut() =>
        Assert.True(IsFoundOut(seed => new SimulationOptions { Seed = seed, ForgetsPacketIds = true }));

    private static void Run(ulong seed, bool flipsBits = false)
    {
        try
        {
            new Simulator(new SimulationOptions { Seed = seed, FlipsBits = flipsBits }).Run();
        }
        catch (Exception e)
        {
            Assert.Fail(
                $"Seed {seed}; again: dotnet run --project tests/Posthaste.Simulation -c Release -- --seed {seed}"
                + (flipsBits ? " --flip-bits\n" : "\n") + e);
        }
    }

    private static bool IsFoundOut(Func<ulong, SimulationOptions> options)
    {
        for (var seed = 1UL; seed <= CanarySeedCount; seed++)
        {
            try
            {
                new Simulator(options(seed)).Run();
            }
            catch (Exception e) when (e is SimulationFailure or IOException)
            {
                return true;
            }
        }

        return false;
    }
}
