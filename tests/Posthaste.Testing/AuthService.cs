using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Posthaste.Testing;

/// <summary>A service that knows users, as those for RabbitMQ do, and remembers what it was asked.</summary>
internal sealed class AuthService : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentQueue<string> _asked = new();

    public AuthService()
    {
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            Address = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}";
        }

        _listener.Prefixes.Add($"{Address}/");
        _listener.Start();
        _ = ServeAsync();
    }

    public string Address { get; }

    /// <summary>What was asked, as <c>GET /user?username=…</c> or <c>POST /user username=…</c>.</summary>
    public IReadOnlyCollection<string> Asked => _asked;

    /// <summary>What it answers; by path and form.</summary>
    public Func<string, string, string> Answer { get; set; } = static (_, _) => "allow";

    /// <summary>The status of its answers.</summary>
    public int Status { get; set; } = 200;

    /// <summary>What the answer to a form waits for.</summary>
    public Func<string, Task> Hold { get; set; } = static _ => Task.CompletedTask;

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        try
        {
            while (true) _ = RespondAsync(await _listener.GetContextAsync());
        }
        catch (Exception e) when (e is ObjectDisposedException or HttpListenerException)
        {
            // Closed.
        }
    }

    private async Task RespondAsync(HttpListenerContext context)
    {
        try
        {
            var request = context.Request;
            using var reader = new StreamReader(request.InputStream);
            var isPost = request.HttpMethod == "POST";
            var form = isPost ? await reader.ReadToEndAsync() : request.Url!.Query[1..];
            _asked.Enqueue($"{request.HttpMethod} {request.Url!.AbsolutePath}{(isPost ? ' ' : '?')}{form}");
            await Hold(form);
            context.Response.StatusCode = Status;
            await context.Response.OutputStream.WriteAsync(
                System.Text.Encoding.UTF8.GetBytes(Answer(request.Url.AbsolutePath, form)));
            context.Response.Close();
        }
        catch (Exception e) when (e is ObjectDisposedException or HttpListenerException or IOException)
        {
            // Who asked has gone.
        }
    }
}
