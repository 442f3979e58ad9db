using System.Buffers.Binary;

namespace Posthaste.Protocols.Amqp091.Wire.Methods;

/// <summary>
/// Every method of AMQP 0-9-1 and of RabbitMQ's extensions. The value is what the first four payload bytes of a
/// method frame are as one number: the class in the upper and the method in the lower half.
/// </summary>
public enum MethodId : uint
{
    /// <summary>No method.</summary>
    None = 0,

    ConnectionStart = (10 << 16) | 10,
    ConnectionStartOk = (10 << 16) | 11,
    ConnectionSecure = (10 << 16) | 20,
    ConnectionSecureOk = (10 << 16) | 21,
    ConnectionTune = (10 << 16) | 30,
    ConnectionTuneOk = (10 << 16) | 31,
    ConnectionOpen = (10 << 16) | 40,
    ConnectionOpenOk = (10 << 16) | 41,
    ConnectionClose = (10 << 16) | 50,
    ConnectionCloseOk = (10 << 16) | 51,
    ConnectionBlocked = (10 << 16) | 60,
    ConnectionUnblocked = (10 << 16) | 61,
    ConnectionUpdateSecret = (10 << 16) | 70,
    ConnectionUpdateSecretOk = (10 << 16) | 71,

    ChannelOpen = (20 << 16) | 10,
    ChannelOpenOk = (20 << 16) | 11,
    ChannelFlow = (20 << 16) | 20,
    ChannelFlowOk = (20 << 16) | 21,
    ChannelClose = (20 << 16) | 40,
    ChannelCloseOk = (20 << 16) | 41,

    AccessRequest = (30 << 16) | 10,
    AccessRequestOk = (30 << 16) | 11,

    ExchangeDeclare = (40 << 16) | 10,
    ExchangeDeclareOk = (40 << 16) | 11,
    ExchangeDelete = (40 << 16) | 20,
    ExchangeDeleteOk = (40 << 16) | 21,
    ExchangeBind = (40 << 16) | 30,
    ExchangeBindOk = (40 << 16) | 31,
    ExchangeUnbind = (40 << 16) | 40,
    ExchangeUnbindOk = (40 << 16) | 51,

    QueueDeclare = (50 << 16) | 10,
    QueueDeclareOk = (50 << 16) | 11,
    QueueBind = (50 << 16) | 20,
    QueueBindOk = (50 << 16) | 21,
    QueuePurge = (50 << 16) | 30,
    QueuePurgeOk = (50 << 16) | 31,
    QueueDelete = (50 << 16) | 40,
    QueueDeleteOk = (50 << 16) | 41,
    QueueUnbind = (50 << 16) | 50,
    QueueUnbindOk = (50 << 16) | 51,

    BasicQos = (60 << 16) | 10,
    BasicQosOk = (60 << 16) | 11,
    BasicConsume = (60 << 16) | 20,
    BasicConsumeOk = (60 << 16) | 21,
    BasicCancel = (60 << 16) | 30,
    BasicCancelOk = (60 << 16) | 31,
    BasicPublish = (60 << 16) | 40,
    BasicReturn = (60 << 16) | 50,
    BasicDeliver = (60 << 16) | 60,
    BasicGet = (60 << 16) | 70,
    BasicGetOk = (60 << 16) | 71,
    BasicGetEmpty = (60 << 16) | 72,
    BasicAck = (60 << 16) | 80,
    BasicReject = (60 << 16) | 90,
    BasicRecoverAsync = (60 << 16) | 100,
    BasicRecover = (60 << 16) | 110,
    BasicRecoverOk = (60 << 16) | 111,
    BasicNack = (60 << 16) | 120,

    ConfirmSelect = (85 << 16) | 10,
    ConfirmSelectOk = (85 << 16) | 11,

    TxSelect = (90 << 16) | 10,
    TxSelectOk = (90 << 16) | 11,
    TxCommit = (90 << 16) | 20,
    TxCommitOk = (90 << 16) | 21,
    TxRollback = (90 << 16) | 30,
    TxRollbackOk = (90 << 16) | 31,
}

/// <summary>Takes method ids apart and names them.</summary>
public static class MethodIds
{
    /// <summary>Bytes of a method's id: two octets of class, two of method.</summary>
    public const int SizeBytes = sizeof(uint);

    /// <summary>The class that content belongs to.</summary>
    public const ushort BasicClass = 60;

    /// <summary>
    /// The id at the start of a method frame's payload; <see cref="MethodId.None"/> if that is too short.
    /// </summary>
    public static MethodId Read(ReadOnlySpan<byte> payload) =>
        BinaryPrimitives.TryReadUInt32BigEndian(payload, out var id) ? (MethodId)id : MethodId.None;

    /// <summary>The id of a class and method number, whether or not there is such a method.</summary>
    public static MethodId FromParts(ushort classId, ushort methodId) => (MethodId)(((uint)classId << 16) | methodId);

