using System.Text;
using Posthaste.Protocols.Mqtt.Wire.Topics;

namespace Posthaste.Protocols.Mqtt.Tests.Wire;

/// <summary>Section 4.7 of MQTT 5: its own examples, and what lies beside them.</summary>
public sealed class TopicTests
{
    [Theory]
    [InlineData("a", true)]
    [InlineData("/", true)]
    [InlineData("Accounts payable", true)]
    [InlineData("$SYS/uptime", true)]
    [InlineData("caf\u00e9/\U0001F600", true)]
    [InlineData("", false)]
    [InlineData("sport/+", false)]
    [InlineData("sport#", false)]
    [InlineData("sport\0", false)]
    public void A_topic_name_is_text_without_wildcards(string topic, bool isValid) =>
        Assert.Equal(isValid, TopicName.IsValid(Encoding.UTF8.GetBytes(topic)));

    [Theory]
    [InlineData("EDA080")] // U+D800, a surrogate
    [InlineData("EDBFBF")] // U+DFFF, a surrogate
    [InlineData("C080")] // U+0000 in two octets
    [InlineData("C3")] // cut off
    [InlineData("F4908080")] // beyond U+10FFFF
    [InlineData("61FF")]
    public void What_is_not_well_formed_is_neither_name_nor_filter(string hex)
    {
        Assert.False(TopicName.IsValid(Convert.FromHexString(hex)));
        Assert.False(TopicFilter.IsValid(Convert.FromHexString(hex)));
    }

    [Theory]
    [InlineData("#", true)]
    [InlineData("+", true)]
    [InlineData("sport/tennis/#", true)]
    [InlineData("+/tennis/#", true)]
    [InlineData("sport/+/player1", true)]
    [InlineData("/", true)]
    [InlineData("$share/consumer1/sport/tennis/+", true)]
    [InlineData("$share/c//finance", true)]
    [InlineData("$shared", true)]
    [InlineData("", false)]
    [InlineData("sport/tennis#", false)]
    [InlineData("sport/tennis/#/ranking", false)]
    [InlineData("sport+", false)]
    [InlineData("+sport", false)]
    [InlineData("a\0", false)]
    [InlineData("$share/", false)]
    [InlineData("$share/g", false)]
    [InlineData("$share/g/", false)]
    [InlineData("$share//a", false)]
    [InlineData("$share/g+/a", false)]
    [InlineData("$share/#/a", false)]
    [InlineData("$share/g/a#", false)]
    public void A_filter_has_wildcards_as_whole_levels(string filter, bool isValid) =>
        Assert.Equal(isValid, TopicFilter.IsValid(Encoding.UTF8.GetBytes(filter)));

    [Theory]
    [InlineData("sport/tennis/player1/#", "sport/tennis/player1", true)]
    [InlineData("sport/tennis/player1/#", "sport/tennis/player1/ranking", true)]
    [InlineData("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true)]
    [InlineData("sport/#", "sport", true)]
    [InlineData("sport/#", "sports", false)]
    [InlineData("#", "a/b", true)]
    [InlineData("#", "/", true)]
    [InlineData("sport/tennis/+", "sport/tennis/player1", true)]
    [InlineData("sport/tennis/+", "sport/tennis/player1/ranking", false)]
    [InlineData("sport/+", "sport", false)]
    [InlineData("sport/+", "sport/", true)]
    [InlineData("+/+", "/finance", true)]
    [InlineData("/+", "/finance", true)]
    [InlineData("+", "/finance", false)]
    [InlineData("+/b/#", "a/b", true)]
    [InlineData("+/b/#", "a/c", false)]
    [InlineData("a/b", "a/b", true)]
    [InlineData("a/b", "a/b/", false)]
    [InlineData("a/b/", "a/b", false)]
    [InlineData("a", "A", false)]
    [InlineData("#", "$SYS/a", false)]
    [InlineData("+/monitor/Clients", "$SYS/monitor/Clients", false)]
    [InlineData("$SYS/#", "$SYS/a", true)]
    [InlineData("$SYS/monitor/+", "$SYS/monitor/Clients", true)]
    public void A_filter_matches_as_the_specification_says(string filter, string topic, bool matches) =>
        Assert.Equal(matches, TopicFilter.Matches(Encoding.UTF8.GetBytes(filter), Encoding.UTF8.GetBytes(topic)));

    [Fact]
    public void A_shared_filter_is_cut_into_group_and_filter()
    {
        Assert.True(TopicFilter.TrySplitShared("$share/g/a/+"u8, out var group, out var filter));
        Assert.Equal("g", Encoding.UTF8.GetString(group));
        Assert.Equal("a/+", Encoding.UTF8.GetString(filter));
        Assert.False(TopicFilter.TrySplitShared("a/b"u8, out _, out _));
    }
}
