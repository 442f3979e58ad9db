using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Posthaste.Protocols.Stomp.Format;

namespace Posthaste.Protocols.Stomp.Tests.Format;

public sealed class DestinationTests
{
    [Theory]
    [InlineData("/queue/a", "Queue", "", "a")]
    [InlineData("/queue/a%2Fb%25%c3%a4", "Queue", "", "a/b%ä")]
    [InlineData("/queue/100%", "Queue", "", "100%")]
    [InlineData("/queue/%zz", "Queue", "", "%zz")]
    [InlineData("plain", "Queue", "", "plain")]
    [InlineData("anycast://plain", "Queue", "", "plain")]
    [InlineData("/amq/queue/a", "ExistingQueue", "", "a")]
    [InlineData("/reply-queue/a/b", "ExistingQueue", "", "a/b")]
    [InlineData("/topic/a.*.#", "Topic", "amq.topic", "a.*.#")]
    [InlineData("multicast://a.b", "Topic", "amq.topic", "a.b")]
    [InlineData("/exchange/x", "Exchange", "x", "")]
    [InlineData("/exchange/x/", "Exchange", "x", "")]
    [InlineData("/exchange/x%2Fy/a.b", "Exchange", "x/y", "a.b")]
    [InlineData("/temp-queue/t", "TemporaryQueue", "", "t")]
    public void Destinations_name_exchange_and_key(string text, string kind, string exchange, string key)
    {
        var error = Destination.Parse(Encoding.UTF8.GetBytes(text), out var destination);
        Assert.False(error.IsError, error.Detail);
        Assert.Equal(
            (kind, exchange, key),
            (destination.Kind.ToString(), Encoding.UTF8.GetString(destination.Exchange), destination.KeyText));
    }

    [Theory]
    [InlineData("/queue", "Invalid destination", "'/queue' is not a valid queue destination")]
    [InlineData("/queue/", "Invalid destination", "'/queue/' is not a valid queue destination")]
    [InlineData("/queue/a/b", "Invalid destination", "'/queue/a/b' is not a valid queue destination")]
    [InlineData("/topic/", "Invalid destination", "'/topic/' is not a valid topic destination")]
    [InlineData("/amq/queue/", "Invalid destination", "'/amq/queue/' is not a valid amqqueue destination")]
    [InlineData("/temp-queue/", "Invalid destination", "'/temp-queue/' is not a valid temp_queue destination")]
    [InlineData("/exchange", "Invalid destination", "'/exchange' is not a valid exchange destination")]
    [InlineData("/exchange//k", "Invalid destination", "'/exchange//k' is not a valid exchange destination")]
    [InlineData("/exchange/x/a/b", "Invalid destination", "'/exchange/x/a/b' is not a valid exchange destination")]
    [InlineData("/queue/%ff", "Invalid destination", "names and routing keys have to be UTF-8")]
    public void Others_are_refused(string text, string message, string detail)
    {
        var error = Destination.Parse(Encoding.UTF8.GetBytes(text), out _);
        Assert.Equal((message, detail), (error.Message, error.Detail));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/queues/a")]
    [InlineData("/reply-queue/")]
    [InlineData("/topicality/a")]
    public void Unknown_kinds_are_refused(string text) => Assert.Equal(
        "Unknown destination", Destination.Parse(Encoding.UTF8.GetBytes(text), out _).Message);

    [Fact]
    public void Names_have_the_length_that_the_broker_takes()
    {
        Assert.False(Destination.Parse(Encoding.UTF8.GetBytes("/queue/" + new string('a', 255)), out _).IsError);
        Assert.Equal(
            "a name has at most 255 bytes",
            Destination.Parse(Encoding.UTF8.GetBytes("/queue/" + new string('a', 256)), out _).Detail);
    }

    [Theory]
    [InlineData("", "q/1", "/queue/q%2F1")]
    [InlineData("amq.topic", "a.ä", "/topic/a.%C3%A4")]
    [InlineData("x y", "", "/exchange/x y")]
    [InlineData("x", "100%\n", "/exchange/x/100%25%0A")]
    public void Messages_carry_the_destination_of_their_exchange_and_key(string exchange, string key, string text) =>
        Assert.Equal(
            text,
            Encoding.ASCII.GetString(
                Destination.Format(Encoding.UTF8.GetBytes(exchange), Encoding.UTF8.GetBytes(key))));

    [Fact]
    public void A_formatted_destination_means_the_same_again() => Prop.ForAll<NonEmptyString>(given =>
    {
        var key = Encoding.UTF8.GetBytes(given.Get)[..int.Min(given.Get.Length, 60)];
        if (!System.Text.Unicode.Utf8.IsValid(key))
            return;
        foreach (var exchange in (string[])["", "amq.topic", "x/%"])
        {
            var bytes = Encoding.UTF8.GetBytes(exchange);
            Assert.False(Destination.Parse(Destination.Format(bytes, key), out var destination).IsError);
            Assert.Equal(bytes, destination.Exchange);
            Assert.Equal(key, destination.Key);
        }
    }).QuickCheckThrowOnFailure();
}
