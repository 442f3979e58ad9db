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

    /// <summary>What a client was told to be gone is not there after a crash.</summary>
    [Fact]
    public void ConnAckOfACleanStartWaitsUntilTheOldSessionIsDurablyGone()
    {
        Subscribed("c").HangUp();
        _host.Idle();
        var clean = Ask("c", isClean: true);
        _host.Scheduler.RunPending();
        Assert.False(clean.TryRead(out _));

        _host.Idle();
        Assert.Equal([0, 0], Read(clean).Body);
        _host.CrashAndOpen();
        Assert.Equal([0, 0], AfterCrash("c").Body);
    }

    /// <summary>Who ended the session is gone before that is on disk, and the next one does not ask for it.</summary>
    [Fact]
    public void ConnAckWaitsAlsoWhereAnEarlierConnectionHasEndedTheSession()
    {
        Subscribed("c");
        var clean = Ask("c", isClean: true);
        _host.Scheduler.RunPending();
        Assert.False(clean.TryRead(out _));
        clean.HangUp();
        var again = Ask("c");
        _host.Scheduler.RunPending();
        Assert.False(again.TryRead(out _));
        _host.Idle();
        Assert.Equal([0, 0], Read(again).Body);
    }

    [Fact]
    public void AFailedJournalEndsWhoWaitsForIt()
    {
        Subscribed("c").HangUp();
        _host.Idle();
        var clean = Ask("c", isClean: true);
        _host.Scheduler.RunPending();
        _host.Faulty.WriteErrorChance = 1;
        _host.Idle();
        Assert.False(clean.TryRead(out var packet) && packet.Body is [0, 0]);
    }

    /// <summary>A client with a session and a subscription in it.</summary>
    private StepTransport Subscribed(string clientId)
    {
        var transport = Connect(clientId);
        transport.Send(MqttPacket.Subscribe("t", 1));
        _host.Idle();
        Assert.Equal(MqttPacketType.SubAck, Read(transport).Type);
        return transport;
    }

    /// <summary>The answer to a client that comes to the broker's next life.</summary>
    private MqttPacket AfterCrash(string clientId)
    {
        var handler = new MqttHandler(_host.Broker, new MqttLimits { SystemTopicsSeconds = 0 });
        var transport = new StepTransport(_host.Scheduler);
        _ = handler.ServeAsync(transport.Connection, CancellationToken.None);
        transport.Send(MqttPacket.Connect(clientId, isClean: false));
        _host.Idle();
        return Read(transport);
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

    private StepTransport Ask(string clientId, bool isClean = false)
    {
        var transport = new StepTransport(_host.Scheduler);
        _ = _handler.ServeAsync(transport.Connection, CancellationToken.None);
        transport.Send(MqttPacket.Connect(clientId, isClean));
        return transport;
    }

    private static MqttPacket Read(StepTransport transport)
    {
        Assert.True(transport.TryRead(out var packet));
        return packet;
    }
}
