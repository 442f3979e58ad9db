using System.Text;
using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Sasl;
using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>
/// The methods of channel 0: from the protocol header to connection.open, and what a running connection may ask.
/// </summary>
internal sealed partial class AmqpConnection
{
    private const byte VersionMajor = 0;
    private const byte VersionMinor = 9;

    private string _mechanism = "";
    private SaslExchange? _authentication;

    /// <returns>Bytes taken; 0 while there are too few to tell.</returns>
    private int AcceptHeader(ReadOnlySpan<byte> bytes)
    {
        switch (ProtocolHeader.Detect(bytes))
        {
            case ProtocolHeaderKind.NeedMore:
                return 0;
            case ProtocolHeaderKind.Amqp091 or ProtocolHeaderKind.Amqp09:
                SendStart();
                return ProtocolHeader.SizeBytes;
            case var other:
                AmqpLog.OtherProtocol(Log, Peer, other.ToString());
                Output.SendNow(ProtocolHeader.Amqp091);
                _mustLinger = true;
                _state = ConnectionState.Closed;
                return bytes.Length;
        }
    }

    private void SendStart()
    {
        var mechanisms = string.Join(' ', Broker.Authenticator.MechanismsFor(Transport));
        Output.SendNow(0, new ConnectionStart
        {
            VersionMajor = VersionMajor,
            VersionMinor = VersionMinor,
            ServerProperties = ServerProperties.Encode(Broker.ClusterName),
            Mechanisms = Encoding.UTF8.GetBytes(mechanisms),
            Locales = "en_US"u8,
        });
        _state = ConnectionState.Starting;
    }

    private void HandleMethodOfConnection(in Frame frame, ReadScope scope)
    {
        if (frame.Type != FrameType.Method)
        {
            Fail(new WireError(ReplyCode.UnexpectedFrame, $"type {(byte)frame.Type} on channel 0"));
            return;
        }

        HandOver(scope);
        switch (frame.Method, _state)
        {
            case (MethodId.ConnectionClose, _):
                HandleClose(frame);
                break;
            case (MethodId.ConnectionCloseOk, ConnectionState.Closing):
                _state = ConnectionState.Closed;
                break;
            case (_, ConnectionState.Closing):
                break;
            case (MethodId.ConnectionStartOk, ConnectionState.Starting):
                HandleStartOk(frame.Payload);
                break;
            case (MethodId.ConnectionSecureOk, ConnectionState.Securing):
                HandleSecureOk(frame.Payload);
                break;
            case (MethodId.ConnectionTuneOk, ConnectionState.Tuning):
                HandleTuneOk(frame.Payload);
                break;
            case (MethodId.ConnectionOpen, ConnectionState.Opening):
                HandleOpen(frame.Payload);
                break;
            case (MethodId.ConnectionUpdateSecret, ConnectionState.Running):
                HandleUpdateSecret(frame.Payload);
                break;
            default:
                Fail(Misplaced(frame.Method));
                break;
        }
    }

    private WireError Misplaced(MethodId method) => Enum.IsDefined(method)
        ? new(
            ReplyCode.ChannelError, $"unexpected method in connection state {_state.ToString().ToLowerInvariant()}",
            method)
        : WireError.UnknownMethod(method.ClassNumber(), method.MethodNumber());

    private void HandleStartOk(ReadOnlySpan<byte> payload)
    {
        if (!ConnectionStartOk.TryRead(payload, out var startOk))
        {
            Fail(WireError.MalformedMethod(MethodId.ConnectionStartOk));
            return;
        }

        _capabilities = ClientCapabilities.Read(startOk.ClientProperties);
        _mechanism = Encoding.UTF8.GetString(startOk.Mechanism);
        _authentication = Broker.Authenticator.Begin(_mechanism, Transport);
        if (_authentication is null)
        {
            var error = new WireError(ReplyCode.CommandInvalid, $"invalid authentication mechanism '{_mechanism}'");
            Refuse(error, user: "", "not offered");
            return;
        }

        Authenticate(startOk.Response);
    }

    private void HandleSecureOk(ReadOnlySpan<byte> payload)
    {
        if (!ConnectionSecureOk.TryRead(payload, out var secureOk))
        {
            Fail(WireError.MalformedMethod(MethodId.ConnectionSecureOk));
            return;
        }

        if (_authentication is null)
            SendTune();
        else
            Authenticate(secureOk.Response);
    }

    private void Authenticate(ReadOnlySpan<byte> response) =>
        Await(_authentication!.NextAsync(response.ToArray()), TakeStep);

    private void TakeStep(SaslStep step)
    {
        if (step.IsChallenge)
        {
            Output.SendNow(0, new ConnectionSecure { Challenge = step.Data.Span });
            _state = ConnectionState.Securing;
            return;
        }

        _authentication = null;
        if (step.User is not { } user)
        {
            var error = step.IsMalformed
                ? new WireError(ReplyCode.SyntaxError, $"{_mechanism} response invalid")
                : LoginRefused();
            Refuse(error, step.ClaimedName, step.Reason!);
            return;
        }

        User = user;
        if (step.Data.IsEmpty)
        {
            SendTune();
            return;
        }

        // The protocol has no field for what proves the server, so it is one challenge more, answered with nothing.
        Output.SendNow(0, new ConnectionSecure { Challenge = step.Data.Span });
        _state = ConnectionState.Securing;
    }

