using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Posthaste.Broker.Limits;
using Posthaste.Broker.Protocols;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Access;
using Posthaste.Broker.Security.Passwords;
using Posthaste.Broker.Security.Sasl;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Security;

public sealed class UserStoreTests
{
    // "U*U" by bcrypt, of crypt_blowfish's test vectors.
    private const string Bcrypt = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

    private readonly BrokerHost _host;

    public UserStoreTests()
    {
        _host = new BrokerHost(new FaultyDevice(1)) { Options = { Authenticator = null } };
        _host.Open();
    }

    private static ImmutableSortedDictionary<string, long> Three { get; } =
        User.NoLimits.Add(LimitNames.Connections, 3);

    private UserStore Users => _host.Broker.Users;

    [Fact]
    public void A_new_broker_has_guest_an_administrator_of_everything_configured()
    {
        var guest = Assert.Single(Users.Users);
        Assert.Equal("guest", guest.Name);
        Assert.True(guest.HasTag(UserTags.Administrator));
        Assert.True(Users.RulesFor("guest", "/").IsFull);
        Assert.NotNull(Login("guest", "guest", Local));
    }

    [Fact]
    public void Guest_gets_in_from_this_machine_only()
    {
        Assert.Null(Login("guest", "guest", Remote, out var reason));
        Assert.Equal("user 'guest' can only connect via localhost", reason);
        Assert.Null(Users.Put(Quick("ann", "secret")));
        Assert.NotNull(Login("ann", "secret", Remote));
    }

    [Fact]
    public async Task Users_and_permissions_are_there_after_a_crash()
    {
        Assert.Null(Users.Put(Quick("ann", "secret") with { Tags = ["management"], Limits = Three }));
        Assert.Null(Users.SetPermission("ann", "/", Permission.Create("^a", "^b", "^c")));
        Assert.Null(Users.SetTopicPermission("ann", "/", "amq.topic", new TopicPermission("^w", "^r")));
        Assert.Null(Users.SetTopicPermission("ann", "/", "gone", new TopicPermission("^w", "^r")));
        Assert.Null(Users.SetTopicPermission("ann", "/", "gone", null));
        Assert.Null(Users.Put(Quick("bob", "secret")));
        Assert.Null(Users.Remove("bob"));
        Assert.Null(Users.Remove("guest"));
        var durable = _host.Broker.WhenDurableAsync();
        while (_host.Broker.Step()) continue;
        Assert.True(await durable);
        _host.CrashAndOpen();

        var ann = Assert.Single(Users.Users);
        Assert.Equal("ann", ann.Name);
        Assert.Equal(Three, ann.Limits);
        Assert.Equal(["management"], ann.Tags);
        Assert.NotNull(Login("ann", "secret", Local));
        Assert.Null(Login("guest", "guest", Local));
        var rules = Users.RulesFor("ann", "/");
        Assert.True(rules.May(AccessKind.Configure, "a") && !rules.May(AccessKind.Configure, "b"));
        Assert.True(rules.MayUseKey(AccessKind.Write, "amq.topic", "w.x"));
        Assert.False(rules.MayUseKey(AccessKind.Write, "amq.topic", "x"));
        Assert.True(rules.MayUseKey(AccessKind.Write, "gone", "x"));
        Assert.False(Users.RulesFor("ann", "other").MayEnter);
    }

