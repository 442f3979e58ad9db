using System.Net;
using Microsoft.Extensions.Configuration;
using Posthaste.Server.Configuration;
using Posthaste.Server.Tests.Support;

namespace Posthaste.Server.Tests.Configuration;

public sealed class ConfigurationTests
{
    [Fact]
    public void Every_setting_is_read_by_its_key_whatever_the_case()
    {
        foreach (var setting in NumberSetting.All)
        {
            var options = Read(($"posthaste:{setting.Key.ToUpperInvariant()}", setting.Min.ToString()));
            Assert.Equal(setting.Min, setting.Get(options));
        }
    }

    [Fact]
    public void Every_default_is_in_its_range_and_documented()
    {
        var defaults = new PosthasteOptions();
        foreach (var setting in NumberSetting.All)
        {
            setting.Check(defaults);
            Assert.NotEmpty(setting.Meaning);
        }
    }

    [Fact]
    public void Every_number_of_the_brokers_options_can_be_set()
    {
        var numbers = typeof(Broker.MessageBrokerOptions).GetProperties()
            .Where(property => property.PropertyType == typeof(int) || property.PropertyType == typeof(long));
        var settings = NumberSetting.All.Select(setting => setting.Key).Where(key => !key.Contains(':'));
        Assert.Equal(numbers.Select(property => property.Name).Order(), settings.Order());
    }

    [Theory]
    [InlineData("65536", 65_536)]
    [InlineData("64KiB", 65_536)]
    [InlineData(" 64 kib ", 65_536)]
    [InlineData("2MiB", 2_097_152)]
    [InlineData("1GiB", 1_073_741_824)]
    public void Bytes_may_have_a_unit(string text, long bytes) =>
        Assert.Equal(bytes, Read(("Posthaste:DiskFreeBytesMin", text)).Broker.DiskFreeBytesMin);

    [Theory]
    [InlineData("MessageBytesMax", "12", "Posthaste:MessageBytesMax is 12; it has to be 1 KiB to 512 MiB")]
    [InlineData("MessageBytesMax", "1GiB", "Posthaste:MessageBytesMax is 1GiB; it has to be 1 KiB to 512 MiB")]
    [InlineData("MessageBytesMax", "8888888TiB",
        "Posthaste:MessageBytesMax is '8888888TiB'; it has to be 1 KiB to 512 MiB")]
    [InlineData("MessageBytesMax", "lots", "Posthaste:MessageBytesMax is 'lots'; it has to be 1 KiB to 512 MiB")]
    [InlineData("MessageBytesMax", "-1", "Posthaste:MessageBytesMax is '-1'; it has to be 1 KiB to 512 MiB")]
    [InlineData("ConnectionsMax", "64KiB", "Posthaste:ConnectionsMax is '64KiB'; it has to be 1 to 1,000,000")]
    [InlineData("Memory", "perhaps", "Posthaste:Memory is 'perhaps'; it has to be true or false")]
    [InlineData("Data", " ", "Posthaste:Data is empty; it has to be a directory")]
    public void A_bad_value_is_refused_with_its_key_and_what_is_allowed(string key, string value, string message)
    {
        var error = Assert.Throws<PosthasteConfigurationException>(() => Read(($"Posthaste:{key}", value)));
        Assert.Equal(message, error.Message);
    }

