using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Posthaste.Broker.Formats;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Queues;
using Posthaste.Core.Messages;
using Posthaste.Primitives;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.Taps;

/// <summary>
/// Makes the firehose's messages of one thread, and publishes them. What is made on a strand is copied, and published
/// when that is left.
/// </summary>
internal sealed unsafe class TraceWriter
{
    private readonly MessageBroker _broker;
    private readonly RouteCache _routes;
    private readonly PublishBatch _batch;
    private readonly MessageProperties _properties = new();
    private readonly byte[] _key = new byte["publish.".Length + byte.MaxValue];
    private List<OutgoingPublish> _waiting = [];
    private List<OutgoingPublish> _leaving = [];
    private PinnedSpace _waitingBytes;
    private PinnedSpace _leavingBytes;
    private Route? _route;
    private int _keyBytes;
    private bool _isFlushing;

    public TraceWriter(VirtualHost host)
    {
        _broker = host.Broker;
        _routes = host.CreateRouteCache();
        _batch = new PublishBatch(_broker);
        _waitingBytes = new PinnedSpace(_broker.Buffers);
        _leavingBytes = new PinnedSpace(_broker.Buffers);
    }

    public static ReadOnlySpan<byte> Exchange => "amq.rabbitmq.trace"u8;

    public long NowMs => _broker.NowMs;

    private ReadOnlySpan<byte> Key => _key.AsSpan(0, _keyBytes);

    /// <summary>Begins a message with the key of prefix and name.</summary>
    /// <returns>False when nobody gets it: then there is nothing to add.</returns>
    public bool TryBegin(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> name)
    {
        prefix.CopyTo(_key);
        name.CopyTo(_key.AsSpan(prefix.Length));
        _keyBytes = prefix.Length + name.Length;
        var status = _routes.Resolve(Exchange, Key, out _route!);
        return status == RouteStatus.NeedsHeaders || (status == RouteStatus.Found && !_route.IsEmpty);
    }

    /// <summary>Adds a message that was published. Its body stays where it is until the flush.</summary>
    public void Add(in MessageView message, ReadOnlySpan<KeyValuePair<string, FieldValue>> what)
    {
        _broker.Formats.Read(message, _properties);
        Add(in message, copiesBody: false, what);
    }

    /// <summary>Adds a message that was delivered.</summary>
    public void Add(in DeliveredMessage message, ReadOnlySpan<KeyValuePair<string, FieldValue>> what)
    {
        _broker.Formats.Read(in message, _properties);
        Add(message.Message, copiesBody: true, what);
    }

    /// <summary>
    /// Publishes what was added. Not on a strand. While it does, consumers of the same queues may get other messages,
    /// which are added here and published before it returns.
    /// </summary>
    public void Flush(FlushSet flushes)
    {
        if (_isFlushing) return;
        _isFlushing = true;
        while (_waiting.Count > 0)
        {
            (_waiting, _leaving) = (_leaving, _waiting);
            (_waitingBytes, _leavingBytes) = (_leavingBytes, _waitingBytes);
            foreach (ref readonly var message in CollectionsMarshal.AsSpan(_leaving))
            {
                _batch.Add() = message;
                if (_batch.IsFull) _batch.Flush(flushes);
            }

            _batch.Flush(flushes);
            _leaving.Clear();
            _leavingBytes.Release();
        }

        _isFlushing = false;
    }

    private void Add(
        in MessageView message, bool copiesBody, ReadOnlySpan<KeyValuePair<string, FieldValue>> what)
    {
        var headers = FieldTable.Create(
        [
            new("exchange_name", FieldValue.String(message.Exchange)),
            new("routing_keys", FieldValue.Array(
            [
                FieldValue.String(message.RoutingKey),
                .. _broker.Formats.For(message.Format).ReadExtraRoutingKeys(in message)
                    .Select(static key => FieldValue.String(key)),
            ])),
            new("properties", PropertyTable.Of(_properties)), new("node", MessageBroker.NodeName), .. what,
        ]);
        var route = _route;
        if (route is null
            && (_routes.Resolve(Exchange, Key, [], new TableLookup(headers), out route) != RouteStatus.Found
                || route.IsEmpty))
        {
            return;
        }

        var properties = _waitingBytes.Take(BrokerFormat.GetBytes(headers));
        BrokerFormat.Write(properties, timestampS: 0, headers);
        var body = message.Body;
        if (copiesBody)
        {
            var copy = _waitingBytes.Take(body.Length);
            body.CopyTo(copy);
            body = copy;
        }

        _waiting.Add(new OutgoingPublish
        {
            Route = route,
            TtlMs = -1,
            Format = PropertyFormat.Broker,
            Properties = AddressOf(properties),
            PropertiesLength = properties.Length,
            Body = AddressOf(body),
            BodyLength = body.Length,
        });
    }

    // Pinned: by the publisher until the end of its flush, or in a space of ours.
    private static byte* AddressOf(ReadOnlySpan<byte> pinned) =>
        (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(pinned));
}
