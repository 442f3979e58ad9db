using System.Text;
using Posthaste.Broker.Formats;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Replies;
using Posthaste.Broker.Security.Access;
using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>Exchanges, queues and bindings.</summary>
internal sealed partial class AmqpChannel
{
    private WireError HandleExchange(MethodId method, ReadOnlySpan<byte> payload) => method switch
    {
        MethodId.ExchangeDeclare => ExchangeDeclare.TryRead(payload, out var m) ? Handle(m) : Malformed(method),
        MethodId.ExchangeDelete => ExchangeDelete.TryRead(payload, out var m) ? Handle(m) : Malformed(method),
        MethodId.ExchangeBind => ExchangeBind.TryRead(payload, out var m) ? Handle(m) : Malformed(method),
        MethodId.ExchangeUnbind => ExchangeUnbind.TryRead(payload, out var m) ? Handle(m) : Malformed(method),
        _ => Unknown(method),
    };

    private WireError HandleQueue(MethodId method, ReadOnlySpan<byte> payload, ReadScope scope) => method switch
    {
        MethodId.QueueDeclare => QueueDeclare.TryRead(payload, out var m) ? Handle(m) : Malformed(method),
        MethodId.QueueBind => QueueBind.TryRead(payload, out var m) ? Handle(m) : Malformed(method),
        MethodId.QueueUnbind => QueueUnbind.TryRead(payload, out var m) ? Handle(m) : Malformed(method),
        MethodId.QueuePurge => QueuePurge.TryRead(payload, out var m) ? Handle(m, scope) : Malformed(method),
        MethodId.QueueDelete => QueueDelete.TryRead(payload, out var m) ? Handle(m) : Malformed(method),
        _ => Unknown(method),
    };

    private WireError Handle(in ExchangeDeclare declare)
    {
        var result = Host.DeclareExchange(
            TextOf(declare.Exchange), Encoding.UTF8.GetString(declare.Type), declare.Passive, declare.Durable,
            declare.AutoDelete,
            declare.Internal, Arguments(declare.Arguments), _connection.Opened);
        return Answer(result, MethodId.ExchangeDeclare, declare.NoWait, default(ExchangeDeclareOk));
    }

    private WireError Handle(in ExchangeDelete delete)
    {
        var result = Host.DeleteExchange(TextOf(delete.Exchange), delete.IfUnused, _connection.Opened);
        return Answer(result, MethodId.ExchangeDelete, delete.NoWait, default(ExchangeDeleteOk));
    }

    private WireError Handle(in ExchangeBind bind)
    {
        var result = Host.BindExchange(
            TextOf(bind.Destination), TextOf(bind.Source), Encoding.UTF8.GetString(bind.RoutingKey),
            Arguments(bind.Arguments), _connection.Opened);
        return Answer(result, MethodId.ExchangeBind, bind.NoWait, default(ExchangeBindOk));
    }

    private WireError Handle(in ExchangeUnbind unbind)
    {
        var result = Host.UnbindExchange(
            TextOf(unbind.Destination), TextOf(unbind.Source), Encoding.UTF8.GetString(unbind.RoutingKey),
            Arguments(unbind.Arguments), _connection.Opened);
        return Answer(result, MethodId.ExchangeUnbind, unbind.NoWait, default(ExchangeUnbindOk));
    }

    private WireError Handle(in QueueDeclare declare)
    {
        var name = TextOf(declare.Queue);
        if (name.StartsWith(DirectReplies.PseudoQueue, StringComparison.Ordinal)
            || ReplyAddress.IsForwarding(declare.Queue))
        {
            return DeclareReplyQueue(name, declare.NoWait);
        }

        var result = Host.DeclareQueue(
            name, declare.Passive, declare.Durable, declare.Exclusive, declare.AutoDelete, Arguments(declare.Arguments),
            _connection.Opened);
        if (result.Error is null)
            _lastQueue = result.Queue!.Name;
        return Answer(result, MethodId.QueueDeclare, declare.NoWait, new QueueDeclareOk
        {
            Queue = Encoding.UTF8.GetBytes(_lastQueue),
            MessageCount = (uint)(result.Queue?.MessageCount ?? 0),
            ConsumerCount = (uint)(result.Queue?.ConsumerCount ?? 0),
        });
    }

