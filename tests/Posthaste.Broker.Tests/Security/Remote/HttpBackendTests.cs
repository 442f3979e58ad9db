using Posthaste.Broker.Protocols;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Access;
using Posthaste.Simulation.Hosting;
using Posthaste.Testing;

namespace Posthaste.Broker.Tests.Security.Remote;

/// <summary>Users that an HTTP service knows, asked as RabbitMQ asks it.</summary>
public sealed class HttpBackendTests : IDisposable
{
    private readonly AuthService _service = new();
    private readonly BrokerHost _host = new(device: null) { Options = { Authenticator = null } };

    public HttpBackendTests()
    {
        var options = _host.Options.Authentication;
        options.Backends = [AuthenticationBackend.Http, AuthenticationBackend.Internal];
        options.Http.UserPath = $"{_service.Address}/user";
        options.Http.VirtualHostPath = $"{_service.Address}/vhost";
        options.Http.ResourcePath = $"{_service.Address}/resource";
        options.Http.TopicPath = $"{_service.Address}/topic";
        options.Http.CacheMs = 1_000;
    }

    private static ProtocolConnection From { get; } =
        new(null!, null, new System.Net.IPEndPoint(System.Net.IPAddress.Parse("192.0.2.1"), 1), static _ => { });

    public void Dispose() => _service.Dispose();

    [Theory]
    [InlineData(false, "GET /", "?")]
    [InlineData(true, "POST /", " ")]
    public async Task It_is_asked_as_RabbitMQ_asks_it(bool usesPost, string start, string separator)
    {
        _host.Options.Authentication.Http.UsesPost = usesPost;
        _service.Answer = static (path, _) => path == "/user" ? "allow Management  impersonator" : "allow";
        _host.Open();
        var user = (await LogInAsync("ann b", "s&cret", "c1")).User!;
        Assert.Equal(("ann b", true), (user.Name, user.MayImpersonate));
        Assert.Equal(["management", "impersonator"], user.Tags);
        var rules = await EnterAsync(user);
        Assert.True(rules.MayEnter);
        Assert.True(rules.May(AccessKind.Configure, "q"));
        Assert.True(rules.May(AccessKind.Read, "", AccessTarget.Exchange));
        Assert.True(rules.MayUseKey(AccessKind.Write, "amq.topic", "a.b", new("c1")));
        const string tags = "tags=management+impersonator";
        Assert.Equal(
        [
            "user/username=ann+b&password=s%26cret&client_id=c1",
            $"vhost/username=ann+b&vhost=%2F&ip=192.0.2.1&{tags}",
            $"resource/username=ann+b&vhost=%2F&resource=queue&name=q&permission=configure&{tags}",
            $"resource/username=ann+b&vhost=%2F&resource=exchange&name=amq.default&permission=read&{tags}",
            $"topic/username=ann+b&vhost=%2F&resource=topic&name=amq.topic&permission=write&{tags}&routing_key=a.b"
                + "&variable_map.username=ann+b&variable_map.vhost=%2F&variable_map.client_id=c1",
        ], _service.Asked.Select(text => text[start.Length..].Replace(separator, "/", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("deny", 200)]
    [InlineData("deny nobody knows you", 200)]
    [InlineData("perhaps", 200)]
    [InlineData("", 200)]
    [InlineData("allow", 500)]
    [InlineData("allow", 302)]
    public async Task Any_other_answer_is_a_refusal(string answer, int status)
    {
        _service.Answer = (_, _) => answer;
        _service.Status = status;
        _host.Open();
        Assert.Null((await LogInAsync("ann", "x")).User);
    }

    [Fact]
    public async Task Those_behind_it_are_asked_when_it_refuses()
    {
        _service.Answer = static (_, _) => "deny";
        _host.Open();
        var local = new ProtocolConnection(null!, null, null, static _ => { });
        var guest = await LogInAsync("guest", "guest", from: local);
        Assert.Null(guest.User!.Grants);

        // Guest is from this machine only, whoever knows a guest.
        _service.Answer = static (_, _) => "allow";
        Assert.Null((await LogInAsync("guest", "guest")).User);
    }

    [Fact]
    public async Task Who_can_not_be_judged_has_not_guessed_and_nothing_is_asked_for_a_second()
    {
        _host.Options.Authentication.Http.TimeoutMs = 200;
        _service.Hold = static _ => new TaskCompletionSource().Task;
        _host.Open();
        for (var i = 0; i < 20; i++)
            Assert.Equal("the HTTP backend does not answer", (await LogInAsync("ann", "x")).Reason);
        Assert.Single(_service.Asked);
        _service.Hold = static _ => Task.CompletedTask;
        _host.Time.Advance(1_000);
        Assert.NotNull((await LogInAsync("ann", "x")).User);
    }

    [Fact]
    public async Task Answers_are_believed_for_a_while_and_refusals_are_asked_again()
    {
        _host.Open();
        var user = (await LogInAsync("ann", "x")).User!;
        await LogInAsync("ann", "x");
        Assert.Single(_service.Asked);
        await LogInAsync("ann", "y");
        Assert.Equal(2, _service.Asked.Count);

        var rules = await EnterAsync(user);
        _service.Answer = static (_, _) => "deny";
        Assert.False(rules.May(AccessKind.Read, "q"));
        _service.Answer = static (_, _) => "allow";
        Assert.True(rules.May(AccessKind.Read, "q"));
        Assert.Equal(5, _service.Asked.Count);
        Assert.True(rules.May(AccessKind.Read, "q"));
        Assert.Equal(5, _service.Asked.Count);

        var changed = 0;
        _host.Broker.Authenticator.AccessChanged += _ => changed++;
        _service.Answer = static (_, _) => "deny";
        _host.Time.Advance(2_000);
        Assert.True(changed > 0);
        Assert.False(rules.May(AccessKind.Read, "q"));

        // The virtual host was asked for when it was entered.
        Assert.True(_host.Broker.Authenticator.RulesFor(user, "/").MayEnter);
    }

    [Fact]
    public async Task What_many_want_to_know_at_a_time_is_asked_once()
    {
        var open = new TaskCompletionSource();
        _service.Hold = _ => open.Task;
        _host.Open();
        var logins = Enumerable.Range(0, 20).Select(_ => LogInAsync("ann", "x")).ToList();
        open.SetResult();
        Assert.All(await Task.WhenAll(logins), static outcome => Assert.NotNull(outcome.User));
        Assert.Single(_service.Asked);
    }

    [Theory]
    [InlineData(null, "HttpAuth:UserPath is ''; it has to be an address of http or https.")]
    [InlineData("auth.example", "HttpAuth:UserPath is 'auth.example'; it has to be an address of http or https.")]
    public void Without_an_address_it_does_not_start(string? address, string message)
    {
        _host.Options.Authentication.Http.UserPath = address;
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => _host.Open()).Message);
    }

    private Task<LoginOutcome> LogInAsync(
        string name, string password, string? clientId = null, ProtocolConnection? from = null) =>
        _host.Broker.Authenticator.AuthenticateAsync(
            new Credentials("PLAIN", name, password) { ClientId = clientId }, from ?? From).AsTask()
            .WaitAsync(TimeSpan.FromSeconds(60));

    private async Task<AccessRules> EnterAsync(BrokerUser user)
    {
        Assert.True(await _host.Broker.EnterAsync(user, "/", From).AsTask().WaitAsync(TimeSpan.FromSeconds(60)));
        return _host.Broker.Authenticator.RulesFor(user, "/");
    }
}
