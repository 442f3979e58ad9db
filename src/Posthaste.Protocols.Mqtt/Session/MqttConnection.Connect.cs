using System.Security.Cryptography;
using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Pipeline;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Access;
using Posthaste.Broker.Security.Sasl;
using Posthaste.Broker.Sessions;
using Posthaste.Core.Notes;
using Posthaste.Protocols.Mqtt.Wire;
using Posthaste.Protocols.Mqtt.Wire.Packets;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>From CONNECT to CONNACK: who the client is, and which session it gets.</summary>
internal sealed partial class MqttConnection
{
    // 120 random bits: nobody guesses another client's identifier and takes over its session.
    private const int AssignedIdBytes = 15;

    private const string External = "EXTERNAL";

    private SaslExchange? _authentication;
    private uint _clientPacketBytesMax = uint.MaxValue;
    private BrokerUser? _user;
    private bool _isIdAssigned;

    private void HandleConnect(Packet packet)
    {
        var isSound = Connect.TryRead(packet, MqttVersion.Unknown, out var connect, out var error);
        Output.Version = connect.Version;
        if (!isSound)
        {
            RefuseConnect(error);
            return;
        }

        _request = ConnectRequest.Of(connect);
        _clientPacketBytesMax = _request.PacketBytesMax;
        if (CheckConnect(_request) is { IsError: true } refusal)
        {
            RefuseConnect(refusal);
            return;
        }

        if (_request.Method is { } method)
            BeginAuthentication(method, _request.Data);
        else
            AuthenticateByPassword(_request);
    }

    private WireError CheckConnect(ConnectRequest request)
    {
        if (!Transport.Takes(NameOf(request.Version)))
        {
            return new WireError(
                ReasonCode.UnsupportedProtocolVersion, $"MQTT {NameOf(request.Version)} is not taken here");
        }

        if (request.ClientIdBytes > MqttSession.ClientIdBytesMax)
        {
            return new WireError(
                ReasonCode.ClientIdentifierNotValid,
                $"a client identifier has {MqttSession.ClientIdBytesMax} bytes at most");
        }

        if (request.Will is { } will && will.Bytes.Length > Limits.WillBytesMax)
            return new WireError(ReasonCode.PacketTooLarge, $"a will has {Limits.WillBytesMax} bytes at most");
        if (request.ClientId.Length > 0)
            return default;

        // 3.1 has no empty identifier, and 3.1.1 none for a session that is to last [MQTT-3.1.3-8].
        if (request.Version == MqttVersion.V31 || (request.Version == MqttVersion.V311 && !request.CleanStart))
            return new WireError(ReasonCode.ClientIdentifierNotValid, "an empty client identifier");
        _isIdAssigned = true;
        request.ClientId = $"auto-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(AssignedIdBytes))}";
        return default;
    }

    private static string NameOf(MqttVersion version) => version switch
    {
        MqttVersion.V31 => "3.1",
        MqttVersion.V311 => "3.1.1",
        _ => "5",
    };

    private void AuthenticateByPassword(ConnectRequest request)
    {
        var (name, password) = (request.UserName, request.Password);
        if (name is null && password is null && Transport.ClientCertificate is not null
            && Broker.Authenticator.MechanismsFor(Transport).Contains(External))
        {
            LogIn(new Credentials(External, "", ""), request);
            return;
        }

        if (name is null)
            (name, password) = (Limits.AnonymousUser, password ?? Limits.AnonymousPassword);
        if (name is null && password is null)
        {
            RefuseLogin("", "a user name is asked for");
            return;
        }

        LogIn(new Credentials(SaslResponses.Plain, SplitUser(name ?? "").User, password ?? ""), request);
    }

    private void LogIn(Credentials credentials, ConnectRequest request)
    {
        credentials = credentials with { ClientId = request.ClientId, VirtualHost = HostOf(request) };
        Await(Broker.Authenticator.AuthenticateAsync(credentials, Transport), outcome =>
        {
            if (outcome.User is { } user)
                EnterHost(user, HostOf(request));
            else
                RefuseLogin(request.UserName ?? credentials.UserName, outcome.Reason);
        });
    }

    /// <summary>
    /// <c>vhost:user</c> names a virtual host; the last colon counts, so user names hold none, as in RabbitMQ.
    /// </summary>
    private static (string? Host, string User) SplitUser(string name)
    {
        var colon = name.LastIndexOf(':');
        return colon < 0 ? (null, name) : (name[..colon], name[(colon + 1)..]);
    }

    private static string HostOf(ConnectRequest request) =>
        (request.UserName is { } name ? SplitUser(name).Host : null) ?? MessageBroker.DefaultVirtualHost;

    private void RefuseLogin(string user, string reason)
    {
        MqttLog.LoginRefused(Log, Peer, user, reason);
        RefuseConnect(new WireError(ReasonCode.BadUserNameOrPassword, "the login was refused"));
    }

    private void EnterHost(BrokerUser user, string hostName)
    {
        _user = user;
        if (Broker.FindVirtualHost(hostName) is not { } host)
        {
            RefuseConnect(new WireError(ReasonCode.NotAuthorized, $"there is no virtual host '{hostName}'"));
            return;
        }

        Enter(user, hostName, mayEnter => OpenHost(user, host, mayEnter));
    }

