using Posthaste.Protocols.Mqtt;
using Posthaste.Simulation.Hosting;
using Posthaste.Simulation.Mqtt;
using Posthaste.Storage.Devices;
using Posthaste.Testing;

namespace Posthaste.Broker.Tests.Simulation;

/// <summary>
/// MQTT clients that come back faster than the disk writes: what an earlier connection has said is in memory only, and
/// nothing that follows from it may be told before it is durable.
/// </summary>
public sealed class MqttReconnectTests
{
    private readonly BrokerHost _host = new BrokerHost(new FaultyDevice(1)).Open();
    private readonly MqttHandler _handler;

    public MqttReconnectTests() =>
        _handler = new MqttHandler(_host.Broker, new MqttLimits { SystemTopicsSeconds = 0 });

    [Fact]
    public void PubRelWaitsForTheRecordOfThePubRecBeforeTheReconnect()
    {
        var subscriber = Connect("s");
        subscriber.Send(MqttPacket.Subscribe("t", 2));
        _host.Idle();
        Assert.Equal(MqttPacketType.SubAck, Read(subscriber).Type);
        Connect("p").Send(MqttPacket.Publish("t", 2, isRetained: false, isDup: false, 7, [1]));
        _host.Idle();
        var packetId = Read(subscriber).PacketId;

        subscriber.Send(MqttPacket.Answer(MqttPacketType.PubRec, packetId));
        var again = Reconnect(subscriber, "s");
        Assert.False(again.TryRead(out _));

        _host.Idle();
        Assert.Equal(MqttPacket.Answer(MqttPacketType.PubRel, packetId).Encode(), Read(again).Encode());
    }

    [Fact]
    public void PubCompWaitsForTheRecordOfThePubRelBeforeTheReconnect()
    {
        var publisher = Connect("p");
        publisher.Send(MqttPacket.Publish("t", 2, isRetained: false, isDup: false, 7, [1]));
        _host.Idle();
        Assert.Equal(MqttPacketType.PubRec, Read(publisher).Type);

        publisher.Send(MqttPacket.Answer(MqttPacketType.PubRel, 7));
        var again = Reconnect(publisher, "p");
        again.Send(MqttPacket.Answer(MqttPacketType.PubRel, 7));
        _host.Scheduler.RunPending();
        Assert.False(again.TryRead(out _));

        _host.Idle();
        Assert.Equal(MqttPacket.Answer(MqttPacketType.PubComp, 7).Encode(), Read(again).Encode());
    }

    private StepTransport Connect(string clientId)
    {
        var transport = Ask(clientId);
        _host.Idle();
        Assert.Equal(MqttPacketType.ConnAck, Read(transport).Type);
        return transport;
    }

    /// <summary>Comes back before anything that was sent is on disk.</summary>
    private StepTransport Reconnect(StepTransport transport, string clientId)
    {
        transport.HangUp();
        var again = Ask(clientId);
        _host.Scheduler.RunPending();
        Assert.Equal([1, 0], Read(again).Body);
        return again;
    }

    private StepTransport Ask(string clientId)
    {
        var transport = new StepTransport(_host.Scheduler);
        _ = _handler.ServeAsync(transport.Connection, CancellationToken.None);
        transport.Send(MqttPacket.Connect(clientId, isClean: false));
        return transport;
    }

    private static MqttPacket Read(StepTransport transport)
    {
        Assert.True(transport.TryRead(out var packet));
        return packet;
    }
}
