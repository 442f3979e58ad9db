using System.Text;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Security;
using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Session;

/// <summary>CONNECT: version, login, virtual host, heart-beats.</summary>
internal sealed partial class StompConnection
{
    private const string External = "EXTERNAL";
    private const string Plain = "PLAIN";

    private static readonly byte[] ServerName = Encoding.ASCII.GetBytes(
        $"Posthaste/{typeof(StompConnection).Assembly.GetName().Version!.ToString(3)}");

    /// <summary>The user, once logged in.</summary>
    public BrokerUser User { get; private set; } = null!;

    /// <summary>Takes the first frame of a connection.</summary>
    /// <returns>Whether the frame is still to be handled, by the session that was opened for it.</returns>
    private bool Accept(scoped in StompFrame frame, ReadScope scope)
    {
        if (frame.Command is not (StompCommand.Connect or StompCommand.Stomp))
            return TryConnectImplicitly(scope);
        var error = Connect(frame, out var heartBeat);
        if (error.IsError)
            Fail(error, frame.Raw(KnownHeader.Receipt), scope);
        else
            SendConnected(heartBeat);
        return false;
    }

    private bool TryConnectImplicitly(ReadScope scope)
    {
        var error = _handler.Options is { AcceptsImplicitConnect: true, DefaultLogin: { } login } options
            ? Open(new Credentials(Plain, login, options.DefaultPasscode), options.DefaultVirtualHost)
            : new("Illegal command", "You must log in using CONNECT first");
        if (error.IsError)
            Fail(error, default, scope);
        return !error.IsError;
    }

    private StompError Connect(StompFrame frame, out HeartBeat heartBeat)
    {
        heartBeat = default;
        var accepted = frame.Has(KnownHeader.AcceptVersion) ? frame.Raw(KnownHeader.AcceptVersion) : "1.0"u8;
        if (!StompVersions.TryNegotiate(accepted, out _version))
        {
            return new(
                "Version mismatch", $"Supported versions are {Encoding.ASCII.GetString(StompVersions.Supported)}");
        }

        frame.Version = _version;
        if (frame.Has(KnownHeader.HeartBeat) && !HeartBeat.TryParse(frame.Raw(KnownHeader.HeartBeat), out heartBeat))
            return frame.NotA(KnownHeader.HeartBeat, "two numbers of milliseconds: x,y");
        var host = Text(frame, KnownHeader.Host) ?? _handler.Options.DefaultVirtualHost;
        return TryGetCredentials(frame, out var credentials)
            ? Open(credentials, host)
            : new("Bad CONNECT", "CONNECT must include a 'login' header");
    }

    private bool TryGetCredentials(scoped in StompFrame frame, out Credentials credentials)
    {
        var login = Text(frame, KnownHeader.Login);
        credentials = new(Plain, login ?? "", Text(frame, KnownHeader.Passcode) ?? "");
        if (login is not null)
            return true;
        if (Transport.ClientCertificate is not null
            && Broker.Authenticator.MechanismsFor(Transport).Contains(External))
        {
            credentials = new(External, "", "");
            return true;
        }

        var options = _handler.Options;
        credentials = new(
            Plain, options.DefaultLogin ?? "", Text(frame, KnownHeader.Passcode) ?? options.DefaultPasscode);
        return options.DefaultLogin is not null;
    }

    private StompError Open(in Credentials credentials, string hostName)
    {
        if (Broker.Authenticator.Authenticate(credentials, Transport, out var reason) is not { } user)
        {
            StompLog.LoginRefused(Log, Peer, credentials.UserName, reason);
            return new("Bad CONNECT", $"Access refused for user '{credentials.UserName}'");
        }

        if (Broker.FindVirtualHost(hostName) is not { } host
            || !Broker.MayEnter(user, hostName, Transport))
        {
            StompLog.LoginRefused(Log, Peer, user.Name, $"no access to virtual host '{hostName}'");
            return new("Bad CONNECT", $"Virtual host '{hostName}' access denied");
        }

        try
        {
            var opened = Open(_handler.Name, user, host, clientName: null);
            opened.OpenChannel();
            User = user;
            _session = new StompSession(this, opened, host, _version);
        }
        catch (BrokerLimitException e)
        {
            return new("Bad CONNECT", $"Connection refused: {e.Message}");
        }

        _state = ConnectionState.Running;
        var version = Encoding.ASCII.GetString(StompVersions.Name(_version));
        StompLog.Opened(Log, Peer, user.Name, hostName, version);
        return default;
    }

    private void SendConnected(HeartBeat client)
    {
        _sendEveryMs = Agree(client.WantsMs);
        _expectEveryMs = Agree(client.CanSendMs);
        Output.SendNow(new FrameBuilder("CONNECTED"u8, _version, isEscaped: false)
            .With("version"u8, StompVersions.Name(_version))
            .With("session"u8, _session!.Id)
            .With("heart-beat"u8, $"{_sendEveryMs},{_expectEveryMs}")
            .With("server"u8, ServerName)
            .Build());
    }

    /// <summary>What is promised for an interval that the client named; 0 is never.</summary>
    private int Agree(int ms) => ms == 0 ? 0 : int.Max(ms, Limits.HeartBeatMsMin);

    private static string? Text(scoped in StompFrame frame, KnownHeader header) =>
        frame.Has(header) ? Encoding.UTF8.GetString(frame.Raw(header)) : null;
}
