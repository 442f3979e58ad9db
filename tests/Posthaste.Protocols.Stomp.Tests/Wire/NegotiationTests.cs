using System.Text;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Tests.Wire;

public sealed class NegotiationTests
{
    [Theory]
    [InlineData("1.0", "1.0")]
    [InlineData("1.0,1.1,1.2", "1.2")]
    [InlineData("1.2, 1.1", "1.2")]
    [InlineData("1.1,2.0", "1.1")]
    [InlineData("1.3,0.9,1.0", "1.0")]
    public void The_highest_version_that_both_know_is_spoken(string accepted, string chosen)
    {
        Assert.True(StompVersions.TryNegotiate(Encoding.ASCII.GetBytes(accepted), out var version));
        Assert.Equal(chosen, Encoding.ASCII.GetString(StompVersions.Name(version)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("2.0")]
    [InlineData("1.3")]
    [InlineData("1.20")]
    public void No_common_version_is_none(string accepted) =>
        Assert.False(StompVersions.TryNegotiate(Encoding.ASCII.GetBytes(accepted), out _));

    [Theory]
    [InlineData("0,0", 0, 0)]
    [InlineData("4000, 5000", 4000, 5000)]
    [InlineData("99999999999,1", int.MaxValue, 1)]
    public void Heart_beats_are_two_numbers(string text, int canSendMs, int wantsMs)
    {
        Assert.True(HeartBeat.TryParse(Encoding.ASCII.GetBytes(text), out var heartBeat));
        Assert.Equal(new HeartBeat(canSendMs, wantsMs), heartBeat);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("1,")]
    [InlineData("-1,0")]
    [InlineData("1,2,3")]
    public void Anything_else_is_no_heart_beat(string text) =>
        Assert.False(HeartBeat.TryParse(Encoding.ASCII.GetBytes(text), out _));
}
