using System.Diagnostics;
using Posthaste.Interop.Tests.Infrastructure;
using Posthaste.Testing;
using RabbitMQ.Client;

namespace Posthaste.Interop.Tests.BadInput;

/// <summary>The real process on a disk that runs full: a small one in memory, which only root can mount.</summary>
public sealed class FullDiskTests(BrokerFixture broker) : IAsyncLifetime
{
    private const int TimeLimitMs = 180_000;
    private const int BodyBytes = 16_000;

    private readonly DirectoryInfo _mount = Directory.CreateTempSubdirectory("posthaste-disk-");
    private bool _isMounted;

    public async ValueTask InitializeAsync() =>
        _isMounted = await RunAsync("mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", _mount.FullName);

    public async ValueTask DisposeAsync()
    {
        if (_isMounted)
            await RunAsync("umount", _mount.FullName);
        _mount.Delete();
    }

    [BrokerFact(Timeout = TimeLimitMs)]
    public async Task Publishers_are_blocked_settling_goes_on_and_space_unblocks()
    {
        broker.SkipUnlessOwned();
        if (!_isMounted)
            Assert.Skip("A small disk to fill can't be mounted here.");
        await using var process = new BrokerProcess(Path.Combine(_mount.FullName, "data"),
            "--set", "JournalFileBytes=1MiB", "--set", "JournalBytesMax=4MiB", "--set", "DiskFreeBytesMin=8MiB");
        await process.StartAsync();
        await using IConnection publishing = await ConnectAsync(process);
        var blocked = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var unblocked = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        publishing.ConnectionBlockedAsync += (_, reason) =>
        {
            blocked.TrySetResult(reason.Reason);
            return Task.CompletedTask;
        };
        publishing.ConnectionUnblockedAsync += (_, _) =>
        {
            unblocked.TrySetResult(true);
            return Task.CompletedTask;
        };

        int confirmedCount = await FillUntilAsync(publishing, blocked.Task);
        Assert.NotEmpty(await Wait.ForAsync("connection.blocked", blocked.Task));
        Assert.False(unblocked.Task.IsCompleted);

        // Reading and settling go on, and what was confirmed is there.
        await using IConnection consuming = await ConnectAsync(process);
        Assert.True(await DrainAsync(consuming) >= confirmedCount);
        await Wait.ForAsync("connection.unblocked", unblocked.Task);
        await using IChannel channel = await publishing.CreateChannelAsync(new CreateChannelOptions(true, true));
        await channel.BasicPublishAsync("", "q", true, new BasicProperties { Persistent = true }, new byte[BodyBytes]);
        Assert.Empty(process.TakeErrors());
        Assert.Equal(0, await process.StopAsync());
    }

    /// <summary>Publishes, each message confirmed, until the broker says that it is full.</summary>
    private static async Task<int> FillUntilAsync(IConnection connection, Task blocked)
    {
        const int MessagesMax = 32 * 1024 * 1024 / BodyBytes;
        IChannel channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
        await channel.QueueDeclareAsync("q", true, false, false);
        var persistent = new BasicProperties { Persistent = true };
        int confirmedCount = 0;
        while (true)
        {
            Assert.True(confirmedCount < MessagesMax, "More was confirmed than fits the disk.");
            Task publish = channel.BasicPublishAsync("", "q", true, persistent, new byte[BodyBytes]).AsTask();
            if (await Task.WhenAny(publish, blocked) == blocked)
                return confirmedCount;
            await publish;
            confirmedCount++;
        }
    }

    private static async Task<int> DrainAsync(IConnection connection)
    {
        await using IChannel channel = await connection.CreateChannelAsync();
        int count = 0;
        while (await channel.BasicGetAsync("q", autoAck: false) is { } message)
        {
            await channel.BasicAckAsync(message.DeliveryTag, multiple: false);
            count++;
        }
        return count;
    }

    private static Task<IConnection> ConnectAsync(BrokerProcess process) =>
        new ConnectionFactory { HostName = "127.0.0.1", Port = process.AmqpPort }.CreateConnectionAsync();

    /// <summary>Whether a command is there and succeeds.</summary>
    private static async Task<bool> RunAsync(string command, params string[] arguments)
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root")
            return false;
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
        await process.WaitForExitAsync();
        return process.ExitCode == 0;
    }
}
