using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace Posthaste.Server.Tls;

/// <summary>
/// The certificates that handshakes use now. They are read at the start, where what is wrong with them ends it, and
/// again when a file changes: what is wrong then is logged, and the ones before stay. Any thread.
/// </summary>
internal sealed partial class CertificateStore : IDisposable
{
    /// <summary>Days before a certificate's end at which it is warned of: time to order another.</summary>
    private const int ExpiryWarningDays = 30;

    private readonly TlsOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ITimer _timer;
    private readonly Lock _reload = new();
    private volatile Entry[] _current;
    private string _stamps;

    /// <exception cref="PosthasteConfigurationException">A file can't be read or used.</exception>
    public CertificateStore(TlsOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        _options = options;
        _time = time;
        _log = loggers.CreateLogger<CertificateStore>();
        _stamps = Stamps();
        _current = Load();
        _timer = time.CreateTimer(
            static store => ((CertificateStore)store!).ReloadIfChanged(), this,
            options.ReloadInterval, options.ReloadInterval);
    }

    /// <summary>What a handshake with a client that asks for this name (empty when it asks for none) goes by.</summary>
    /// <param name="serverName">As the client gives it.</param>
    /// <param name="inside">What is spoken inside, as ALPN (RFC 7301) calls it. A client that names protocols
    /// and not this one is refused: its requests would be read as something else.</param>
    public SslServerAuthenticationOptions For(string serverName, string inside)
    {
        var current = _current;
        var entry = Array.Find(current, entry => entry.Certificate.IsFor(serverName)) ?? current[0];
        return entry.Handshakes.GetOrAdd(
            inside, static (inside, at) => at.Store.Handshake(at.Entry.Certificate, at.Entry.Clients, inside),
            (Store: this, Entry: entry));
    }

    /// <summary>Why files that have changed are not used; null when they are.</summary>
    public string? Fault { get; private set; }

    /// <summary>When the first of the certificates in use ends.</summary>
    public DateTimeOffset FirstEnd => _current.Min(static entry => new DateTimeOffset(entry.Certificate.Leaf.NotAfter));

    public void Dispose() => _timer.Dispose();

    private void ReloadIfChanged()
    {
        lock (_reload)
        {
            var stamps = Stamps();
            if (stamps == _stamps) return;
            // Remembered whatever comes of it: what is wrong with the files is said once.
            _stamps = stamps;
            try
            {
                _current = Load();
                Fault = null;
            }
            catch (PosthasteConfigurationException e)
            {
                Fault = e.Message;
                LogNotReloaded(e.Message);
            }
        }
    }

    private Entry[] Load()
    {
        var clients = _options.ClientAuthorityFile is null ? null : new ClientTrust(_options, _time);
        var entries = _options.CertificateFiles.Select((path, index) =>
        {
            var key = index < _options.KeyFiles.Count ? _options.KeyFiles[index] : null;
            return new Entry(ServerCertificate.Load(path, key, _options.Password), clients);
        }).ToArray();

        foreach (var entry in entries) Announce(entry.Certificate.Leaf);
        return entries;
    }

    private void Announce(X509Certificate2 leaf)
    {
        var daysLeft = (leaf.NotAfter.ToUniversalTime() - _time.GetUtcNow()).TotalDays;
        if (daysLeft < ExpiryWarningDays) LogExpires(leaf.Subject, leaf.NotAfter);
        else LogLoaded(leaf.Subject, leaf.NotAfter);
    }

    private SslServerAuthenticationOptions Handshake(ServerCertificate certificate, ClientTrust? clients, string inside)
    {
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = certificate.Context,
            EnabledSslProtocols =
                _options.RequiresTls13 ? SslProtocols.Tls13 : SslProtocols.Tls12 | SslProtocols.Tls13,
            EncryptionPolicy = EncryptionPolicy.RequireEncryption,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            ApplicationProtocols = [new SslApplicationProtocol(inside)],
            AllowRenegotiation = false,
        };
        if (clients is null) return options;

        // Asked for here; whether one has to come decides Admits, which also sees that none has.
        options.ClientCertificateRequired = true;
        options.CertificateChainPolicy = clients.Policy;
        options.RemoteCertificateValidationCallback =
            (_, client, chain, errors) => Admits(client, chain, errors, clients);
        return options;
    }

    private bool Admits(X509Certificate? client, X509Chain? chain, SslPolicyErrors errors, ClientTrust clients)
    {
        if (client is null)
        {
            if (_options.RequiresClientCertificate) LogNoClientCertificate();
            return !_options.RequiresClientCertificate;
        }

        if (errors == SslPolicyErrors.None)
        {
            if (clients.FaultOf(chain!) is not { } fault) return true;
            LogClientRefused(client.Subject, fault);
            return false;
        }

        var reasons = chain?.ChainStatus.Select(status => status.StatusInformation.Trim()) ?? [];
        LogClientRefused(client.Subject, string.Join("; ", reasons.Prepend(errors.ToString())));
        return false;
    }

    /// <summary>What tells a file from the one that stood there before, behind links too.</summary>
    private string Stamps()
    {
        var files = _options.CertificateFiles.Concat(_options.KeyFiles);
        if (_options.ClientAuthorityFile is { } authorities) files = files.Append(authorities);
        if (_options.RevocationListFile is { } lists) files = files.Append(lists);
        return string.Join('\n', files.Select(path =>
        {
            try
            {
                var file = File.ResolveLinkTarget(path, returnFinalTarget: true) as FileInfo ?? new FileInfo(path);
                return file.Exists ? $"{file.FullName} {file.LastWriteTimeUtc.Ticks} {file.Length}" : "missing";
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return e.Message;
            }
        }));
    }

    [LoggerMessage(EventId = 121, Level = LogLevel.Information,
        Message = "TLS certificate of {Subject}, valid until {NotAfter:u}")]
    private partial void LogLoaded(string subject, DateTime notAfter);

    [LoggerMessage(EventId = 122, Level = LogLevel.Warning,
        Message = "TLS certificate of {Subject} ends or ended at {NotAfter:u}: replace the file, it is read again")]
    private partial void LogExpires(string subject, DateTime notAfter);

    [LoggerMessage(EventId = 123, Level = LogLevel.Error,
        Message = "changed TLS files are not used, those before them are: {Reason}")]
    private partial void LogNotReloaded(string reason);

    [LoggerMessage(EventId = 124, Level = LogLevel.Warning, Message = "TLS client refused: it has no certificate")]
    private partial void LogNoClientCertificate();

    [LoggerMessage(EventId = 125, Level = LogLevel.Warning,
        Message = "TLS client refused: the certificate of {Subject} is not trusted: {Reason}")]
    private partial void LogClientRefused(string subject, string reason);

    /// <summary>A certificate in use, with its handshakes by what is spoken inside.</summary>
    private sealed record Entry(ServerCertificate Certificate, ClientTrust? Clients)
    {
        public ConcurrentDictionary<string, SslServerAuthenticationOptions> Handshakes { get; } = new();
    }
}
