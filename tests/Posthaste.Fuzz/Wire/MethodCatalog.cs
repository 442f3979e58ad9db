using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Methods;
using static Posthaste.Fuzz.Wire.WireText;

namespace Posthaste.Fuzz.Wire;

/// <summary>Every method that the codec has, once.</summary>
public static class MethodCatalog
{
    private static readonly Dictionary<MethodId, MethodProbe> Probes = [];

    static MethodCatalog()
    {
        AddConnection();
        AddChannelAndAccess();
        AddExchange();
        AddQueue();
        AddBasicContentAndConsume();
        AddBasicGetAndSettle();
        AddConfirmAndTx();
    }

    public static IReadOnlyCollection<MethodProbe> All => Probes.Values;

    public static MethodProbe? Find(MethodId id) => Probes.GetValueOrDefault(id);

    private static void Add<TMethod>(string schema, DescribeArguments<TMethod> describe)
        where TMethod : IMethod<TMethod>, allows ref struct =>
        Probes.Add(TMethod.Id, new Probe<TMethod>(schema, describe));

    private sealed class Probe<TMethod>(string schema, DescribeArguments<TMethod> describe)
        : MethodProbe(TMethod.Id, schema)
        where TMethod : IMethod<TMethod>, allows ref struct
    {
        public override bool TryDescribe(ReadOnlySpan<byte> payload, out string text)
        {
            var isSound = TMethod.TryRead(payload, out var method);
            text = isSound ? $"{Id.WireName()} {describe(in method)}".TrimEnd() : "";
            return isSound;
        }

        public override bool TryRewrite(ReadOnlySpan<byte> payload, ushort channel, out byte[] frame)
        {
            frame = [];
            if (!TMethod.TryRead(payload, out var method))
                return false;

            frame = new byte[MethodFrame.GetBytes(in method)];
            var written = MethodFrame.Write(frame, channel, in method);
            return written == frame.Length ? true : throw new InvalidOperationException("the size was not exact");
        }
    }

    private static void AddConnection()
    {
        Add<ConnectionStart>(
            "version-major:u8 version-minor:u8 server-properties:table mechanisms:lstr locales:lstr",
            static (in m) => $"version-major={m.VersionMajor} version-minor={m.VersionMinor} "
                + $"server-properties={Table(m.ServerProperties)} mechanisms={Quote(m.Mechanisms)} "
                + $"locales={Quote(m.Locales)}");
        Add<ConnectionStartOk>(
            "client-properties:table mechanism:str response:lstr locale:str",
            static (in m) => $"client-properties={Table(m.ClientProperties)} mechanism={Quote(m.Mechanism)} "
                + $"response={Quote(m.Response)} locale={Quote(m.Locale)}");
        Add<ConnectionSecure>("challenge:lstr", static (in m) => $"challenge={Quote(m.Challenge)}");
        Add<ConnectionSecureOk>("response:lstr", static (in m) => $"response={Quote(m.Response)}");
        Add<ConnectionTune>(
            "channel-max:u16 frame-max:u32 heartbeat:u16",
            static (in m) => $"channel-max={m.ChannelMax} frame-max={m.FrameMax} heartbeat={m.Heartbeat}");
        Add<ConnectionTuneOk>(
            "channel-max:u16 frame-max:u32 heartbeat:u16",
            static (in m) => $"channel-max={m.ChannelMax} frame-max={m.FrameMax} heartbeat={m.Heartbeat}");
        Add<ConnectionOpen>(
            "virtual-host:str capabilities:str insist:bit",
            static (in m) => $"virtual-host={Quote(m.VirtualHost)} capabilities={Quote(m.Capabilities)} "
                + $"insist={Bit(m.Insist)}");
        Add<ConnectionOpenOk>("known-hosts:str", static (in m) => $"known-hosts={Quote(m.KnownHosts)}");
        Add<ConnectionClose>(
            "reply-code:u16 reply-text:str class-id:u16 method-id:u16",
            static (in m) => $"reply-code={m.ReplyCode} reply-text={Quote(m.ReplyText)} class-id={m.FailedClass} "
                + $"method-id={m.FailedMethod}");
        Add<ConnectionCloseOk>("", static (in _) => "");
        Add<ConnectionBlocked>("reason:str", static (in m) => $"reason={Quote(m.Reason)}");
        Add<ConnectionUnblocked>("", static (in _) => "");
        Add<ConnectionUpdateSecret>(
            "new-secret:lstr reason:str",
            static (in m) => $"new-secret={Quote(m.NewSecret)} reason={Quote(m.Reason)}");
        Add<ConnectionUpdateSecretOk>("", static (in _) => "");
    }