    private void SendTune()
    {
        Output.SendNow(0, new ConnectionTune
        {
            ChannelMax = Limits.ChannelMax,
            FrameMax = (uint)Limits.FrameBytesMax,
            Heartbeat = Limits.HeartbeatSeconds,
        });
        _state = ConnectionState.Tuning;
    }

    private WireError LoginRefused() => new(
        ReplyCode.AccessRefused,
        $"Login was refused using authentication mechanism {_mechanism}. For details see the broker logfile.");

    /// <summary>Clients that do not announce the capability expect a refused login to be a closed socket.</summary>
    private void Refuse(WireError error, string user, string reason)
    {
        AmqpLog.LoginRefused(Log, Peer, user, _mechanism, reason);
        if (_capabilities.AuthenticationFailureClose)
        {
            SendClose(error);
            _state = ConnectionState.Closing;
        }
        else
        {
            _state = ConnectionState.Closed;
        }
    }

    private void HandleTuneOk(ReadOnlySpan<byte> payload)
    {
        if (!ConnectionTuneOk.TryRead(payload, out var tuneOk))
        {
            Fail(WireError.MalformedMethod(MethodId.ConnectionTuneOk));
            return;
        }

        var error = CheckNegotiated(
            "frame_max", tuneOk.FrameMax, (uint)Limits.FrameBytesMin, (uint)Limits.FrameBytesMax)
            ?? CheckNegotiated("channel_max", tuneOk.ChannelMax, 1, Limits.ChannelMax);
        if (error is { } found)
        {
            Fail(found);
            return;
        }

        Output.FrameBytesMax = (int)tuneOk.FrameMax;
        _channelMax = tuneOk.ChannelMax;
        _heartbeatMs = tuneOk.Heartbeat * MsPerSecond;
        _state = ConnectionState.Opening;
    }

    private static WireError? CheckNegotiated(string field, uint value, uint min, uint max)
    {
        // Zero asks for no limit, which is more than any.
        if (value != 0 && value < min)
            return NotAllowed($"negotiated {field} = {value} is lower than the minimum allowed value ({min})");
        if (value == 0 || value > max)
        {
            var shown = value == 0 ? "0 (no limit)" : $"{value}";
            return NotAllowed($"negotiated {field} = {shown} is higher than the maximum allowed value ({max})");
        }

        return null;

        static WireError NotAllowed(string text) => new(ReplyCode.NotAllowed, text, MethodId.ConnectionTune);
    }

    private void HandleOpen(ReadOnlySpan<byte> payload)
    {
        if (!ConnectionOpen.TryRead(payload, out var open))
        {
            Fail(WireError.MalformedMethod(MethodId.ConnectionOpen));
            return;
        }

        var name = Encoding.UTF8.GetString(open.VirtualHost);
        if (Broker.FindVirtualHost(name) is not { } host)
        {
            Fail(new WireError(ReplyCode.NotAllowed, $"vhost {name} not found", MethodId.ConnectionOpen));
            return;
        }

        Enter(User, name, mayEnter => OpenHost(host, mayEnter));
    }

    private void OpenHost(VirtualHost host, bool mayEnter)
    {
        var name = host.Name;
        if (!mayEnter)
        {
            Fail(new WireError(
                ReplyCode.NotAllowed, $"access to vhost '{name}' refused for user '{User.Name}'",
                MethodId.ConnectionOpen));
            return;
        }

        try
        {
            Open(_handler.Name, User, host, _capabilities.ConnectionName);
        }
        catch (BrokerLimitException e)
        {
            Fail(new WireError(ReplyCode.NotAllowed, e.Message, MethodId.ConnectionOpen));
            return;
        }

        _state = ConnectionState.Running;
        Output.SendNow(0, default(ConnectionOpenOk));
        AmqpLog.Opened(Log, Peer, User.Name, name, _capabilities.ConnectionName);
    }

    private void HandleUpdateSecret(ReadOnlySpan<byte> payload)
    {
        if (!ConnectionUpdateSecret.TryRead(payload, out var update))
        {
            Fail(WireError.MalformedMethod(MethodId.ConnectionUpdateSecret));
            return;
        }

        var credentials = new Credentials(_mechanism, User.Name, Encoding.UTF8.GetString(update.NewSecret));
        Await(Broker.Authenticator.AuthenticateAsync(credentials, Transport), Renew);
    }

    private void Renew(LoginOutcome outcome)
    {
        if (outcome.User is not { } user || !Opened.TryRenew(user))
        {
            var reason = outcome.User is null ? outcome.Reason : "another user than before";
            AmqpLog.LoginRefused(Log, Peer, User.Name, _mechanism, reason);
            Fail(new WireError(
                ReplyCode.NotAllowed, "New secret was refused by one of the backends",
                MethodId.ConnectionUpdateSecret));
            return;
        }

        User = user;
        AmqpLog.SecretUpdated(Log, Peer, user.Name);
        Output.SendNow(0, default(ConnectionUpdateSecretOk));
    }
}
