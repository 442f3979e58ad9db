using System.Net;
using System.Net.Sockets;
using Posthaste.Bench.Load;
using Posthaste.Bench.Operating;

namespace Posthaste.Bench.Tests;

/// <summary>The onlooker of the operating benchmark, with a broker's management that the test plays.</summary>
public sealed class WatcherTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly IPEndPoint _endPoint = new(IPAddress.Loopback, FreePort());
    private readonly HttpListener _listener = new();
    private readonly SemaphoreSlim _asked = new(0);
    private readonly List<string> _requests = [];
    private volatile string _broken = "nothing";

    public WatcherTests()
    {
        _listener.Prefixes.Add($"http://{_endPoint}/");
        _listener.Start();
        _ = Task.Run(ServeAsync);
    }

    [Fact]
    public async Task It_logs_in_to_the_console_and_asks_for_pages_resources_and_metrics()
    {
        using Watcher watcher = new(_endPoint);
        await WaitForAsync("GET /metrics");
        lock (_requests)
        {
            Assert.Equal(
                ["GET /login", "POST /session token-1 guest", "GET /", "GET /", "GET /queues"], _requests[..5]);
            Assert.Contains(
                _requests, static request => request.StartsWith("GET /api/overview Basic ", StringComparison.Ordinal));
            Assert.Contains(
                _requests, static request => request.StartsWith("GET /api/queues Basic ", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_run_whose_onlooker_was_not_answered_fails()
    {
        _broken = "/metrics";
        using Watcher watcher = new(_endPoint);
        await WaitForAsync("GET /metrics");
        WorkloadException? failure = null;
        long until = Environment.TickCount64 + (long)Deadline.TotalMilliseconds;
        while (failure?.Message.Contains("/metrics", StringComparison.Ordinal) != true)
        {
            Assert.True(Environment.TickCount64 < until, "the failure was not noticed");
            failure = Record.Exception(watcher.Verify) as WorkloadException;
            await Task.Yield();
        }
    }

    [Fact]
    public void What_is_refused_while_guards_are_set_ends_the_run()
    {
        _broken = "/api/user-limits/guest/max-channels";
        using ManagementClient client = new(_endPoint);
        WorkloadException refused = Assert.Throws<WorkloadException>(() => Guards.Set(client));
        Assert.Contains("max-channels", refused.Message, StringComparison.Ordinal);
    }

    public void Dispose() => ((IDisposable)_listener).Dispose();

    private async Task WaitForAsync(string request)
    {
        while (true)
        {
            lock (_requests)
            {
                if (_requests.Contains(request))
                {
                    return;
                }
            }

            Assert.True(await _asked.WaitAsync(Deadline, TestContext.Current.CancellationToken));
        }
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            Answer(context);
            _asked.Release();
        }
    }

    private void Answer(HttpListenerContext context)
    {
        HttpListenerRequest request = context.Request;
        string path = request.Url!.AbsolutePath;
        using StreamReader reader = new(request.InputStream);
        string form = request.HttpMethod == "POST" ? Form(reader.ReadToEnd()) : "";
        string line = $"{request.HttpMethod} {path}{form} {request.Headers["Authorization"]}".TrimEnd();
        lock (_requests)
        {
            _requests.Add(line);
        }

        context.Response.StatusCode = path == _broken ? 500 : path == "/session" ? 302 : IsPut(request) ? 201 : 200;
        byte[] page = """<input name="__RequestVerificationToken" value="token-1">"""u8.ToArray();
        context.Response.Close(page, willBlock: true);
    }

    private static bool IsPut(HttpListenerRequest request) => request.HttpMethod == "PUT";

    private static string Form(string body)
    {
        Dictionary<string, string> fields = body.Split('&').Select(field => field.Split('=')).ToDictionary(
            field => field[0], field => field[1]);
        return $" {fields["__RequestVerificationToken"]} {fields["user"]}";
    }

    private static int FreePort()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
