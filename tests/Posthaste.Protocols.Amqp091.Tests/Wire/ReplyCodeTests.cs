using System.Text;
using Posthaste.Protocols.Amqp091.Wire;

namespace Posthaste.Protocols.Amqp091.Tests.Wire;

public sealed class ReplyCodeTests
{
    /// <summary>The specification's constants with their class, in its own spelling.</summary>
    [Theory]
    [InlineData(311, "CONTENT_TOO_LARGE", ErrorScope.Channel)]
    [InlineData(312, "NO_ROUTE", ErrorScope.Channel)]
    [InlineData(313, "NO_CONSUMERS", ErrorScope.Channel)]
    [InlineData(320, "CONNECTION_FORCED", ErrorScope.Connection)]
    [InlineData(402, "INVALID_PATH", ErrorScope.Connection)]
    [InlineData(403, "ACCESS_REFUSED", ErrorScope.Channel)]
    [InlineData(404, "NOT_FOUND", ErrorScope.Channel)]
    [InlineData(405, "RESOURCE_LOCKED", ErrorScope.Channel)]
    [InlineData(406, "PRECONDITION_FAILED", ErrorScope.Channel)]
    [InlineData(501, "FRAME_ERROR", ErrorScope.Connection)]
    [InlineData(502, "SYNTAX_ERROR", ErrorScope.Connection)]
    [InlineData(503, "COMMAND_INVALID", ErrorScope.Connection)]
    [InlineData(504, "CHANNEL_ERROR", ErrorScope.Connection)]
    [InlineData(505, "UNEXPECTED_FRAME", ErrorScope.Connection)]
    [InlineData(506, "RESOURCE_ERROR", ErrorScope.Connection)]
    [InlineData(530, "NOT_ALLOWED", ErrorScope.Connection)]
    [InlineData(540, "NOT_IMPLEMENTED", ErrorScope.Connection)]
    [InlineData(541, "INTERNAL_ERROR", ErrorScope.Connection)]
    public void Codes_have_the_names_and_scopes_of_the_specification(int number, string name, ErrorScope scope)
    {
        var code = (ReplyCode)number;
        Assert.True(Enum.IsDefined(code));
        Assert.Equal(name, code.WireName());
        Assert.Equal(scope, code.Scope());
        Assert.Equal($"{name} - why", new WireError(code, "why").ReplyText);
    }

    [Fact]
    public void A_long_text_is_cut_between_characters()
    {
        Span<byte> room = stackalloc byte[ShortStrings.BytesMax];

        Assert.Equal("short", Encoding.UTF8.GetString(ShortStrings.Truncate("short", room)));

        // 254 octets and then a character of two, which does not fit any more.
        var cut = ShortStrings.Truncate(new string('a', 254) + "éé", room);
        Assert.Equal(new string('a', 254), Encoding.UTF8.GetString(cut));
    }
}
