using System.Text;
using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Formats;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Transactions;
using Posthaste.Core.Messages;
using Posthaste.Core.Retained;
using Posthaste.Primitives.Tables;
using Posthaste.Simulation.Hosting;

namespace Posthaste.Simulation.Clients;

/// <summary>What is known of the fate of one message.</summary>
internal enum Verdict
{
    Open,
    Confirmed,
    Refused,
}

/// <summary>
/// A publisher in confirm mode that calls the broker as a session would. One thread publishes; confirms may come on
/// another.
/// </summary>
internal sealed class Publisher : PublishSource
{
    private readonly VirtualHost _host;
    private readonly PublishBatch _batch;
    private readonly RouteCache _routes;
    private readonly List<byte[]> _pinned = [];
    private readonly List<Verdict> _verdicts = [];

    public Publisher(BrokerHost host)
        : this(host.Broker, host.Host)
    {
    }

    /// <summary>For any broker, also for one with threads of its own.</summary>
    public Publisher(MessageBroker broker, VirtualHost host)
    {
        _batch = new PublishBatch(broker);
        _host = host;
        _routes = host.CreateRouteCache();
    }

    /// <summary>One that the broker knows as this client, so that taps are told of what it publishes.</summary>
    public Publisher(BrokerConnection by)
    {
        _batch = new PublishBatch(by);
        _host = by.Host;
        _routes = by.Host.CreateRouteCache(by);
    }

    /// <summary>Milliseconds for which what is published from now on is delayed; 0 for not.</summary>
    public long DelayMs { get; set; }

    /// <summary>Headers of what is published from now on; null for no properties at all.</summary>
    public FieldTable? Headers { get; set; }

    /// <summary>Called for each run that the broker reports.</summary>
    public Action<ulong, ulong, bool>? OnHandled { get; init; }

    public int ConfirmedCount => Count(Verdict.Confirmed);

    public int RefusedCount => Count(Verdict.Refused);

    public int OpenCount => Count(Verdict.Open);

    public Verdict VerdictOf(ulong seq)
    {
        lock (_verdicts) return _verdicts[(int)seq];
    }

    /// <summary>Publishes to a queue through the default exchange and hands it over at once.</summary>
    public ulong Publish(string queue, string body, bool persistent = true, byte priority = 0, long ttlMs = -1)
    {
        var seq = Add("", queue, Encoding.UTF8.GetBytes(body), persistent, priority, ttlMs);
        Flush();
        return seq;
    }

    /// <summary>Adds to the batch.</summary>
    /// <returns>Number of the message, from 0; of an unroutable one too, which counts as confirmed.</returns>
    public ulong Add(
        string exchange, string routingKey, byte[] body, bool persistent, byte priority = 0,
        long ttlMs = -1, bool confirm = true)
    {
        var isRouted = TryFill(exchange, routingKey, body, persistent, priority, ttlMs, out var publish);
        ulong seq;
        lock (_verdicts)
        {
            seq = (ulong)_verdicts.Count;
            _verdicts.Add(isRouted ? Verdict.Open : Verdict.Confirmed);
        }

        if (!isRouted) return seq;
        publish.Source = confirm ? this : null;
        publish.Seq = seq;
        _batch.Add() = publish;
        if (_batch.IsFull) Flush();
        return seq;
    }

    /// <summary>The number that the next message gets.</summary>
    public ulong NextSeq
    {
        get
        {
            lock (_verdicts) return (ulong)_verdicts.Count;
        }
    }

    public void Flush()
    {
        var flushes = FlushSet.ForThisThread;
        _batch.Flush(flushes);
        flushes.FlushAll();
        _pinned.Clear();
    }

    /// <summary>Publishes to `amq.topic`, to be retained, and hands it over at once or with the batch.</summary>
    public RetainRefusal Retain(
        string routingKey, string body, bool persistent = true, long ttlMs = -1, bool atOnce = true)
    {
        var refusal = TryRetain(routingKey, body, persistent, ttlMs, out var publish);
        if (refusal != RetainRefusal.None) return refusal;
        publish.Source = this;
        lock (_verdicts)
        {
            publish.Seq = (ulong)_verdicts.Count;
            _verdicts.Add(Verdict.Open);
        }

        _batch.Add() = publish;
        if (atOnce) Flush();
        return refusal;
    }

