using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Mqtt.Wire;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>
/// The answers to a client's publishes of QoS 1, and of QoS 2 where nothing has to be remembered: in the order of the
/// publishes [MQTT-4.6.0-2], [MQTT-4.6.0-3], as soon as the broker has them safe.
/// </summary>
internal sealed class PublishAcks(MqttConnection connection) : ConfirmWindow(connection.Output)
{
    /// <summary>Publishes under way at most: more identifiers than these there are none.</summary>
    public const int UnderWayMax = ushort.MaxValue;

    private const int FirstCapacity = 16;

    // By number, modulo the capacity, a power of two. Guarded by the output's gate, like everything here.
    private Answer[] _answers = new Answer[FirstCapacity];
    private ulong _answeredThrough;
    private List<ushort>? _refused;
    private int _pubAcks;
    private volatile bool _hasRefused;

    /// <summary>Publishes that are not answered yet. May be read without the gate as an estimate.</summary>
    public int UnderWay => (int)(LastSeq - Volatile.Read(ref _answeredThrough));

    /// <summary>Those of QoS 1 among them.</summary>
    public int PubAcksUnderWay => Volatile.Read(ref _pubAcks);

    /// <summary>Numbers a publish.</summary>
    /// <param name="packetId">What the client knows it by.</param>
    /// <param name="type">PUBACK or PUBREC.</param>
    /// <param name="code">What to say when all goes well.</param>
    public ulong Add(ushort packetId, PacketType type, ReasonCode code)
    {
        lock (connection.Output.Gate)
        {
            if (UnderWay == _answers.Length)
                Grow();
            if (type == PacketType.PubAck)
                _pubAcks++;
            var seq = Next();
            _answers[seq & (ulong)(_answers.Length - 1)] = new Answer(packetId, type, code);
            return seq;
        }
    }

    /// <summary>
    /// Takes out the identifiers of QoS 2 whose PUBREC said that they were refused: the client may use them anew.
    /// </summary>
    public void ForgetRefused(HashSet<ushort> received)
    {
        if (!_hasRefused)
            return;
        lock (connection.Output.Gate)
        {
            received.ExceptWith(_refused!);
            _refused = null;
            _hasRefused = false;
        }
    }

    protected override bool TryWrite(ReadOnlySpan<ConfirmRun> runs)
    {
        foreach (var run in runs)
        {
            for (var seq = run.First; seq <= run.Last; seq++)
                Write(_answers[seq & (ulong)(_answers.Length - 1)], run.Accepted);
            Volatile.Write(ref _answeredThrough, run.Last);
        }

        return true;
    }

    private void Write(in Answer answer, bool accepted)
    {
        if (answer.Type == PacketType.PubAck)
            _pubAcks--;
        else if (!accepted)
            NoteRefused(answer.PacketId);
        if (accepted)
            connection.Output.WriteAnswer(answer.Type, answer.PacketId, answer.Code);
        else if (connection.Version == MqttVersion.V5)
            connection.Output.WriteAnswer(answer.Type, answer.PacketId, ReasonCode.QuotaExceeded);
        else
            connection.RequestFail(new WireError(ReasonCode.QuotaExceeded, "a publish was refused")); // [MQTT-3.3.5-2]
    }

    private void NoteRefused(ushort packetId)
    {
        (_refused ??= []).Add(packetId);
        _hasRefused = true;
    }

    private void Grow()
    {
        var larger = new Answer[_answers.Length * 2];
        for (var seq = _answeredThrough + 1; seq <= LastSeq; seq++)
            larger[seq & (ulong)(larger.Length - 1)] = _answers[seq & (ulong)(_answers.Length - 1)];
        _answers = larger;
    }

    private readonly record struct Answer(ushort PacketId, PacketType Type, ReasonCode Code);
}
