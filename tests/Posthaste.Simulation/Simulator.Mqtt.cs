using Posthaste.Protocols.Mqtt;
using Posthaste.Simulation.Model;
using Posthaste.Simulation.Mqtt;

namespace Posthaste.Simulation;

/// <summary>MQTT: clients with QoS 1 and 2 on the broker's own sessions, through transports in memory.</summary>
internal sealed partial class Simulator
{
    /// <summary>So short that sessions end in a run now and then, while their clients are away.</summary>
    private const uint SessionExpiryS = 45;

    private const long SessionExpiryMs = SessionExpiryS * 1_000;

    /// <summary>Turns in which everything under way has to come to its end.</summary>
    private const int QuietTurnsMax = 200;

    private readonly MqttModel _mqttModel = new();
    private readonly List<SimulatedMqttPublisher> _mqttPublishers = [];
    private readonly List<SimulatedMqttSubscriber> _mqttSubscribers = [];
    private MqttHandler _mqtt = null!;

    private IEnumerable<SimulatedMqttClient> MqttClients =>
        _mqttPublishers.Concat<SimulatedMqttClient>(_mqttSubscribers);

    /// <summary>Messages that MQTT subscribers have got, for the statistics.</summary>
    public long MqttReceivedCount => _mqttSubscribers.Sum(subscriber => (long)subscriber.ReceivedCount);

    /// <summary>After damage sessions may be anything: nothing is asked of them any more.</summary>
    private bool HasMqtt => IsWorking && !IsOff && !_model.IsDamaged;

    private void MakeMqttClients()
    {
        for (var qos = 1; qos <= 2; qos++)
        {
            var (trace, expiryMs) = (_options.Trace, SessionExpiryMs);
            _mqttPublishers.Add(
                new SimulatedMqttPublisher($"p{qos}", qos, _mqttModel, _host, expiryMs) { Trace = trace });
            _mqttSubscribers.Add(
                new SimulatedMqttSubscriber($"s{qos}", qos, _mqttModel, _host, expiryMs) { Trace = trace });
        }
    }

    /// <summary>The sessions of a broker that has come up.</summary>
    private void StartMqtt()
    {
        var limits = new MqttLimits { SessionExpirySecondsMax = SessionExpiryS, SystemTopicsSeconds = 0 };
        _mqtt = new MqttHandler(_host.Broker, limits);
    }

    private void ActMqtt()
    {
        if (!HasMqtt) return;
        if (_options.ForgetsPacketIds) ForgetPacketIds();
        var client = Pick([.. MqttClients]);
        client.Read();
        if (client is SimulatedMqttSubscriber subscriber) subscriber.Answer(_random.Between(1, 30));
        else PublishMqtt((SimulatedMqttPublisher)client);
        if (client.HasTransport && _random.Chance(0.12)) client.Leave(says: _random.Chance(0.3));
        if (_random.Chance(client.HasTransport ? 0.05 : 0.7)) client.Connect(_mqtt);
        if (_random.Chance(0.5))
        {
            // Sessions read, and the disk is slow: what they append waits for the next step.
            _host.Scheduler.RunPending();
            client.Read();
        }
    }

    /// <summary>What a broker would do that does not record packet identifiers.</summary>
    private void ForgetPacketIds()
    {
        var keys = new List<byte[]>();
        foreach (var note in _host.Host.Notes.WithPrefix("mqtt\0p2.0\0r"u8.ToArray())) keys.Add(note.Key.ToArray());
        foreach (var key in keys) _host.Host.Notes.Remove(key);
    }

    private void PublishMqtt(SimulatedMqttPublisher publisher)
    {
        for (var i = _random.Between(1, 8); i > 0 && publisher.HasRoom; i--)
            publisher.Publish(_random.Chance(0.1) ? _random.Between(2_000, 20_000) : _random.Between(8, 400));
    }

    /// <summary>Most clients come back at once.</summary>
    private void ReturnMqtt()
    {
        if (!HasMqtt) return;
        foreach (var client in MqttClients)
        {
            if (_random.Chance(0.7)) client.Connect(_mqtt);
        }
    }

    private void LeaveMqtt()
    {
        foreach (var client in MqttClients) client.Leave(says: _random.Chance(0.5));
    }

    private void RestMqtt()
    {
        foreach (var client in MqttClients) client.Rested();
    }

    private void LoseMqtt()
    {
        foreach (var client in MqttClients) client.Restarted();
    }

    /// <summary>Brings all that is under way to its end, and looks what has come.</summary>
    private void FinishMqtt()
    {
        for (var turn = 0; HasMqtt && !MqttClients.All(client => client.IsConnected && client.IsQuiet); turn++)
        {
            SimulationFailure.Unless(turn < QuietTurnsMax, "MQTT clients wait for answers that do not come");
            foreach (var client in MqttClients.Where(client => !client.HasTransport))
                client.Connect(_mqtt);
            Rest();
            foreach (var client in MqttClients) client.Read();
            foreach (var subscriber in _mqttSubscribers) subscriber.Answer(int.MaxValue);
        }

        // Sessions that their clients have given up end, and their queues with them.
        _host.Time.Advance(2 * SessionExpiryMs);
        Rest();
    }
}