    /// <summary>The same as part of a transaction.</summary>
    public RetainRefusal RetainIn(TransactionBuffer transaction, string routingKey, string body)
    {
        var refusal = TryRetain(routingKey, body, persistent: true, ttlMs: -1, out var publish);
        if (refusal == RetainRefusal.None) transaction.Publish(in publish);
        return refusal;
    }

    /// <summary>Adds to a transaction.</summary>
    public void AddTo(
        TransactionBuffer transaction, string queue, byte[] body, bool persistent = true, byte priority = 0,
        ulong seq = 0, string exchange = "")
    {
        if (!TryFill(exchange, queue, body, persistent, priority, -1, out var publish)) return;
        publish.Seq = seq;
        transaction.Publish(in publish);
    }

    protected internal override void Handled(ulong firstSeq, ulong lastSeq, bool accepted, FlushSet flushes)
    {
        lock (_verdicts)
        {
            for (var seq = firstSeq; seq <= lastSeq; seq++)
            {
                Primitives.Checks.Require(_verdicts[(int)seq] == Verdict.Open, "a message was handled twice");
                _verdicts[(int)seq] = accepted ? Verdict.Confirmed : Verdict.Refused;
            }
        }

        OnHandled?.Invoke(firstSeq, lastSeq, accepted);
    }

    private int Count(Verdict wanted)
    {
        lock (_verdicts) return _verdicts.Count(verdict => verdict == wanted);
    }

    private RetainRefusal TryRetain(
        string routingKey, string body, bool persistent, long ttlMs, out OutgoingPublish publish)
    {
        var found = TryFill(
            "amq.topic", routingKey, Encoding.UTF8.GetBytes(body), persistent, priority: 0, ttlMs, out publish,
            orEmpty: true);
        Primitives.Checks.Require(found, "amq.topic is always there");
        return _host.Retained.Prepare(ref publish);
    }

    private unsafe bool TryFill(
        string exchange, string routingKey, byte[] body, bool persistent, byte priority, long ttlMs,
        out OutgoingPublish publish, bool orEmpty = false)
    {
        publish = default;
        var (to, key) = (Encoding.UTF8.GetBytes(exchange), Encoding.UTF8.GetBytes(routingKey));
        var status = DelayMs > 0
            ? _routes.ResolveDelayed(to, key, DelayMs, out var route)
            : _routes.Resolve(to, key, out route);
        if (status != RouteStatus.Found || (route.IsEmpty && !orEmpty)) return false;
        var propertyBytes = Headers is null ? 0 : BrokerFormat.GetBytes(Headers);
        var pinned = GC.AllocateUninitializedArray<byte>(Math.Max(1, body.Length + propertyBytes), pinned: true);
        body.CopyTo(pinned, 0);
        if (Headers is not null) BrokerFormat.Write(pinned.AsSpan(body.Length), timestampS: 0, Headers);
        _pinned.Add(pinned);
        var bytes = (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref pinned[0]);
        publish = new OutgoingPublish
        {
            Route = route,
            TtlMs = ttlMs,
            Format = Headers is null ? PropertyFormat.None : PropertyFormat.Broker,
            Flags = persistent ? MessageFlags.Persistent : MessageFlags.None,
            Priority = priority,
            Properties = bytes + body.Length,
            PropertiesLength = propertyBytes,
            Body = bytes,
            BodyLength = body.Length,
        };
        return true;
    }
}

/// <summary>Remembers whether it was called.</summary>
internal sealed class RecordingCallback : TransactionReply
{
    /// <summary>Null until it was called.</summary>
    public bool? Durable { get; private set; }

    protected internal override void Applied(bool durable, FlushSet flushes)
    {
        Primitives.Checks.Require(Durable is null, "a callback was called twice");
        Durable = durable;
    }
}

/// <summary>A get whose answer is written down.</summary>
internal sealed class RecordingGet : Broker.Queues.GetRequest
{
    /// <summary>Null until it was answered; an empty text when there was nothing.</summary>
    public string? Body { get; private set; }

    public Core.Queues.EntryId Id { get; private set; }

    public bool Redelivered { get; private set; }

    public long Remaining { get; private set; }

    protected internal override void OnMessage(
        in Broker.Queues.DeliveredMessage message, long remaining, FlushSet flushes)
    {
        Body = Encoding.UTF8.GetString(message.Message.Body);
        Id = message.Id;
        Redelivered = message.Redelivered;
        Remaining = remaining;
    }

    protected internal override void OnEmpty(FlushSet flushes) => Body = "";
}