    private static void AddChannelAndAccess()
    {
        Add<ChannelOpen>("out-of-band:str", static (in m) => $"out-of-band={Quote(m.OutOfBand)}");
        Add<ChannelOpenOk>("channel-id:lstr", static (in m) => $"channel-id={Quote(m.ChannelId)}");
        Add<ChannelFlow>("active:bit", static (in m) => $"active={Bit(m.Active)}");
        Add<ChannelFlowOk>("active:bit", static (in m) => $"active={Bit(m.Active)}");
        Add<ChannelClose>(
            "reply-code:u16 reply-text:str class-id:u16 method-id:u16",
            static (in m) => $"reply-code={m.ReplyCode} reply-text={Quote(m.ReplyText)} class-id={m.FailedClass} "
                + $"method-id={m.FailedMethod}");
        Add<ChannelCloseOk>("", static (in _) => "");

        Add<AccessRequest>(
            "realm:str exclusive:bit passive:bit active:bit write:bit read:bit",
            static (in m) => $"realm={Quote(m.Realm)} exclusive={Bit(m.Exclusive)} passive={Bit(m.Passive)} "
                + $"active={Bit(m.Active)} write={Bit(m.Write)} read={Bit(m.Read)}");
        Add<AccessRequestOk>("ticket:u16", static (in m) => $"ticket={m.Ticket}");
    }

    private static void AddExchange()
    {
        Add<ExchangeDeclare>(
            "ticket:u16 exchange:str type:str passive:bit durable:bit auto-delete:bit internal:bit "
            + "no-wait:bit arguments:table",
            static (in m) => $"ticket={m.Ticket} exchange={Quote(m.Exchange)} type={Quote(m.Type)} "
                + $"passive={Bit(m.Passive)} durable={Bit(m.Durable)} auto-delete={Bit(m.AutoDelete)} "
                + $"internal={Bit(m.Internal)} no-wait={Bit(m.NoWait)} arguments={Table(m.Arguments)}");
        Add<ExchangeDeclareOk>("", static (in _) => "");
        Add<ExchangeDelete>(
            "ticket:u16 exchange:str if-unused:bit no-wait:bit",
            static (in m) => $"ticket={m.Ticket} exchange={Quote(m.Exchange)} if-unused={Bit(m.IfUnused)} "
                + $"no-wait={Bit(m.NoWait)}");
        Add<ExchangeDeleteOk>("", static (in _) => "");
        Add<ExchangeBind>(
            "ticket:u16 destination:str source:str routing-key:str no-wait:bit arguments:table",
            static (in m) => $"ticket={m.Ticket} destination={Quote(m.Destination)} source={Quote(m.Source)} "
                + $"routing-key={Quote(m.RoutingKey)} no-wait={Bit(m.NoWait)} arguments={Table(m.Arguments)}");
        Add<ExchangeBindOk>("", static (in _) => "");
        Add<ExchangeUnbind>(
            "ticket:u16 destination:str source:str routing-key:str no-wait:bit arguments:table",
            static (in m) => $"ticket={m.Ticket} destination={Quote(m.Destination)} source={Quote(m.Source)} "
                + $"routing-key={Quote(m.RoutingKey)} no-wait={Bit(m.NoWait)} arguments={Table(m.Arguments)}");
        Add<ExchangeUnbindOk>("", static (in _) => "");
    }

    private static void AddQueue()
    {
        Add<QueueDeclare>(
            "ticket:u16 queue:str passive:bit durable:bit exclusive:bit auto-delete:bit no-wait:bit "
            + "arguments:table",
            static (in m) => $"ticket={m.Ticket} queue={Quote(m.Queue)} passive={Bit(m.Passive)} "
                + $"durable={Bit(m.Durable)} exclusive={Bit(m.Exclusive)} auto-delete={Bit(m.AutoDelete)} "
                + $"no-wait={Bit(m.NoWait)} arguments={Table(m.Arguments)}");
        Add<QueueDeclareOk>(
            "queue:str message-count:u32 consumer-count:u32",
            static (in m) => $"queue={Quote(m.Queue)} message-count={m.MessageCount} consumer-count={m.ConsumerCount}");
        Add<QueueBind>(
            "ticket:u16 queue:str exchange:str routing-key:str no-wait:bit arguments:table",
            static (in m) => $"ticket={m.Ticket} queue={Quote(m.Queue)} exchange={Quote(m.Exchange)} "
                + $"routing-key={Quote(m.RoutingKey)} no-wait={Bit(m.NoWait)} arguments={Table(m.Arguments)}");
        Add<QueueBindOk>("", static (in _) => "");
        Add<QueuePurge>(
            "ticket:u16 queue:str no-wait:bit",
            static (in m) => $"ticket={m.Ticket} queue={Quote(m.Queue)} no-wait={Bit(m.NoWait)}");
        Add<QueuePurgeOk>("message-count:u32", static (in m) => $"message-count={m.MessageCount}");
        Add<QueueDelete>(
            "ticket:u16 queue:str if-unused:bit if-empty:bit no-wait:bit",
            static (in m) => $"ticket={m.Ticket} queue={Quote(m.Queue)} if-unused={Bit(m.IfUnused)} "
                + $"if-empty={Bit(m.IfEmpty)} no-wait={Bit(m.NoWait)}");
        Add<QueueDeleteOk>("message-count:u32", static (in m) => $"message-count={m.MessageCount}");
        Add<QueueUnbind>(
            "ticket:u16 queue:str exchange:str routing-key:str arguments:table",
            static (in m) => $"ticket={m.Ticket} queue={Quote(m.Queue)} exchange={Quote(m.Exchange)} "
                + $"routing-key={Quote(m.RoutingKey)} arguments={Table(m.Arguments)}");
        Add<QueueUnbindOk>("", static (in _) => "");
    }

