using Posthaste.Server.Tests.Executable;
using Posthaste.Server.Tests.Support;

namespace Posthaste.Server.Tests.Hosting;

/// <summary>A new broker that begins with an administrator of its own has no user with a known password.</summary>
public sealed class DefaultUserTests : IDisposable
{
    private readonly TemporaryDirectory _files = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task Without_a_password_one_is_made_and_told_once()
    {
        string password;
        await using (var broker = await StartAsync("ops"))
        {
            password = broker.MadePassword!;
            Assert.Equal(24, password.Length);
            Assert.True(await MayLogInAsync(broker, "ops", password));
            Assert.False(await MayLogInAsync(broker, "ops", "guest"));
            Assert.False(await MayLogInAsync(broker, "guest", "guest"));
        }

        await using var again = await StartAsync("ops");
        Assert.Null(again.MadePassword);
        Assert.True(await MayLogInAsync(again, "ops", password));
        Assert.False(await MayLogInAsync(again, "guest", "guest"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_password_comes_from_a_setting_or_a_file(bool isFile)
    {
        File.WriteAllText(_files["secret"], "s3 cret\r\n");
        await using var broker = await StartAsync(
            "ops", isFile ? null : "s3 cret", isFile ? _files["secret"] : null);
        Assert.Null(broker.MadePassword);
        Assert.True(await MayLogInAsync(broker, "ops", "s3 cret"));
        Assert.False(await MayLogInAsync(broker, "guest", "guest"));
    }

    [Theory]
    [InlineData(null, "secret", null, "A default password needs the name of its user (DefaultUser).")]
    [InlineData("ops", "secret", "file", "DefaultPassword and DefaultPasswordFile exclude each other")]
    [InlineData("ops", null, "missing", "The default password can't be read: ")]
    [InlineData("ops", null, "empty", "The file of the default password, ")]
    public async Task What_can_not_be_used_ends_the_start(string? user, string? password, string? file, string start)
    {
        File.WriteAllText(_files["empty"], "\n");
        var exception = await Assert.ThrowsAsync<PosthasteConfigurationException>(
            () => StartAsync(user, password, file is null ? null : _files[file]));
        Assert.StartsWith(start, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_prints_the_password_that_was_made()
    {
        using var process = await PosthasteProcess.ServeAsync("--data", _files["served"], "--set", "DefaultUser=ops");
        Assert.Matches("administrator ops with password [A-Za-z0-9_-]{24}, which is shown this once", process.Output);
        var (exitCode, _, error) = await PosthasteProcess.RunAsync("publish", "q", "x", "--uri", process.Uri);
        Assert.NotEqual(0, exitCode);
        Assert.NotEmpty(error);
    }

    private static async Task<bool> MayLogInAsync(PosthasteBroker broker, string user, string password)
    {
        using var client = await EchoClient.ConnectAsync(broker.EndPointOf("stomp"));
        await client.SendAsync(System.Text.Encoding.UTF8.GetBytes(
            $"CONNECT\naccept-version:1.2\nhost:/\nlogin:{user}\npasscode:{password}\n\n\0DISCONNECT\n\n\0"));
        return (await client.ReadToEndAsync()).StartsWith("CONNECTED", StringComparison.Ordinal);
    }

    private Task<PosthasteBroker> StartAsync(string? user, string? password = null, string? file = null) =>
        PosthasteBroker.StartAsync(
            options =>
            {
                options.UseDirectory(_files["data"]);
                var authentication = options.Broker.Authentication;
                (authentication.DefaultUser, authentication.DefaultPassword, authentication.DefaultPasswordFile) =
                    (user, password, file);
            },
            Cancellation);
}
