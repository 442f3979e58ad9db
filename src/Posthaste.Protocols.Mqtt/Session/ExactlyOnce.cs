using Posthaste.Broker;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Sessions;
using Posthaste.Broker.Transactions;
using Posthaste.Core.Notes;
using Posthaste.Core.Queues;
using Posthaste.Protocols.Mqtt.Wire;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>
/// QoS 2 of a session that is kept: what one side has said and the other must not forget is one record with what it is
/// about, so that it happens once whatever fails (section 4.3.3). All of one read of the socket is one record.
/// <code>
///  client publishes   PUBLISH  ─▶  { message, note "received id" }   durable ─▶ PUBREC
///                     PUBREL   ─▶  { note removed }                  durable ─▶ PUBCOMP
///  client receives    PUBREC   ─▶  { entry settled, note "released id" }  durable ─▶ PUBREL
///                     PUBCOMP  ─▶  note removed; nobody waits
/// </code>
/// What a connection before this one has said may not be durable yet, so what follows from it waits in the same line:
/// PUBREL after a reconnect, and PUBCOMP for an identifier that is forgotten already. Sessions that end with their
/// connection have nothing to remember, and get the same answers at once. The reader's alone.
/// </summary>
internal sealed class ExactlyOnce(MqttConnection connection)
{
    private readonly OutgoingWindow _window = connection.Deliveries.Window;
    private TransactionBuffer? _records;
    private List<Answer> _answers = [];

    private MqttSession Session => connection.Session;

    private TransactionBuffer Records => _records ??= connection.Host.BeginTransaction(connection.Opened);

    /// <summary>Publishes a message that the client has sent with QoS 2.</summary>
    public WireError Publish(ushort packetId, OutgoingPublish message, ReasonCode code, ReadScope scope)
    {
        if (Records.WouldOverflow(message.PropertiesLength + message.BodyLength))
            Flush(scope);
        var error = Note(packetId, code, scope);
        if (error.IsError || !Session.Received.Contains(packetId))
            return error;
        message.Seq = packetId;
        Records.Publish(message);
        return default;
    }

    /// <summary>Remembers that the client has sent a packet with QoS 2; if that cannot be, it is refused.</summary>
    public WireError Note(ushort packetId, ReasonCode code, ReadScope scope)
    {
        if (!Session.Received.Contains(packetId)
            && Records.SetNote(connection.Store.ReceivedKey(packetId), default) is var refusal and not NoteRefusal.None)
        {
            if (connection.Version != MqttVersion.V5)
                return new WireError(ReasonCode.QuotaExceeded, $"a publish cannot be remembered: {refusal}");
            _answers.Add(new Answer(PacketType.PubRec, packetId, ReasonCode.QuotaExceeded));
            return default;
        }

        Session.Received.Add(packetId);
        _answers.Add(new Answer(PacketType.PubRec, packetId, code));
        return default;
    }

    /// <summary>PUBREL: the client will not repeat its publish, so its identifier is forgotten.</summary>
    public void Release(ushort packetId, ReadScope scope)
    {
        var isKnown = Session.Received.Remove(packetId);
        var code = isKnown ? ReasonCode.Success : ReasonCode.PacketIdentifierNotFound;
        if (Session.IsKept)
        {
            if (isKnown)
                Records.RemoveNote(connection.Store.ReceivedKey(packetId));
            _answers.Add(new Answer(PacketType.PubComp, packetId, code));
            return;
        }

        lock (connection.Output.Gate)
            connection.Output.WriteAnswer(PacketType.PubComp, packetId, code);
        scope.Flushes.Add(connection.Output);
    }

    /// <summary>PUBREC: the client has the message, which is settled; PUBREL is what it is owed now.</summary>
    public void Received(ushort packetId, EntryId id, QueueDelivery owner, ReadScope scope)
    {
        if (!Session.IsKept)
        {
            scope.Settlements.Add(
                new UnackedDelivery(packetId, id, owner), Settlement.Acknowledge, scope.Flushes);
            return;
        }

        var order = Session.AddReleased(packetId);
        Records.Settle(owner.Queue, id, owner);
        Records.SetNote(connection.Store.ReleasedKey(packetId), SessionStore.ReleasedValue(order));
        _answers.Add(new Answer(PacketType.PubRel, packetId, ReasonCode.Success));
    }

    /// <summary>PUBCOMP: it is over.</summary>
    public void Complete(ushort packetId)
    {
        if (Session.Released.Remove(packetId))
            connection.Host.Notes.Remove(connection.Store.ReleasedKey(packetId));
    }

    /// <summary>
    /// What an earlier connection has released and not seen the end of is released again [MQTT-4.4.0-1], in the order
    /// in which its PUBRECs came [MQTT-4.6.0-4].
    /// </summary>
    public void ResendReleased()
    {
        if (Session.Released.Count == 0)
            return;
        lock (connection.Output.Gate)
        {
            foreach (var packetId in Session.Released)
            {
                _window.RestoreReleased(packetId);
                _answers.Add(new Answer(PacketType.PubRel, packetId, ReasonCode.Success));
            }
        }
    }

    /// <summary>Records what has gathered; the answers leave when it is durable.</summary>
    public void Flush(ReadScope scope)
    {
        if (_answers.Count == 0)
            return;
        var answers = new Answers(connection, _window, _answers);
        _answers = [];
        Records.Commit(answers);
        foreach (var refused in answers.Refused)
        {
            // The client may send it again as a new one: PUBREC says that it was refused.
            Session.Received.Remove((ushort)refused);
            connection.Host.Notes.Remove(connection.Store.ReceivedKey((ushort)refused));
        }
    }

    /// <summary>The connection is over: gives back the room that notes hold.</summary>
    public void Close() => _records?.Rollback();

    private readonly record struct Answer(PacketType Type, ushort PacketId, ReasonCode Code);

    private sealed class Answers(MqttConnection connection, OutgoingWindow window, List<Answer> answers)
        : TransactionReply
    {
        protected override void Applied(bool durable, FlushSet flushes)
        {
            if (!durable)
            {
                connection.RequestCloseAsNotDurable();
                return;
            }

            lock (connection.Output.Gate)
            {
                foreach (var answer in answers)
                    Write(answer);
            }

            flushes.Add(connection.Output);
        }

        private void Write(in Answer answer)
        {
            var code = answer.Code;
            if (answer.Type == PacketType.PubRel)
                window.Released(answer.PacketId);
            if (answer.Type == PacketType.PubRec && Refused.Contains(answer.PacketId))
                code = ReasonCode.QuotaExceeded;
            if (code == ReasonCode.QuotaExceeded && connection.Version != MqttVersion.V5)
                connection.RequestFail(new WireError(code, "a publish was refused")); // [MQTT-3.3.5-2]
            else
                connection.Output.WriteAnswer(answer.Type, answer.PacketId, code);
        }
    }
}
