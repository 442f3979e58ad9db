using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>Publishing, confirms and transactions.</summary>
internal sealed partial class AmqpChannel
{
    private ContentAssembly? _content;
    private ChannelTransaction? _transaction;

    /// <summary>The session of its connection.</summary>
    public AmqpConnection Owner => _connection;

    /// <summary>Set in confirm mode.</summary>
    public ChannelConfirms? Confirms { get; private set; }

    /// <summary>Set in transaction mode.</summary>
    public ChannelTransaction? Transaction => _transaction;

    /// <summary>What stands for this channel in `reply-to`; null without a reply consumer.</summary>
    public byte[]? ReplyName => _replyConsumer?.NameBytes;

    /// <summary>A publish that came whole.</summary>
    public WireError Publish(in PublishView publish, ReadScope scope)
    {
        if (_isClosing)
            return default;
        if (_content is { IsCollecting: true } content)
            return content.Unexpected();
        return _connection.PublishPath.Publish(this, publish, scope);
    }

    /// <summary>Returns a message that reached no queue; what the client gets before the confirm.</summary>
    public void Return(in PublishView publish)
    {
        var method = new BasicReturn
        {
            ReplyCode = (ushort)ReplyCode.NoRoute,
            ReplyText = "NO_ROUTE"u8,
            Exchange = publish.Exchange,
            RoutingKey = publish.RoutingKey,
        };
        lock (_output.Gate)
            _output.WriteWithContent(Number, method, publish.Properties, publish.Body);
    }

    internal void NoteReplyDropped() => _connection.NoteReplyDropped();

    private WireError BeginContent(in BasicPublish publish)
    {
        (_content ??= new ContentAssembly()).Begin(publish);
        return default;
    }

    private WireError HandleContentHeader(in Frame frame, ReadScope scope)
    {
        if (_content is not { IsCollecting: true } content)
            return NoMethod();
        if (!content.AwaitsHeader)
            return content.Unexpected();
        if (!ContentHeader.TryRead(frame.Payload, out var header))
            return WireError.MalformedContentHeader(MethodId.BasicPublish);
        if (header.ClassId != MethodIds.BasicClass)
        {
            return new(
                ReplyCode.UnexpectedFrame,
                $"expected content header for class {MethodIds.BasicClass}, got one for class {header.ClassId} instead",
                MethodId.BasicPublish);
        }

        // Refused before a byte of it is kept; the body frames that follow are ignored on the closing channel.
        if (header.BodyBytes > (ulong)_connection.Broker.Options.MessageBytesMax)
            return PublishPath.TooLarge(header.BodyBytes, _connection.Broker.Options.MessageBytesMax);
        return content.Add(header) ? content.Publish(this, Number, scope) : default;
    }

    private WireError HandleContentBody(in Frame frame, ReadScope scope)
    {
        if (_content is not { IsCollecting: true } content)
            return NoMethod();
        if (content.AwaitsHeader)
            return content.Unexpected();
        var error = content.Add(frame.Payload, out var isWhole);
        return error.Code == 0 && isWhole ? content.Publish(this, Number, scope) : error;
    }

    private static WireError NoMethod() =>
        new(ReplyCode.UnexpectedFrame, "expected method frame, got non method frame instead");

    private WireError HandleConfirm(MethodId method, ReadOnlySpan<byte> payload)
    {
        if (method != MethodId.ConfirmSelect)
            return Unknown(method);
        if (!ConfirmSelect.TryRead(payload, out var select))
            return Malformed(method);
        if (_transaction is not null)
            return Precondition("cannot switch from tx to confirm mode", method);
        Confirms ??= new ChannelConfirms(_output, Replies, Number);
        if (!select.NoWait)
            Reply(default(ConfirmSelectOk));
        return default;
    }

    private WireError HandleTx(MethodId method, ReadOnlySpan<byte> payload, ReadScope scope)
    {
        if (payload.Length != MethodIds.SizeBytes)
            return Malformed(method);
        switch (method)
        {
            case MethodId.TxSelect when Confirms is not null:
                return Precondition("cannot switch from confirm to tx mode", method);
            case MethodId.TxSelect:
                _transaction ??= new ChannelTransaction(Host.BeginTransaction(Connection));
                Reply(default(TxSelectOk));
                return default;
            case MethodId.TxCommit or MethodId.TxRollback when _transaction is null:
                return Precondition("channel is not transactional", method);
            case MethodId.TxCommit:
                return _transaction.Commit(this, scope.Flushes);
            case MethodId.TxRollback:
                _transaction.Rollback(this);
                Reply(default(TxRollbackOk));
                return default;
            default:
                return Unknown(method);
        }
    }
}
