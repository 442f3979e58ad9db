using Posthaste.Fuzz;
using Posthaste.Fuzz.Mqtt;

namespace Posthaste.Protocols.Mqtt.Tests.Wire;

/// <summary>A slice of <c>dotnet run --project tests/Posthaste.Fuzz -- mqtt</c> with seeds that never change.</summary>
public sealed class MqttFuzzTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Damaged_streams_break_no_promise(int seed)
    {
        var loop = new FuzzLoop(new MqttTarget(), seed);
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

    /// <summary>Every valid vector with every one of its bits turned: beside what is sound lies what breaks.</summary>
    [Fact]
    public void Vectors_with_a_bit_turned_break_no_promise()
    {
        var target = new MqttTarget();
        foreach (var vector in GoldenVector.All.Where(vector => !vector.IsRefused))
        {
            for (var bit = 0; bit < vector.Octets.Length * 8; bit++)
            {
                byte[] octets = [.. vector.Octets];
                octets[bit / 8] ^= (byte)(1 << (bit % 8));
                target.Run(octets);
            }
        }
    }
}
