using System.Text;
using Posthaste.Broker.Security.Sasl;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.Tests.Security;

public sealed class SaslResponsesTests
{
    [Theory]
    [InlineData("\0user\0secret", "user", "secret")]
    [InlineData("someone\0user\0secret", "user", "secret")]
    [InlineData("\0user\0", "user", "")]
    [InlineData("\0\0", "", "")]
    public void Plain_has_three_parts(string response, string user, string password)
    {
        Assert.True(SaslResponses.TryReadPlain(Encoding.UTF8.GetBytes(response), out var credentials));
        Assert.Equal((user, password), (credentials.UserName, credentials.Password));
    }

    [Theory]
    [InlineData("")]
    [InlineData("user")]
    [InlineData("\0user")]
    [InlineData("\0user\0secret\0more")]
    public void Plain_with_fewer_or_more_is_malformed(string response) =>
        Assert.False(SaslResponses.TryReadPlain(Encoding.UTF8.GetBytes(response), out _));

    [Fact]
    public void Amqplain_needs_login_and_password()
    {
        Assert.True(SaslResponses.TryReadAmqPlain(
            FieldTableCodec.Encode([new("LOGIN", "u"), new("PASSWORD", "p")]), out var credentials));
        Assert.Equal(("u", "p"), (credentials.UserName, credentials.Password));
        Assert.False(SaslResponses.TryReadAmqPlain(FieldTableCodec.Encode([new("LOGIN", "u")]), out _));
        Assert.False(SaslResponses.TryReadAmqPlain([1, 2, 3], out _));
    }
}