    private void OpenHost(BrokerUser user, VirtualHost host, bool mayEnter)
    {
        if (!mayEnter)
        {
            RefuseConnect(new WireError(
                ReasonCode.NotAuthorized, $"no access to virtual host '{host.Name}' for user '{user.Name}'"));
            return;
        }

        try
        {
            var opened = Open(_handler.Name, user, host, _request!.ClientId);
            opened.TopicClient = new TopicClient(_request.ClientId, HasTopics: true);
            opened.OpenChannel();
            Opened.CountTraffic(this);
        }
        catch (BrokerLimitException e)
        {
            RefuseConnect(new WireError(ReasonCode.QuotaExceeded, e.Message));
            return;
        }

        if (_request.Will is { } will && !WillPublisher.IsAllowed(will, Opened))
        {
            RefuseConnect(new WireError(
                ReasonCode.NotAuthorized, $"the topic of the will is not allowed for user '{user.Name}'"));
            return;
        }

        _hasClaimed = true;
        if (_handler.Registry.Claim(host, _request.ClientId, this) is { } slot)
        {
            BeginSession(slot);
            return;
        }

        _state = ConnectionState.Claiming;
        HoldReader();
    }

    /// <summary>The slot is this connection's: ends or resumes what was kept, and answers.</summary>
    private void BeginSession(ClientSlot slot)
    {
        var request = _request!;
        if (request.CleanStart && slot.IsKept)
            _handler.Registry.EndSession(slot);
        if (_handler.Registry.IsEnding(slot))
        {
            WaitForEnding(slot);
            return;
        }

        _slot = slot;
        _hasClaimed = false;
        request.ExpiryS = CapExpiry(request.ExpiryS);
        var isPresent = slot.IsKept;
        if (KeepSession(slot, request) is { IsError: true } refusal)
        {
            if (!isPresent)
                _handler.Registry.EndSession(slot);
            RefuseConnect(refusal);
            return;
        }

        _session = new MqttSession(Host, request.ClientId, slot.IsKept) { ExpiryS = request.ExpiryS };
        if (isPresent)
            slot.Store.Load(_session);
        var isKeepAliveTooLong = request.KeepAliveS is 0 || request.KeepAliveS > Limits.KeepAliveSecondsMax;
        _keepAliveS = Limits.KeepAliveSecondsMax > 0 && isKeepAliveTooLong
            ? Limits.KeepAliveSecondsMax
            : request.KeepAliveS;
        _clientLimits = LimitsOf(request);
        _state = ConnectionState.Running;
        _hasBegun = true;
        _handler.Statistics.Connected(this);
        SendConnAck(isPresent);
        MqttLog.Connected(Log, Peer, request.ClientId, Opened.User.Name, Host.Name, Version, isPresent);
        if (isPresent)
        {
            ExactlyOnce.ResendReleased();
            Subscriber.Resume();
        }

        // Only who proves himself by a method may be asked to do so again: the others' password is not kept.
        if (request.Method is null)
            _request = null;
    }

    /// <summary>
    /// The session before this one is gone in memory only. A crash would bring it back, and the client is about to be
    /// told that there is none [MQTT-3.2.2-2]: the slot is granted once more when that is durable.
    /// </summary>
    private void WaitForEnding(ClientSlot slot)
    {
        _grantedSlot = null;
        _state = ConnectionState.Claiming;
        HoldReader();
        Broker.Pipeline.Post(new SlotGrant(this, slot));
    }

    private WireError KeepSession(ClientSlot slot, ConnectRequest request)
    {
        if (request.ExpiryS > 0 && !slot.IsKept && !_handler.Registry.TryKeep(slot))
            return new WireError(ReasonCode.QuotaExceeded, "there are too many sessions");

        // Before anything else is remembered: what has no facts is removed after a crash.
        slot.Store.RemoveWill();
        var refusal = slot.IsKept
            ? slot.Store.SetFacts(new SessionFacts(request.ExpiryS, SessionFacts.IsConnected, long.MaxValue))
            : NoteRefusal.None;
        if (refusal == NoteRefusal.None && request.Will is { } will)
            refusal = slot.Store.SetWill(will);
        return refusal == NoteRefusal.None
            ? default
            : new WireError(ReasonCode.QuotaExceeded, $"the session cannot be kept: {refusal}");
    }

    private uint CapExpiry(uint expiryS) => uint.Min(expiryS, Limits.SessionExpirySecondsMax);

    private ClientLimits LimitsOf(ConnectRequest request) => new(
        request.PacketBytesMax,
        int.Min(request.ReceiveMax, Limits.InFlightMax),
        int.Min(request.AliasMax, Limits.OwnTopicAliasMax));

    private void SendConnAck(bool isPresent) => Output.SendPacket(new ConnAck
    {
        SessionPresent = isPresent,
        Code = ReasonCode.Success,
        Properties = ConnAckProperties.Write(
            _request!, Limits, (uint)PacketBytesMax, _keepAliveS, _isIdAssigned, _proof.Span),
    });

    private sealed class SlotGrant(MqttConnection connection, ClientSlot slot) : PipelineCallback
    {
        protected override void Applied(bool durable, FlushSet flushes)
        {
            if (durable)
                connection.GrantSlot(slot);
            else
                connection.RequestClose(CloseRequest.JournalFailed);
        }
    }

    private void RefuseConnect(WireError error)
    {
        MqttLog.ConnectRefused(Log, Peer, error.Code, error.Detail);
        Span<byte> buffer = stackalloc byte[ReasonProperties.BytesMax];
        var packet = new ConnAck { Code = error.Code, Properties = ReasonProperties.Write(buffer, error.Detail) };
        if (PacketFrame.GetBytes(packet, Version) > _clientPacketBytesMax) // [MQTT-3.2.2-19]
            packet = new ConnAck { Code = error.Code };
        Output.SendPacket(packet);
        _hasSentLast = true;
        _state = ConnectionState.Closed;
    }
}
