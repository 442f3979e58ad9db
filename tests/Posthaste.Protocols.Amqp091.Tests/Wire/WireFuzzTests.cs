using Posthaste.Fuzz;
using Posthaste.Fuzz.Wire;

namespace Posthaste.Protocols.Amqp091.Tests.Wire;

/// <summary>A slice of <c>dotnet run --project tests/Posthaste.Fuzz -- wire</c> with seeds that never change.</summary>
public sealed class WireFuzzTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Damaged_streams_break_no_promise(int seed)
    {
        var loop = new FuzzLoop(new WireTarget(), seed);
        try
        {
            loop.RunInputs(20_000);
        }
        catch (Exception finding)
        {
            throw new InvalidOperationException($"input {Convert.ToHexString(loop.LastInput)}", finding);
        }

        Assert.True(loop.InputCount > 20_000);
    }

    /// <summary>The canary: a fuzzer that finds nothing may also be one that cannot find anything.</summary>
    [Fact]
    public void A_planted_defect_is_found()
    {
        var loop = new FuzzLoop(new PlantedDefect(), seed: 1);
        Assert.Throws<FuzzFindingException>(() => loop.RunInputs(1_000_000));
        Assert.True(loop.LastInput is [_, 0xCE, ..]);
    }

    private sealed class PlantedDefect : IFuzzTarget
    {
        public string Name => "planted";

        public IReadOnlyList<byte[]> Corpus { get; } = [[1, 2, 3, 4]];

        public void Run(ReadOnlySpan<byte> input) =>
            FuzzFindingException.Require(input is not [_, 0xCE, 3, ..], "never this");
    }
}
