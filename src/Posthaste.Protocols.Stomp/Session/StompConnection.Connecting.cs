using System.Text;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Security;
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
    private void Connect(scoped in StompFrame frame)
    {
        var receipt = frame.Raw(KnownHeader.Receipt).ToArray();
        var error = Read(frame, out var heartBeat, out var credentials, out var host);
        if (error.IsError)
            Refuse(error, receipt);
        else
            LogIn(credentials, host, receipt, () => SendConnected(heartBeat));
    }

    /// <summary>A first frame that is no CONNECT: perhaps the default user's.</summary>
    /// <returns>Whether the user has logged in, and the frame is to be handled.</returns>
    private bool TryConnectImplicitly()
    {
        if (_handler.Options is { AcceptsImplicitConnect: true, DefaultLogin: { } login } options)
            LogIn(new(Plain, login, options.DefaultPasscode), options.DefaultVirtualHost, [], static () => { });
        else
            Refuse(new("Illegal command", "You must log in using CONNECT first"), []);
        return _session is not null;
    }

    private void LogIn(Credentials credentials, string host, byte[] receipt, Action opened) =>
        Await(Broker.Authenticator.AuthenticateAsync(credentials, Transport), outcome =>
        {
            if (outcome.User is not { } user)
            {
                StompLog.LoginRefused(Log, Peer, credentials.UserName, outcome.Reason);
                Refuse(new("Bad CONNECT", $"Access refused for user '{credentials.UserName}'"), receipt);
                return;
            }

            Enter(user, host, mayEnter =>
            {
                var error = Open(user, host, mayEnter);
                if (error.IsError)
                    Refuse(error, receipt);
                else
                    opened();
            });
        });

    /// <summary>Nothing has been handed to the broker yet.</summary>
    private void Refuse(in StompError error, ReadOnlySpan<byte> receipt) => Prepare(error, "receipt-id", receipt);

    private StompError Read(
        scoped StompFrame frame, out HeartBeat heartBeat, out Credentials credentials, out string host)
    {
        (heartBeat, credentials) = (default, default);
        host = Text(frame, KnownHeader.Host) ?? _handler.Options.DefaultVirtualHost;
        var accepted = frame.Has(KnownHeader.AcceptVersion) ? frame.Raw(KnownHeader.AcceptVersion) : "1.0"u8;
        if (!StompVersions.TryNegotiate(accepted, out _version, Transport.Versions))
        {
            var supported = Encoding.ASCII.GetString(StompVersions.Supported).Split(',').Where(Transport.Takes);
            return new("Version mismatch", $"Supported versions are {string.Join(',', supported)}");
        }

        frame.Version = _version;
        if (frame.Has(KnownHeader.HeartBeat) && !HeartBeat.TryParse(frame.Raw(KnownHeader.HeartBeat), out heartBeat))
            return frame.NotA(KnownHeader.HeartBeat, "two numbers of milliseconds: x,y");
        return TryGetCredentials(frame, out credentials)
            ? default
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

    private StompError Open(BrokerUser user, string hostName, bool mayEnter)
    {
        if (!mayEnter || Broker.FindVirtualHost(hostName) is not { } host)
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
