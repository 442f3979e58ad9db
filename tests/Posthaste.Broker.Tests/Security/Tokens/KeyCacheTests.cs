using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Posthaste.Broker.Security.Tokens;
using Posthaste.Testing;

namespace Posthaste.Broker.Tests.Security.Tokens;

/// <summary>Where keys come from, and when they are asked for.</summary>
public sealed class KeyCacheTests : IDisposable
{
    private readonly TokenIssuer _issuer = new();
    private readonly TokenIssuer _next = new("-2");
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"posthaste-keys-{Guid.NewGuid():n}.json");

    public void Dispose()
    {
        _issuer.Dispose();
        _next.Dispose();
        File.Delete(_file);
    }

    [Fact]
    public async Task A_key_that_is_not_known_has_them_read_again_but_not_often()
    {
        await File.WriteAllTextAsync(_file, _issuer.KeySet);
        using var keys = Open(_file);
        Assert.True(keys.Current.Knows("rsa"));
        keys.Tick(0);
        await File.WriteAllTextAsync(_file, _next.KeySet);
        keys.Want();
        keys.Tick(KeyCache.IntervalMsMin - 1);
        await keys.Reading;
        Assert.True(keys.Current.Knows("rsa"));
        keys.Tick(KeyCache.IntervalMsMin);
        await keys.Reading;
        Assert.False(keys.Current.Knows("rsa"));
        Assert.True(keys.Current.Knows("rsa-2"));

        // Without being wanted: when their time has come, counted from the last reading.
        await File.WriteAllTextAsync(_file, _issuer.KeySet);
        keys.Tick(KeyCache.IntervalMsMin + 299_999);
        await keys.Reading;
        Assert.False(keys.Current.Knows("rsa"));
        keys.Tick(KeyCache.IntervalMsMin + 300_000);
        await keys.Reading;
        Assert.True(keys.Current.Knows("rsa"));
    }

    [Fact]
    public async Task Keys_that_can_not_be_read_leave_those_before()
    {
        await File.WriteAllTextAsync(_file, _issuer.KeySet);
        using var keys = Open(_file);
        keys.Tick(0);
        var nowMs = 0L;
        foreach (var content in (string[])["{", """{"keys":[]}""", "[]", """{"keys":7}"""])
        {
            await File.WriteAllTextAsync(_file, content);
            nowMs += 300_000;
            keys.Tick(nowMs);
            await keys.Reading;
            Assert.True(keys.Current.Knows("rsa"));
        }
    }

    [Theory]
    [InlineData(null, "there is no file")]
    [InlineData("{", "it is no JSON Web Key Set")]
    [InlineData("""{"keys":[{"kty":"oct","k":"AAAA"}]}""", "it has no key that signs tokens")]
    [InlineData("""{"keys":[{"kty":"RSA","kid":"x","n":"AQAB","e":"AQAB"}]}""", "key 'x'")]
    [InlineData("""{"keys":[{"kty":"EC","crv":"P-256","kid":"x","x":"AQ","y":"AQ"}]}""", "key 'x'")]
    [InlineData("""{"keys":[{"kty":"RSA","use":"enc","n":"AQAB","e":"AQAB"}]}""", "it has no key that signs tokens")]
    public void A_file_that_is_no_key_set_ends_the_start(string? content, string reason)
    {
        if (content is not null) File.WriteAllText(_file, content);
        var exception = Assert.Throws<ArgumentException>(() => Open(_file));
        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ftp://issuer.example/keys")]
    [InlineData("file:///etc/keys")]
    public void Another_scheme_is_no_place_for_keys(string place) =>
        Assert.Throws<ArgumentException>(() => Open(place));

    [Fact]
    public async Task An_address_is_asked_at_the_first_tick()
    {
        using var server = new OneAnswerServer($"HTTP/1.1 200 OK\r\nContent-Length: {_issuer.KeySet.Length}\r\n\r\n"
            + _issuer.KeySet);
        using var keys = Open(server.Address);
        Assert.Equal(0, keys.Current.Count);
        keys.Tick(12_345);
        await keys.Reading;
        Assert.True(keys.Current.Knows("rsa"));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n{")]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("no http at all\r\n\r\n")]
    public async Task An_answer_that_is_none_leaves_no_keys(string answer)
    {
        using var server = new OneAnswerServer(answer);
        using var keys = Open(server.Address);
        keys.Tick(0);
        await keys.Reading;
        Assert.Equal(0, keys.Current.Count);
        Assert.Equal(1, server.RequestCount);
    }

    private static KeyCache Open(string place) =>
        new(new TokenOptions { Keys = place, ResourceServerId = TokenIssuer.Audience }, NullLogger.Instance);

    /// <summary>Answers every request on a free port with the same bytes.</summary>
    private sealed class OneAnswerServer : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly byte[] _answer;
        private int _requestCount;

        public OneAnswerServer(string answer)
        {
            _answer = Encoding.ASCII.GetBytes(answer);
            _listener.Start();
            _ = ServeAsync();
        }

        public string Address => $"http://{_listener.LocalEndpoint}/keys";

        public int RequestCount => Volatile.Read(ref _requestCount);

        public void Dispose() => _listener.Dispose();

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using var client = await _listener.AcceptTcpClientAsync();
                    var buffer = new byte[4_096];
                    var count = 0;
                    while (!buffer.AsSpan(0, count).EndsWith("\r\n\r\n"u8))
                        count += await client.GetStream().ReadAsync(buffer.AsMemory(count));
                    Interlocked.Increment(ref _requestCount);
                    await client.GetStream().WriteAsync(_answer);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
            {
                // The test has ended.
            }
        }
    }
}