    [Fact]
    public void A_key_that_nothing_reads_is_refused()
    {
        var error = Assert.Throws<PosthasteConfigurationException>(() => Read(("Posthaste:MesageBytesMax", "1MiB")));
        Assert.StartsWith(
            "Posthaste:MesageBytesMax is no setting of Posthaste; these are: Data, Memory, Listen, " +
            "Versions, WebSocketOrigins, Tls,",
            error.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_and_memory_exclude_each_other() =>
        Assert.Throws<PosthasteConfigurationException>(
            () => Read(("Posthaste:Data", "x"), ("Posthaste:Memory", "true")));

    [Fact]
    public void A_directory_is_used_when_memory_is_false() =>
        Assert.Equal("x", Read(("Posthaste:Data", "x"), ("Posthaste:Memory", "false")).DataDirectory);

    [Fact]
    public void A_value_set_in_code_is_checked_too()
    {
        var options = Echo();
        options.Broker.ConnectionsMax = 0;
        var error = Assert.Throws<PosthasteConfigurationException>(() => options.Validate());
        Assert.Equal("Posthaste:ConnectionsMax is 0; it has to be 1 to 1,000,000", error.Message);
    }

    [Theory]
    [InlineData("10.1.2.3:5", "10.1.2.3:5")]
    [InlineData("[::1]:5", "[::1]:5")]
    [InlineData("localhost:0", "127.0.0.1:0")]
    [InlineData("1.1.1.1:65535,2.2.2.2:1", "1.1.1.1:65535 2.2.2.2:1")]
    [InlineData("OFF", "")]
    public void Addresses_are_read(string text, string endPoints)
    {
        var options = Echo();
        options.Protocols = [.. options.Protocols, EchoProtocol.As("other")];
        options.Listen["other"] = "3.3.3.3:3";
        options.Listen["echo"] = text;
        var plans = options.Validate().Where(plan => plan.Kind.Name == "echo");
        Assert.Equal(endPoints, string.Join(' ', plans.Select(plan => plan.EndPoint)));
    }

    [Fact]
    public void A_protocol_that_nobody_names_listens_on_its_own_port_of_loopback()
    {
        var plans = Echo().Validate();
        Assert.Contains(plans, plan => plan.EndPoint.Equals(new IPEndPoint(IPAddress.Loopback, 7)));
        Assert.All(plans, plan => Assert.True(IPAddress.IsLoopback(plan.EndPoint.Address)));
    }

    [Theory]
    [InlineData("10.1.2.3", "10.1.2.3:7 10.1.2.3:8")]
    [InlineData("[::1]", "[::1]:7 [::1]:8")]
    [InlineData("1.1.1.1, 2.2.2.2", "1.1.1.1:7 2.2.2.2:7 1.1.1.1:8 2.2.2.2:8")]
    [InlineData("localhost:0", "127.0.0.1:0 127.0.0.1:0")]
    [InlineData("off", "")]
    public void Listeners_that_nobody_names_follow_the_default(string text, string endPoints)
    {
        var options = Echo();
        options.Protocols = [EchoProtocol.OverWebSocket("echo"), EchoProtocol.As("other")];
        options.Listen["other"] = "3.3.3.3:3";
        options.Listen["DEFAULT"] = text;
        var plans = options.Validate().Where(plan => plan.Kind.Name != "other");
        Assert.Equal(endPoints, string.Join(' ', plans.Select(plan => plan.EndPoint)));
    }

    [Theory]
    [InlineData("10.1.2.3:5672")]
    [InlineData("")]
    [InlineData("off,off")]
    public void A_default_that_only_one_listener_could_have_is_refused(string text)
    {
        var options = Echo();
        options.Listen["default"] = text;
        Assert.Throws<PosthasteConfigurationException>(() => options.Validate());
    }

    [Fact]
    public void A_protocol_over_web_sockets_has_a_listener_of_its_own()
    {
        var options = new PosthasteOptions { Protocols = [EchoProtocol.OverWebSocket("echo")] };
        options.Listen["echo"] = "off";
        options.Listen["echo-ws"] = "127.0.0.1:5";
        var plan = Assert.Single(options.Validate());
        Assert.True(plan.Kind.IsWebSocket);
        Assert.Equal("127.0.0.1:5", plan.EndPoint.ToString());
    }

    [Fact]
    public void Origins_are_a_list() => Assert.Equal(
        ["https://a.example", "http://b.example:81"],
        Read(("Posthaste:WebSocketOrigins", "https://a.example, http://b.example:81")).WebSocketOrigins);

    [Theory]
    [InlineData("")]
    [InlineData("5672")]
    [InlineData(":5672")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:")]
    [InlineData("127.0.0.1:65536")]
    [InlineData("127.0.0.1:-1")]
    [InlineData("5672:5672")]
    [InlineData("127.0.0.1:amqp")]
    [InlineData("::1:5672")]
    [InlineData("[127.0.0.1]:5672")]
    [InlineData("example.com:5672")]
    [InlineData("127.0.0.1:1,")]
    public void A_malformed_address_is_refused(string text)
    {
        var options = Echo();
        options.Listen["echo"] = text;
        var error = Assert.Throws<PosthasteConfigurationException>(() => options.Validate());
        Assert.Contains("it has to be HOST:PORT", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_listener_is_refused_and_the_known_ones_are_listed()
    {
        var options = Echo();
        options.Listen["smtp"] = "127.0.0.1:25";
        var error = Assert.Throws<PosthasteConfigurationException>(() => options.Validate());
        Assert.Equal(
            "'smtp' is no listener; these are: echo, echos, " +
            "http, https, and default for those not named", error.Message);
    }

    [Fact]
    public void A_broker_that_would_listen_nowhere_is_refused()
    {
        var options = Echo();
        options.Listen["echo"] = "off";
        Assert.Throws<PosthasteConfigurationException>(() => options.Validate());
    }

    private static PosthasteOptions Echo() => new() { Protocols = [EchoProtocol.As("echo")] };

    private static PosthasteOptions Read(params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)))
            .Build();
        var options = new PosthasteOptions();
        PosthasteConfiguration.Apply(configuration, options);
        return options;
    }
}
