namespace Posthaste.Broker.Security.Tokens;

/// <summary>Where a key set is: a file, or an address that is asked over HTTP.</summary>
internal sealed class KeyDocument : IDisposable
{
    /// <summary>Bytes of a key set at most: a thousand times what they have.</summary>
    private const int BytesMax = 1 << 20;

    /// <summary>Time for a request, body included.</summary>
    private static readonly TimeSpan RequestTimeMax = TimeSpan.FromSeconds(10);

    private readonly Uri? _uri;
    private readonly HttpClient? _http;

    /// <param name="place">A path, or an `http(s)` address.</param>
    public KeyDocument(string place)
    {
        Place = ShownAddress.Of(place);
        if (!place.Contains("://", StringComparison.Ordinal)) return;
        _uri = Uri.TryCreate(place, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http"
            ? uri
            : throw new ArgumentException($"'{place}' is neither a file nor an address of http or https.");

        // No redirection: whoever answers at the address must not send the broker around in its own network.
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            MaxResponseHeadersLength = 16,
        })
        {
            Timeout = RequestTimeMax,
            MaxResponseContentBufferSize = BytesMax,
        };
    }

    /// <summary>The path, or the address without what may be secret in it.</summary>
    public string Place { get; }

    public bool IsFile => _uri is null;

    /// <summary>Whether keys come over a network unprotected, so that whoever is on the way can give others.</summary>
    public bool IsUnprotected => _uri is { Scheme: "http", IsLoopback: false };

    /// <exception cref="IOException">It can't be read, or is too large.</exception>
    public async Task<byte[]> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            if (_http is null) return ReadFile();
            return await _http.GetByteArrayAsync(_uri, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or UnauthorizedAccessException)
        {
            throw new IOException(e.Message, e);
        }
        catch (TaskCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new IOException($"no answer within {RequestTimeMax.TotalSeconds} s", e);
        }
    }

    /// <exception cref="IOException">It can't be read, or is too large.</exception>
    public byte[] ReadFile()
    {
        var file = new FileInfo(Place);
        if (!file.Exists) throw new FileNotFoundException($"there is no file '{Place}'");
        if (file.Length > BytesMax) throw new IOException($"'{Place}' has {file.Length} bytes; {BytesMax} at most");
        return File.ReadAllBytes(Place);
    }

    public void Dispose() => _http?.Dispose();
}
