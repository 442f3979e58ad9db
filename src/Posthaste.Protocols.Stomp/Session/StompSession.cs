using System.Buffers.Text;
using System.Security.Cryptography;
using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Sessions;
using Posthaste.Broker.Statistics;
using Posthaste.Core.Catalog;
using Posthaste.Protocols.Stomp.Format;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Session;

/// <summary>
/// A client that has logged in: what its frames mean in the broker's terms. The connection's reader alone calls it;
/// what other threads touch (deliveries, receipts, the tables of subscriptions) is guarded by the output's gate.
/// </summary>
/// <remarks>Any error ends the connection, as the specification has it for the server that sends an ERROR.</remarks>
internal sealed partial class StompSession : ITrafficSource
{
    // 64 random bits: acknowledgements of another connection's messages are not mistaken for this one's.
    private const int IdBytes = 8;

    private readonly BrokerConnection _opened;
    private readonly StompLimits _limits;
    private SendPath? _sends;
    private long _acknowledgedCount;

    public StompSession(StompConnection connection, BrokerConnection opened, VirtualHost host, StompVersion version)
    {
        _opened = opened;
        _limits = connection.Limits;
        Connection = connection;
        Host = host;
        Version = version;
        Headers = new DeliveredHeaders(connection.Broker.Formats, version);
        Id = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(IdBytes));
        Receipts = new Receipts(connection.Output, connection.OnRefused, connection.Wake);
        opened.CountTraffic(this);
    }

    public StompConnection Connection { get; }

    public VirtualHost Host { get; }

    public MessageBroker Broker => Host.Broker;

    public StompOutput Output => Connection.Output;

    public StompVersion Version { get; }

    /// <summary>The header `session` of CONNECTED, part of what messages are acknowledged by.</summary>
    public string Id { get; }

    public Receipts Receipts { get; }

    /// <summary>The headers of messages that go to this client.</summary>
    public DeliveredHeaders Headers { get; }

    void ITrafficSource.ReadTraffic(ref TrafficCounts into)
    {
        into.Deliveries = Output.Deliveries;
        into.Publishing.AcknowledgedCount = _acknowledgedCount;
        if (_sends is not { } sends)
            return;
        into.Publishing.PublishedCount = sends.Count;
        into.Publishing.DroppedCount = sends.DroppedCount;

        // Other frames ask for receipts too.
        into.ToConfirmCount = sends.ReceiptCount;
        into.ConfirmedCount = long.Min(sends.ReceiptCount, Receipts.ConfirmedCount);
    }

    void ITrafficSource.ShowOldest(OldestDeliveries into)
    {
        lock (Output.Gate)
        {
            foreach (var subscription in _byNumber.Values)
                subscription.ShowOldest(into);
        }
    }

    /// <summary>Notes how old what is out is by now. The ticker's.</summary>
    public void NoteAges(long nowMs)
    {
        if (UnackedCount == 0)
            return;
        lock (Output.Gate)
        {
            foreach (var subscription in _byNumber.Values)
                subscription.NoteAges(nowMs);
        }
    }

    /// <summary>Hands over the messages that were gathered.</summary>
    public void FlushSends(ReadScope scope) => _sends?.Flush(scope);

    /// <summary>Takes one frame; an error is for the connection to act upon.</summary>
    public StompError Handle(scoped in StompFrame frame, ReadScope scope)
    {
        if (frame.Raw(KnownHeader.Receipt).Length > _limits.IdBytesMax)
            return new("Invalid header", $"a receipt has at most {_limits.IdBytesMax} bytes");
        switch (frame.Command)
        {
            case StompCommand.Send:
                return Send(frame, scope);
            case StompCommand.Ack:
                return Settle(frame, Settlement.Acknowledge, scope);
            case StompCommand.Nack:
                return Nack(frame, scope);
        }

        // Everything else sees the effects of what came before it in the same read.
        Connection.HandOverAll(scope);
        return frame.Command switch
        {
            StompCommand.Subscribe => Subscribe(frame, scope),
            StompCommand.Unsubscribe => Unsubscribe(frame, scope),
            StompCommand.Begin => Begin(frame, scope),
            StompCommand.Commit => Commit(frame, scope),
            StompCommand.Abort => Abort(frame, scope),
            _ => new("Illegal command", $"{frame.Command.WireName()} on a connection that is open already"),
        };
    }

    /// <summary>
    /// Cancels subscriptions, returns what is not acknowledged, forgets transactions. However it ends, who held a
    /// message has gone without having dealt with it: that is a failed delivery, as RabbitMQ counts it.
    /// </summary>
    public void End(ReadScope scope)
    {
        Receipts.Close();
        EndTransactions();
        EndSubscriptions(scope);
    }

    /// <summary>A frame is done with that promises nothing durable.</summary>
    public void ReceiptAtOnce(scoped in StompFrame frame, ReadScope scope)
    {
        if (!frame.Has(KnownHeader.Receipt))
            return;
        var number = Receipts.Expect(frame.Raw(KnownHeader.Receipt));
        Receipts.Report(number, number, accepted: true, scope.Flushes);
    }

    /// <summary>
    /// Makes sure that the queue of a `/queue/…` is there: as the frame's headers have it, or as it is if they say
    /// nothing of it.
    /// </summary>
    public StompError Declare(scoped in StompFrame frame, Destination destination, out CatalogResult result)
    {
        result = default;
        var error = QueueParameters.Read(frame, destination.Kind, out var parameters);
        if (error.IsError)
            return error;
        if (!parameters.AreDefault || !Host.TryGetQueue(destination.Key, out var queue))
            return Declare(destination.KeyText, parameters, out result);
        result = new CatalogResult(null, queue, null, IsJournaled: false);
        return default;
    }

    private StompError Declare(string name, in QueueParameters parameters, out CatalogResult result)
    {
        result = Host.DeclareQueue(
            name, passive: false, parameters.Durable, parameters.Exclusive, parameters.AutoDelete,
            parameters.Arguments, _opened);
        return ToWire(result.Error);
    }

    private StompError Send(scoped in StompFrame frame, ReadScope scope)
    {
        Connection.NotePublish(frame.Body.Length);
        var error = FindTransaction(frame, out var transaction);
        if (error.IsError)
            return error;
        if (transaction is not null)
        {
            error = CheckRoom(frame.Headers.Length + frame.Body.Length);
            if (error.IsError)
                return error;
        }

        return (_sends ??= new SendPath(this)).Send(frame, transaction, scope);
    }

    /// <summary>A frame is done with in memory; its receipt follows when that is on disk.</summary>
    private void ReceiptWhenDurable(scoped in StompFrame frame)
    {
        if (frame.Has(KnownHeader.Receipt))
            Broker.Pipeline.Post(Receipts.WhenDurable(Receipts.Expect(frame.Raw(KnownHeader.Receipt))));
    }

    /// <summary>The names are AMQP's, which is what RabbitMQ's adapter puts into `message`.</summary>
    private static StompError ToWire(CatalogError? error) => error is null ? default : new(
        error.Code switch
        {
            CatalogErrorCode.NotFound => "not_found",
            CatalogErrorCode.PreconditionFailed => "precondition_failed",
            CatalogErrorCode.ResourceLocked => "resource_locked",
            CatalogErrorCode.AccessRefused => "access_refused",
            CatalogErrorCode.NotImplemented => "not_implemented",
            _ => throw new ArgumentOutOfRangeException(nameof(error), error.Code, "not a catalog error"),
        },
        error.Text);
}
