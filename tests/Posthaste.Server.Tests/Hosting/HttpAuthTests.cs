using System.Text;
using Posthaste.Broker.Security;
using Posthaste.Server.Tests.Support;
using Posthaste.Testing;

namespace Posthaste.Server.Tests.Hosting;

/// <summary>
/// Clients of users that a service knows, over sockets: what they may do, and what a slow answer holds up.
/// </summary>
public sealed class HttpAuthTests : IDisposable
{
    private readonly AuthService _service = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _service.Dispose();

    [Fact]
    public async Task What_the_service_allows_is_allowed_and_nothing_else()
    {
        _service.Answer = static (path, form) =>
            path == "/resource" && form.Contains("name=amq.direct", StringComparison.Ordinal) ? "deny" : "allow";
        await using var broker = await StartAsync();
        Assert.Contains("RECEIPT", await SendAsync(broker, "ann", "/queue/q"), StringComparison.Ordinal);
        Assert.Contains(
            "write access to exchange 'amq.direct' in vhost '/' refused for user 'ann'",
            await SendAsync(broker, "ann", "/exchange/amq.direct/k"), StringComparison.Ordinal);
        _service.Answer = static (path, _) => path == "/vhost" ? "deny" : "allow";
        Assert.Contains(
            "Virtual host '/' access denied", await SendAsync(broker, "bob", "/queue/q"), StringComparison.Ordinal);
        _service.Answer = static (_, _) => "deny";
        Assert.Contains(
            "Access refused for user 'eve'", await SendAsync(broker, "eve", "/queue/q"), StringComparison.Ordinal);
        Assert.Contains("RECEIPT", await SendAsync(broker, "guest", "/queue/q"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_waits_for_its_answers_holds_up_nobody_else()
    {
        var open = new TaskCompletionSource();
        _service.Hold = form =>
            form.Contains("name=amq.direct", StringComparison.Ordinal) ? open.Task : Task.CompletedTask;
        await using var broker = await StartAsync();
        var waiting = new List<EchoClient>();
        for (var i = 0; i < 40; i++)
        {
            waiting.Add(await OpenAsync(broker, $"user{i}"));
        }

        foreach (var client in waiting) await client.SendAsync(Send("/exchange/amq.direct/k"));

        // All of them have asked, and none has an answer.
        await Eventually.PassesAsync(() =>
        {
            Assert.True(_service.Asked.Count(static text => text.Contains("name=amq.direct")) >= 32);
            return Task.CompletedTask;
        });
        Assert.Contains("RECEIPT", await SendAsync(broker, "guest", "/queue/q"), StringComparison.Ordinal);
        open.SetResult();
        foreach (var client in waiting)
        {
            await client.SendAsync("DISCONNECT\n\n\0"u8.ToArray());
            Assert.Contains("RECEIPT", await client.ReadToEndAsync(), StringComparison.Ordinal);
            client.Dispose();
        }
    }

    private static byte[] Send(string destination) =>
        Encoding.UTF8.GetBytes($"SEND\ndestination:{destination}\nreceipt:r\n\nx\0");

    private static async Task<EchoClient> OpenAsync(PosthasteBroker broker, string user)
    {
        var client = await EchoClient.ConnectAsync(broker.EndPointOf("stomp"));
        await client.SendAsync(Encoding.UTF8.GetBytes(
            $"CONNECT\naccept-version:1.2\nhost:/\nlogin:{user}\npasscode:guest\n\n\0"));
        return client;
    }

    private static async Task<string> SendAsync(PosthasteBroker broker, string user, string destination)
    {
        using var client = await OpenAsync(broker, user);
        await client.SendAsync(Send(destination));
        await client.SendAsync("DISCONNECT\n\n\0"u8.ToArray());
        return await client.ReadToEndAsync();
    }

    private Task<PosthasteBroker> StartAsync() => PosthasteBroker.StartAsync(
        options =>
        {
            var authentication = options.Broker.Authentication;
            authentication.Backends = [AuthenticationBackend.Internal, AuthenticationBackend.Http];
            authentication.Http.UserPath = $"{_service.Address}/user";
            authentication.Http.VirtualHostPath = $"{_service.Address}/vhost";
            authentication.Http.ResourcePath = $"{_service.Address}/resource";
            authentication.Http.TopicPath = $"{_service.Address}/topic";
            authentication.Http.TimeoutMs = 60_000;
        },
        Cancellation);
}
