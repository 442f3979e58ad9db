using Posthaste.Fuzz;
using Posthaste.Fuzz.Recovery;

namespace Posthaste.Broker.Tests.Storage;

/// <summary>
/// A slice of <c>dotnet run --project tests/Posthaste.Fuzz -- recovery</c> with seeds that never change.
/// </summary>
public sealed class RecoveryFuzzTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_damaged_journal_is_refused_or_opened_with_what_can_be_read(int seed)
    {
        var loop = new FuzzLoop(new RecoveryTarget(), seed);
        try
        {
            loop.RunInputs(300);
        }
        catch (Exception finding)
        {
            throw new InvalidOperationException($"input {Convert.ToHexString(loop.LastInput)}", finding);
        }

        Assert.Equal(301, loop.InputCount);
    }
}
