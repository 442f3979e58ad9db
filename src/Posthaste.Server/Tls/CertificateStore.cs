using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
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

    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

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
    public SslServerAuthenticationOptions For(string serverName)
    {
        var current = _current;
        var entry = Array.Find(current, entry => entry.Certificate.IsFor(serverName));
        return (entry ?? current[0]).Handshake;
    }

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
            }
            catch (PosthasteConfigurationException e)
            {
                LogNotReloaded(e.Message);
            }
        }
    }

    private Entry[] Load()
    {
        var authorities = _options.ClientAuthorityFile is { } file ? ServerCertificate.LoadAuthorities(file) : null;
        var entries = _options.CertificateFiles.Select((path, index) =>
        {
            var key = index < _options.KeyFiles.Count ? _options.KeyFiles[index] : null;
            var certificate = ServerCertificate.Load(path, key, _options.Password);
            return new Entry(certificate, Handshake(certificate, authorities));
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

    private SslServerAuthenticationOptions Handshake(ServerCertificate certificate, X509Certificate2Collection? clients)
    {
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = certificate.Context,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            EncryptionPolicy = EncryptionPolicy.RequireEncryption,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            // The protocols inside have no names there that matter, and a WebSocket begins with HTTP/1.1 anyway.
            ApplicationProtocols = [],
            AllowRenegotiation = false,
        };
        if (clients is null) return options;

        // Asked for here; whether one has to come decides Admits, which also sees that none has.
        options.ClientCertificateRequired = true;
        options.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        options.CertificateChainPolicy.CustomTrustStore.AddRange(clients);
        options.CertificateChainPolicy.ApplicationPolicy.Add(ClientAuthentication);
        options.RemoteCertificateValidationCallback = (_, client, chain, errors) => Admits(client, chain, errors);
        return options;
    }

    private bool Admits(X509Certificate? client, X509Chain? chain, SslPolicyErrors errors)
    {
        if (client is null)
        {
            if (_options.RequiresClientCertificate) LogNoClientCertificate();
            return !_options.RequiresClientCertificate;
        }

        if (errors == SslPolicyErrors.None) return true;
        var reasons = chain?.ChainStatus.Select(status => status.StatusInformation.Trim()) ?? [];
        LogClientRefused(client.Subject, string.Join("; ", reasons.Prepend(errors.ToString())));
        return false;
    }

    /// <summary>What tells a file from the one that stood there before, behind links too.</summary>
    private string Stamps()
    {
        var files = _options.CertificateFiles.Concat(_options.KeyFiles);
        if (_options.ClientAuthorityFile is { } authorities) files = files.Append(authorities);
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

    private sealed record Entry(ServerCertificate Certificate, SslServerAuthenticationOptions Handshake);
}
