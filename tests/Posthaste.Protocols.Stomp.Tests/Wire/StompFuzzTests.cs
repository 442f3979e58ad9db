using Posthaste.Fuzz;
using Posthaste.Fuzz.Stomp;

namespace Posthaste.Protocols.Stomp.Tests.Wire;

/// <summary>A slice of the fuzzer's target <c>stomp</c>, with seeds that never change.</summary>
public sealed class StompFuzzTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Damaged_streams_break_no_promise(int seed)
    {
        var loop = new FuzzLoop(new StompTarget(), seed);
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
}
