using Posthaste.Protocols.Mqtt.Session;
using Posthaste.Protocols.Mqtt.Wire;

namespace Posthaste.Protocols.Mqtt.Tests.Session;

/// <summary>QoS 2 in both directions, step by step: section 4.3.3.</summary>
public sealed class ExactlyOnceTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("posthaste-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData(0u)]
    [InlineData(3600u)]
    public async Task A_repeated_publish_is_not_published_again_4_3_3_10(uint expiryS)
    {
        await using var host = new BrokerHost();
        var subscriber = await host.OpenAsync();
        await subscriber.SubscribeAsync("t", QoS.ExactlyOnce);
        var publisher = await host.OpenAsync("p", options: ConnectOptions.Kept(expiryS));
        await publisher.SendPublishAsync("t", "x", QoS.ExactlyOnce, packetId: 7);
        await publisher.ExpectAsync(PacketType.PubRec, 7);
        await publisher.SendPublishAsync("t", "x", QoS.ExactlyOnce, packetId: 7, duplicate: true);
        await publisher.ExpectAsync(PacketType.PubRec, 7);
        await publisher.AnswerAsync(PacketType.PubRel, 7);
        Assert.Equal(ReasonCode.Success, (await publisher.ExpectAsync(PacketType.PubComp, 7)).Code);
        await publisher.AnswerAsync(PacketType.PubRel, 7);
        Assert.Equal(
            ReasonCode.PacketIdentifierNotFound, (await publisher.ExpectAsync(PacketType.PubComp, 7)).Code);
        await publisher.SendPublishAsync("t", "y", QoS.ExactlyOnce, packetId: 7);
        await publisher.ExpectAsync(PacketType.PubRec, 7);
        Assert.Equal("x", (await subscriber.ReceiveAsync()).Text);
        Assert.Equal("y", (await subscriber.ReceiveAsync()).Text);
        await subscriber.ExpectSilenceAsync();
    }

    [Fact]
    public async Task What_was_received_is_known_after_reconnect_and_restart()
    {
        await using (var host = Durable())
        {
            var subscriber = await host.OpenAsync("s", options: ConnectOptions.Kept());
            await subscriber.SubscribeAsync("t", QoS.ExactlyOnce);
            await subscriber.CloseAsync();
            var publisher = await host.OpenAsync("p", options: ConnectOptions.Kept());
            await publisher.SendPublishAsync("t", "x", QoS.ExactlyOnce, packetId: 9);
            await publisher.ExpectAsync(PacketType.PubRec, 9);
            await publisher.HangUpAsync();
        }

        await using (var host = Durable())
        {
            var publisher = await host.OpenAsync("p", options: ConnectOptions.Kept());
            await publisher.SendPublishAsync("t", "x", QoS.ExactlyOnce, packetId: 9, duplicate: true);
            await publisher.ExpectAsync(PacketType.PubRec, 9);
            await publisher.AnswerAsync(PacketType.PubRel, 9);
            await publisher.ExpectAsync(PacketType.PubComp, 9);
            var subscriber = await host.OpenAsync("s", options: ConnectOptions.Kept());
            Assert.Equal("x", (await subscriber.ReceiveAsync()).Text);
            await subscriber.ExpectSilenceAsync();
        }
    }

    [Fact]
    public async Task What_was_released_is_released_again_and_not_sent_again_4_4_0_1()
    {
        ushort packetId;
        await using (var host = Durable())
        {
            var subscriber = await host.OpenAsync("s", options: ConnectOptions.Kept());
            await subscriber.SubscribeAsync("t", QoS.ExactlyOnce);
            var publisher = await host.OpenAsync();
            await publisher.PublishAsync("t", "x", QoS.ExactlyOnce);
            packetId = (await subscriber.ExpectAsync(PacketType.Publish)).PacketId;
            await subscriber.AnswerAsync(PacketType.PubRec, packetId);
            await subscriber.ExpectAsync(PacketType.PubRel, packetId);
            await subscriber.HangUpAsync();
            var again = await host.OpenAsync("s", options: ConnectOptions.Kept());
            await again.ExpectAsync(PacketType.PubRel, packetId);
            await again.HangUpAsync();
        }

        await using (var host = Durable())
        {
            var subscriber = await host.OpenAsync("s", options: ConnectOptions.Kept());
            await subscriber.ExpectAsync(PacketType.PubRel, packetId);
            await subscriber.AnswerAsync(PacketType.PubComp, packetId);
            await subscriber.ExpectSilenceAsync();
            await subscriber.HangUpAsync();
            var again = await host.OpenAsync("s", options: ConnectOptions.Kept());
            await again.ExpectSilenceAsync();
        }
    }

    [Fact]
    public async Task What_was_released_is_released_again_in_the_order_of_its_PUBRECs_4_6_0_4()
    {
        List<ushort> order = [];
        await using (var host = Durable())
        {
            var subscriber = await host.OpenAsync("s", options: ConnectOptions.Kept());
            await subscriber.SubscribeAsync("t", QoS.ExactlyOnce);
            var publisher = await host.OpenAsync();
            for (var i = 0; i < 4; i++)
                await publisher.PublishAsync("t", $"{i}", QoS.ExactlyOnce);
            for (var i = 0; i < 4; i++)
                order.Add((await subscriber.ExpectAsync(PacketType.Publish)).PacketId);
            order = [order[2], order[0], order[3], order[1]];
            foreach (var packetId in order[..3])
            {
                await subscriber.AnswerAsync(PacketType.PubRec, packetId);
                await subscriber.ExpectAsync(PacketType.PubRel, packetId);
            }
        }

        await using (var host = Durable())
        {
            var subscriber = await host.OpenAsync("s", options: ConnectOptions.Kept());
            foreach (var packetId in order[..3])
                await subscriber.ExpectAsync(PacketType.PubRel, packetId);
            await subscriber.ExpectAsync(PacketType.Publish, order[3]);
            await subscriber.AnswerAsync(PacketType.PubRec, order[3]);
            await subscriber.ExpectAsync(PacketType.PubRel, order[3]);
        }

        await using (var host = Durable())
        {
            var subscriber = await host.OpenAsync("s", options: ConnectOptions.Kept());
            foreach (var packetId in order)
                await subscriber.ExpectAsync(PacketType.PubRel, packetId);
        }
    }

    [Fact]
    public async Task What_was_released_before_notes_had_an_order_is_released_again()
    {
        await using (var host = Durable())
        {
            var subscriber = await host.OpenAsync("s", options: ConnectOptions.Kept());
            await subscriber.SubscribeAsync("t", QoS.ExactlyOnce);
            foreach (ushort packetId in (ushort[])[7, 300])
                host.Host.Notes.Set(new SessionStore(host.Host, "s").ReleasedKey(packetId), default);
        }

        await using (var host = Durable())
        {
            var subscriber = await host.OpenAsync("s", options: ConnectOptions.Kept());
            await subscriber.ExpectAsync(PacketType.PubRel, 7);
            await subscriber.ExpectAsync(PacketType.PubRel, 300);
        }
    }

    [Fact]
    public async Task What_was_not_received_comes_again_with_the_same_identifier_after_a_restart()
    {
        ushort packetId;
        await using (var host = Durable())
        {
            var subscriber = await host.OpenAsync("s", options: ConnectOptions.Kept());
            await subscriber.SubscribeAsync("t", QoS.ExactlyOnce);
            var publisher = await host.OpenAsync();
            await publisher.PublishAsync("t", "first", QoS.ExactlyOnce);
            await publisher.PublishAsync("t", "x", QoS.ExactlyOnce);
            await subscriber.ReceiveAsync();
            packetId = (await subscriber.ExpectAsync(PacketType.Publish)).PacketId;
        }

        await using (var host = Durable())
        {
            var subscriber = await host.OpenAsync("s", options: ConnectOptions.Kept());
            var message = await subscriber.ExpectAsync(PacketType.Publish);
            Assert.Equal((packetId, "x", true), (message.PacketId, message.Text, message.Duplicate));
        }
    }

    [Fact]
    public async Task A_PUBREC_that_refuses_ends_the_delivery_4_3_3()
    {
        await using var host = new BrokerHost();
        var subscriber = await host.OpenAsync("s", options: ConnectOptions.Kept());
        await subscriber.SubscribeAsync("t", QoS.ExactlyOnce);
        var publisher = await host.OpenAsync();
        await publisher.PublishAsync("t", "x", QoS.ExactlyOnce);
        var message = await subscriber.ExpectAsync(PacketType.Publish);
        await subscriber.AnswerAsync(PacketType.PubRec, message.PacketId, ReasonCode.QuotaExceeded);
        await subscriber.ExpectSilenceAsync();
        await subscriber.HangUpAsync();
        var again = await host.OpenAsync("s", options: ConnectOptions.Kept());
        await again.ExpectSilenceAsync();
    }

    [Fact]
    public async Task A_PUBREC_for_nothing_is_told_so()
    {
        await using var host = new BrokerHost();
        var client = await host.OpenAsync();
        await client.AnswerAsync(PacketType.PubRec, 99);
        Assert.Equal(ReasonCode.PacketIdentifierNotFound, (await client.ExpectAsync(PacketType.PubRel, 99)).Code);
    }

    private BrokerHost Durable() => new(options => options.DataDirectory = _directory.FullName);
}