    [Fact]
    public void A_user_that_is_removed_loses_permissions_and_connections()
    {
        Assert.Null(Users.Put(Quick("ann", "secret")));
        Assert.Null(Users.SetPermission("ann", "/", Permission.Full));
        using var connection = _host.Broker.OpenConnection(Local, "test", Login("ann", "secret", Local)!, _host.Host);
        string? closed = null;
        connection.CloseRequested += reason => closed = reason;
        Assert.True(connection.Access.IsFull);
        Assert.Null(Users.SetPermission("ann", "/", Permission.Create("", ".*", "")));
        Assert.False(connection.Access.May(AccessKind.Read, "q"));
        Assert.Null(closed);
        Assert.Null(Users.Remove("ann"));
        Assert.Equal("access to vhost '/' was withdrawn", closed);
        Assert.Null(Users.Put(Quick("ann", "secret")));
        Assert.False(Users.RulesFor("ann", "/").MayEnter);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\nb")]
    [InlineData("long")]
    public void A_name_that_is_none_is_refused(string name)
    {
        if (name == "long") name = new string('x', User.NameBytesMax + 1);
        Assert.NotNull(Users.Put(new User(name)));
        Assert.Single(Users.Users);
    }

    [Fact]
    public void What_nobody_has_can_not_be_changed()
    {
        Assert.Equal("there is no user 'eve'", Users.Remove("eve"));
        Assert.Equal("there is no user 'eve'", Users.SetPermission("eve", "/", Permission.Full));
        Assert.Equal(
            "there is no user 'eve'", Users.SetTopicPermission("eve", "/", "x", new TopicPermission(".*", ".*")));
        Assert.StartsWith(
            "'(' is no regular expression",
            Users.SetTopicPermission("guest", "/", "x", new TopicPermission("(", ".*")), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_password_or_with_an_empty_one_nobody_logs_in()
    {
        Assert.Null(Users.Put(new User("ann")));
        Assert.Null(Login("ann", "", Local));
        Assert.Null(Users.Put(Quick("ann", "")));
        Assert.Null(Login("ann", "", Local));
    }

    [Fact]
    public void Who_fails_ten_times_waits_even_with_the_right_password()
    {
        Assert.Null(Users.Put(Quick("ann", "secret")));
        for (var i = 0; i < 10; i++) Assert.Null(Login("ann", "wrong", Remote));
        Assert.Null(Login("ann", "secret", Remote, out var reason));
        Assert.Equal("too many failed logins, try again later", reason);
        Assert.NotNull(Login("ann", "secret", Local));
        _host.Time.Advance(6_000);
        Assert.NotNull(Login("ann", "secret", Remote));
    }

    [Fact]
    public async Task A_slow_hash_is_made_in_turn_and_not_again_for_a_login_that_is_known()
    {
        Assert.True(PasswordHash.TryParse("lavinmq_bcrypt", Bcrypt, out var hash, out _));
        Assert.Null(Users.Put(new User("ann") { Passwords = [hash] }));
        var login = Begin("ann", "U*U");
        Assert.False(login.IsCompleted);
        Assert.True(_host.Step());
        Assert.Equal("ann", (await login).User?.Name);
        Assert.True(Begin("ann", "U*U").IsCompletedSuccessfully);
        Assert.Null(Login("ann", "U*V", Local));

        // Nor does a name that nobody has answer sooner.
        Assert.False(Begin("eve", "U*U").IsCompleted);
        _host.Idle();
    }

    [Fact]
    public async Task Those_that_wait_are_damped_when_it_is_their_turn()
    {
        Assert.True(PasswordHash.TryParse("lavinmq_bcrypt", Bcrypt, out var hash, out _));
        Assert.Null(Users.Put(new User("ann") { Passwords = [hash] }));
        var logins = Enumerable.Range(0, 15).Select(_ => Begin("ann", "wrong", Remote)).ToList();
        _host.Idle();
        var reasons = (await Task.WhenAll(logins)).Select(static outcome => outcome.Reason).ToList();
        Assert.Equal(10, reasons.Count(static reason => reason == "invalid credentials"));
        Assert.Equal(5, reasons.Count(static reason => reason == "too many failed logins, try again later"));
    }

    [Fact]
    public async Task A_password_that_changes_while_it_is_looked_at_is_wrong()
    {
        Assert.True(PasswordHash.TryParse("lavinmq_bcrypt", Bcrypt, out var hash, out _));
        Assert.Null(Users.Put(new User("ann") { Passwords = [hash] }));
        var login = Begin("ann", "U*U");
        Assert.Null(Users.Put(Quick("ann", "other")));
        _host.Idle();
        Assert.Null((await login).User);
    }

    [Fact]
    public void A_client_certificate_names_the_user()
    {
        Assert.Null(Users.Put(new User("ann")));
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=ann, O=x", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("bob");
        request.CertificateExtensions.Add(names.Build());
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        var connection = new ProtocolConnection(null!, null, null, static _ => { }) { ClientCertificate = certificate };

        Assert.Equal("EXTERNAL", _host.Broker.Authenticator.MechanismsFor(connection)[0]);
        Assert.Equal("ann", _host.Broker.Authenticator.Begin("EXTERNAL", connection)!.Next([]).User!.Name);
        Assert.Null(_host.Broker.Authenticator.Begin("EXTERNAL", Local));

        // As protocols without SASL ask.
        var external = new Credentials("EXTERNAL", "", "");
        Assert.Equal("ann", _host.Broker.Authenticator.Authenticate(external, connection, out _)!.Name);
        Assert.Null(_host.Broker.Authenticator.Authenticate(external, Local, out _));
        _host.Options.Authentication.CertificateName = CertificateName.SubjectAlternativeName;
        var step = _host.Broker.Authenticator.Begin("EXTERNAL", connection)!.Next([]);
        Assert.Equal("there is no user 'bob'", step.Reason);
        _host.Options.Authentication.CertificateName = CertificateName.DistinguishedName;
        step = _host.Broker.Authenticator.Begin("EXTERNAL", connection)!.Next([]);
        Assert.Equal("CN=ann,O=x", step.ClaimedName);
    }

    [Fact]
    public void Anonymous_is_offered_only_where_it_is_somebody()
    {
        Assert.Null(_host.Broker.Authenticator.Begin("ANONYMOUS", Local));
        _host.Options.Authentication.AnonymousUser = "guest";
        Assert.Contains("ANONYMOUS", _host.Broker.Authenticator.MechanismsFor(Local));
        Assert.Equal("guest", _host.Broker.Authenticator.Begin("ANONYMOUS", Local)!.Next([]).User!.Name);
        Assert.Null(_host.Broker.Authenticator.Begin("ANONYMOUS", Remote)!.Next([]).User);
    }

    private static ProtocolConnection Local { get; } = new(null!, null, null, static _ => { });

    private static ProtocolConnection Remote { get; } =
        new(null!, null, new System.Net.IPEndPoint(System.Net.IPAddress.Parse("192.0.2.1"), 1), static _ => { });

    private Task<LoginOutcome> Begin(string name, string password, ProtocolConnection? from = null) =>
        _host.Broker.Authenticator.AuthenticateAsync(
            new Credentials(SaslResponses.Plain, name, password), from ?? Local).AsTask();

    private BrokerUser? Login(string name, string password, ProtocolConnection from) =>
        Login(name, password, from, out _);

    private BrokerUser? Login(string name, string password, ProtocolConnection from, out string reason) =>
        _host.Broker.Authenticator.Authenticate(
            new Credentials(SaslResponses.Plain, name, password), from, out reason, _host.Idle);

    private static User Quick(string name, string password) => new(name)
    {
        Passwords =
        [
            ScramCredential.Create(
                ScramMechanism.Sha512, password, RandomNumberGenerator.Fill, ScramCredential.IterationsMin),
        ],
    };
}