    private static void AddBasicContentAndConsume()
    {
        Add<BasicQos>(
            "prefetch-size:u32 prefetch-count:u16 global:bit",
            static (in m) => $"prefetch-size={m.PrefetchSize} prefetch-count={m.PrefetchCount} global={Bit(m.Global)}");
        Add<BasicQosOk>("", static (in _) => "");
        Add<BasicConsume>(
            "ticket:u16 queue:str consumer-tag:str no-local:bit no-ack:bit exclusive:bit no-wait:bit "
            + "arguments:table",
            static (in m) => $"ticket={m.Ticket} queue={Quote(m.Queue)} consumer-tag={Quote(m.ConsumerTag)} "
                + $"no-local={Bit(m.NoLocal)} no-ack={Bit(m.NoAck)} exclusive={Bit(m.Exclusive)} "
                + $"no-wait={Bit(m.NoWait)} arguments={Table(m.Arguments)}");
        Add<BasicConsumeOk>("consumer-tag:str", static (in m) => $"consumer-tag={Quote(m.ConsumerTag)}");
        Add<BasicCancel>(
            "consumer-tag:str no-wait:bit",
            static (in m) => $"consumer-tag={Quote(m.ConsumerTag)} no-wait={Bit(m.NoWait)}");
        Add<BasicCancelOk>("consumer-tag:str", static (in m) => $"consumer-tag={Quote(m.ConsumerTag)}");
        Add<BasicPublish>(
            "ticket:u16 exchange:bytes routing-key:bytes mandatory:bit immediate:bit",
            static (in m) => $"ticket={m.Ticket} exchange={Quote(m.Exchange)} routing-key={Quote(m.RoutingKey)} "
                + $"mandatory={Bit(m.Mandatory)} immediate={Bit(m.Immediate)}");
        Add<BasicReturn>(
            "reply-code:u16 reply-text:str exchange:bytes routing-key:bytes",
            static (in m) => $"reply-code={m.ReplyCode} reply-text={Quote(m.ReplyText)} exchange={Quote(m.Exchange)} "
                + $"routing-key={Quote(m.RoutingKey)}");
        Add<BasicDeliver>(
            "consumer-tag:str delivery-tag:u64 redelivered:bit exchange:bytes routing-key:bytes",
            static (in m) => $"consumer-tag={Quote(m.ConsumerTag)} delivery-tag={m.DeliveryTag} "
                + $"redelivered={Bit(m.Redelivered)} exchange={Quote(m.Exchange)} "
                + $"routing-key={Quote(m.RoutingKey)}");
    }

    private static void AddBasicGetAndSettle()
    {
        Add<BasicGet>(
            "ticket:u16 queue:str no-ack:bit",
            static (in m) => $"ticket={m.Ticket} queue={Quote(m.Queue)} no-ack={Bit(m.NoAck)}");
        Add<BasicGetOk>(
            "delivery-tag:u64 redelivered:bit exchange:bytes routing-key:bytes message-count:u32",
            static (in m) => $"delivery-tag={m.DeliveryTag} redelivered={Bit(m.Redelivered)} "
                + $"exchange={Quote(m.Exchange)} routing-key={Quote(m.RoutingKey)} "
                + $"message-count={m.MessageCount}");
        Add<BasicGetEmpty>("cluster-id:str", static (in m) => $"cluster-id={Quote(m.ClusterId)}");
        Add<BasicAck>(
            "delivery-tag:u64 multiple:bit",
            static (in m) => $"delivery-tag={m.DeliveryTag} multiple={Bit(m.Multiple)}");
        Add<BasicReject>(
            "delivery-tag:u64 requeue:bit",
            static (in m) => $"delivery-tag={m.DeliveryTag} requeue={Bit(m.Requeue)}");
        Add<BasicRecoverAsync>("requeue:bit", static (in m) => $"requeue={Bit(m.Requeue)}");
        Add<BasicRecover>("requeue:bit", static (in m) => $"requeue={Bit(m.Requeue)}");
        Add<BasicRecoverOk>("", static (in _) => "");
        Add<BasicNack>(
            "delivery-tag:u64 multiple:bit requeue:bit",
            static (in m) => $"delivery-tag={m.DeliveryTag} multiple={Bit(m.Multiple)} requeue={Bit(m.Requeue)}");
    }

    private static void AddConfirmAndTx()
    {
        Add<ConfirmSelect>("no-wait:bit", static (in m) => $"no-wait={Bit(m.NoWait)}");
        Add<ConfirmSelectOk>("", static (in _) => "");

        Add<TxSelect>("", static (in _) => "");
        Add<TxSelectOk>("", static (in _) => "");
        Add<TxCommit>("", static (in _) => "");
        Add<TxCommitOk>("", static (in _) => "");
        Add<TxRollback>("", static (in _) => "");
        Add<TxRollbackOk>("", static (in _) => "");
    }
}