    /// <summary>A responder asks whether the requester still waits: all declares of reply names are passive.</summary>
    private WireError DeclareReplyQueue(string name, bool noWait)
    {
        if (name != DirectReplies.PseudoQueue && !IsReplyAddress(Encoding.UTF8.GetBytes(name)))
            return NoQueue(name, MethodId.QueueDeclare);
        _lastQueue = name;
        if (!noWait)
            Reply(new QueueDeclareOk { Queue = Encoding.UTF8.GetBytes(name), MessageCount = 0, ConsumerCount = 1 });
        return default;
    }

    private bool IsReplyAddress(ReadOnlySpan<byte> name) =>
        ReplyAddress.TryParse(name, stackalloc byte[ReplyAddress.ExchangeBytesMax], out var address)
            ? Host.TryGetExchange(address.Exchange, out _)
            : _connection.Broker.Replies.Exists(name);

    private WireError Handle(in QueueBind bind)
    {
        var key = bind.RoutingKey;
        if (!TryResolveQueue(bind.Queue, MethodId.QueueBind, out var queue, out var error))
            return error;
        var result = Host.BindQueue(
            queue, TextOf(bind.Exchange), KeyOf(bind.Queue, key), Arguments(bind.Arguments), _connection.Opened);
        return Answer(result, MethodId.QueueBind, bind.NoWait, default(QueueBindOk));
    }

    private WireError Handle(in QueueUnbind unbind)
    {
        if (!TryResolveQueue(unbind.Queue, MethodId.QueueUnbind, out var queue, out var error))
            return error;
        var result = Host.UnbindQueue(
            queue, TextOf(unbind.Exchange), KeyOf(unbind.Queue, unbind.RoutingKey), Arguments(unbind.Arguments),
            _connection.Opened);
        return Answer(result, MethodId.QueueUnbind, noWait: false, default(QueueUnbindOk));
    }

    private WireError Handle(in QueuePurge purge, ReadScope scope)
    {
        if (!TryFindQueue(purge.Queue, MethodId.QueuePurge, out var queue, out var error))
            return error;
        var count = queue.Purge(scope.Flushes);
        if (!purge.NoWait)
            Reply(new QueuePurgeOk { MessageCount = (uint)count });
        return default;
    }

    private WireError Handle(in QueueDelete delete)
    {
        if (!TryResolveName(delete.Queue, MethodId.QueueDelete, out var name, out var error))
            return error;
        var result = Host.DeleteQueue(name, delete.IfUnused, delete.IfEmpty, _connection.Opened, out var count);
        return Answer(result, MethodId.QueueDelete, delete.NoWait, new QueueDeleteOk { MessageCount = (uint)count });
    }

    /// <summary>The name given, or for none that of the queue declared last on the channel.</summary>
    private bool TryResolveName(ReadOnlySpan<byte> given, MethodId method, out string name, out WireError error)
    {
        name = given.IsEmpty ? _lastQueue : TextOf(given);
        error = name.Length == 0 ? new WireError(ReplyCode.NotFound, "no previously declared queue", method) : default;
        return name.Length > 0;
    }

    private bool TryResolveQueue(ReadOnlySpan<byte> given, MethodId method, out string name, out WireError error)
    {
        if (!TryResolveName(given, method, out name, out error))
            return false;
        if (!name.StartsWith(DirectReplies.Prefix, StringComparison.Ordinal))
            return true;
        error = new(ReplyCode.AccessRefused, "cannot bind or unbind to a volatile (direct reply-to) queue", method);
        return false;
    }

    /// <summary>Without queue and key, both mean the queue declared last.</summary>
    private string KeyOf(ReadOnlySpan<byte> queue, ReadOnlySpan<byte> key) =>
        queue.IsEmpty && key.IsEmpty ? _lastQueue : Encoding.UTF8.GetString(key);

    /// <summary>A queue that this connection may take messages from.</summary>
    private bool TryFindQueue(ReadOnlySpan<byte> given, MethodId method, out BrokerQueue queue, out WireError error)
    {
        queue = null!;
        if (!TryResolveName(given, method, out var name, out error))
            return false;
        if (!Host.TryGetQueue(Encoding.UTF8.GetBytes(name), out queue))
            error = NoQueue(name, method);
        else if (Host.CheckUse(AccessKind.Read, queue, _connection.Opened) is { } refused)
            error = ToWire(refused, method);
        return error.Code == 0;
    }

    private WireError NoQueue(string name, MethodId method) =>
        new(ReplyCode.NotFound, $"no queue '{name}' in vhost '{Host.Name}'", method);
}
