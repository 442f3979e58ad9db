using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Tests.Wire;

public sealed class HeaderTextTests
{
    [Theory]
    [InlineData(StompVersion.V10, "a:b\\c\nd\re", "a:b\\c\\nd\\re")]
    [InlineData(StompVersion.V11, "a:b\\c\nd\re", "a\\cb\\\\c\\nd\\re")]
    [InlineData(StompVersion.V12, "a:b\\c\nd\re", "a\\cb\\\\c\\nd\\re")]
    [InlineData(StompVersion.V12, "", "")]
    public void Text_is_escaped_by_the_rules_of_the_version(object version, string text, string escaped)
    {
        var bytes = HeaderText.Escaped(Encoding.UTF8.GetBytes(text), (StompVersion)version);
        Assert.Equal(escaped, Encoding.UTF8.GetString(bytes));
    }

    [Fact]
    public void Whatever_is_escaped_comes_back() => Prop.ForAll<byte[]>(text =>
    {
        var escaped = HeaderText.Escaped(text, StompVersion.V12);
        return HeaderText.IsValid(escaped)
            && escaped.AsSpan().IndexOfAny("\n\r:"u8) < 0
            && HeaderText.Unescape(escaped).AsSpan().SequenceEqual(text);
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("\\")]
    [InlineData("a\\")]
    [InlineData("\\t")]
    [InlineData("\\\\\\")]
    public void Undefined_escapes_are_not_valid(string text) =>
        Assert.False(HeaderText.IsValid(Encoding.UTF8.GetBytes(text)));
}