    /// <summary>The class number, as close methods name it.</summary>
    public static ushort ClassNumber(this MethodId id) => (ushort)((uint)id >> 16);

    /// <summary>The method number within its class, as close methods name it.</summary>
    public static ushort MethodNumber(this MethodId id) => (ushort)id;

    /// <summary>Whether a content header and body follow the method.</summary>
    public static bool HasContent(this MethodId id) => id
        is MethodId.BasicPublish or MethodId.BasicReturn or MethodId.BasicDeliver or MethodId.BasicGetOk;

    /// <summary>
    /// The specification's name (<c>queue.declare-ok</c>); the numbers for an id that is no method.
    /// </summary>
    public static string WireName(this MethodId id) => id switch
    {
        MethodId.ConnectionStart => "connection.start",
        MethodId.ConnectionStartOk => "connection.start-ok",
        MethodId.ConnectionSecure => "connection.secure",
        MethodId.ConnectionSecureOk => "connection.secure-ok",
        MethodId.ConnectionTune => "connection.tune",
        MethodId.ConnectionTuneOk => "connection.tune-ok",
        MethodId.ConnectionOpen => "connection.open",
        MethodId.ConnectionOpenOk => "connection.open-ok",
        MethodId.ConnectionClose => "connection.close",
        MethodId.ConnectionCloseOk => "connection.close-ok",
        MethodId.ConnectionBlocked => "connection.blocked",
        MethodId.ConnectionUnblocked => "connection.unblocked",
        MethodId.ConnectionUpdateSecret => "connection.update-secret",
        MethodId.ConnectionUpdateSecretOk => "connection.update-secret-ok",
        MethodId.ChannelOpen => "channel.open",
        MethodId.ChannelOpenOk => "channel.open-ok",
        MethodId.ChannelFlow => "channel.flow",
        MethodId.ChannelFlowOk => "channel.flow-ok",
        MethodId.ChannelClose => "channel.close",
        MethodId.ChannelCloseOk => "channel.close-ok",
        MethodId.AccessRequest => "access.request",
        MethodId.AccessRequestOk => "access.request-ok",
        MethodId.ExchangeDeclare => "exchange.declare",
        MethodId.ExchangeDeclareOk => "exchange.declare-ok",
        MethodId.ExchangeDelete => "exchange.delete",
        MethodId.ExchangeDeleteOk => "exchange.delete-ok",
        MethodId.ExchangeBind => "exchange.bind",
        MethodId.ExchangeBindOk => "exchange.bind-ok",
        MethodId.ExchangeUnbind => "exchange.unbind",
        MethodId.ExchangeUnbindOk => "exchange.unbind-ok",
        MethodId.QueueDeclare => "queue.declare",
        MethodId.QueueDeclareOk => "queue.declare-ok",
        MethodId.QueueBind => "queue.bind",
        MethodId.QueueBindOk => "queue.bind-ok",
        MethodId.QueuePurge => "queue.purge",
        MethodId.QueuePurgeOk => "queue.purge-ok",
        MethodId.QueueDelete => "queue.delete",
        MethodId.QueueDeleteOk => "queue.delete-ok",
        MethodId.QueueUnbind => "queue.unbind",
        MethodId.QueueUnbindOk => "queue.unbind-ok",
        MethodId.BasicQos => "basic.qos",
        MethodId.BasicQosOk => "basic.qos-ok",
        MethodId.BasicConsume => "basic.consume",
        MethodId.BasicConsumeOk => "basic.consume-ok",
        MethodId.BasicCancel => "basic.cancel",
        MethodId.BasicCancelOk => "basic.cancel-ok",
        MethodId.BasicPublish => "basic.publish",
        MethodId.BasicReturn => "basic.return",
        MethodId.BasicDeliver => "basic.deliver",
        MethodId.BasicGet => "basic.get",
        MethodId.BasicGetOk => "basic.get-ok",
        MethodId.BasicGetEmpty => "basic.get-empty",
        MethodId.BasicAck => "basic.ack",
        MethodId.BasicReject => "basic.reject",
        MethodId.BasicRecoverAsync => "basic.recover-async",
        MethodId.BasicRecover => "basic.recover",
        MethodId.BasicRecoverOk => "basic.recover-ok",
        MethodId.BasicNack => "basic.nack",
        MethodId.ConfirmSelect => "confirm.select",
        MethodId.ConfirmSelectOk => "confirm.select-ok",
        MethodId.TxSelect => "tx.select",
        MethodId.TxSelectOk => "tx.select-ok",
        MethodId.TxCommit => "tx.commit",
        MethodId.TxCommitOk => "tx.commit-ok",
        MethodId.TxRollback => "tx.rollback",
        MethodId.TxRollbackOk => "tx.rollback-ok",
        _ => $"{id.ClassNumber()}.{id.MethodNumber()}",
    };
}
