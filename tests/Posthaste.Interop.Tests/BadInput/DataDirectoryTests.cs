using System.Numerics;
using System.Text;
using Posthaste.Interop.Tests.Infrastructure;
using Posthaste.Testing;
using RabbitMQ.Client;

namespace Posthaste.Interop.Tests.BadInput;

/// <summary>What the real process says to a data directory that it can't use as it is.</summary>
public sealed class DataDirectoryTests(BrokerFixture broker) : IDisposable
{
    private const int TimeLimitMs = 180_000;

    /// <summary>The exit code for data that is in use, of a newer version, or damaged beyond use.</summary>
    private const int DataExitCode = 3;

    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("posthaste-data-");

    public void Dispose() => _data.Delete(recursive: true);

    [BrokerFact(Timeout = TimeLimitMs)]
    public async Task A_directory_in_use_is_refused_and_its_user_does_not_notice()
    {
        broker.SkipUnlessOwned();
        await using var first = new BrokerProcess(_data.FullName);
        await first.StartAsync();
        await using IConnection connection = await ConnectAsync(first);
        await FillAsync(connection, 1);

        await using var second = new BrokerProcess(_data.FullName);
        second.Launch();
        Assert.Equal(DataExitCode, await second.WaitForExitAsync());
        Assert.Contains("in use by another process", second.Log);
        Assert.Contains(_data.FullName, second.Log);

        await FillAsync(connection, 1);
        Assert.Equal(2, (await DrainAsync(connection)).Count);
    }

    [BrokerFact(Timeout = TimeLimitMs)]
    public async Task A_directory_of_a_newer_version_is_refused_and_left_as_it_is()
    {
        broker.SkipUnlessOwned();
        await StartAndStopAsync();
        string path = Path.Combine(_data.FullName, "format");
        string newer = (await File.ReadAllTextAsync(path)).Replace("format 1,", "format 2,", StringComparison.Ordinal);
        newer = newer[..newer.LastIndexOf(", crc32c", StringComparison.Ordinal)];
        newer = $"{newer}, crc32c {Crc32C(newer):x8}\n";
        await File.WriteAllTextAsync(path, newer);

        await using var process = new BrokerProcess(_data.FullName);
        process.Launch();
        Assert.Equal(DataExitCode, await process.WaitForExitAsync());
        Assert.Contains("newer version", process.Log);
        Assert.Equal(newer, await File.ReadAllTextAsync(path));
    }

    [BrokerFact(Timeout = TimeLimitMs)]
    public async Task A_flipped_bit_costs_the_message_that_it_hit_and_is_reported()
    {
        const int MessageCount = 100;
        const int DamagedMessage = 50;
        broker.SkipUnlessOwned();
        await using var process = new BrokerProcess(_data.FullName);
        await process.StartAsync();
        await using (IConnection connection = await ConnectAsync(process))
            await FillAsync(connection, MessageCount);
        await process.KillAsync();
        FlipBitOf(BodyOf(DamagedMessage));

        await process.StartAsync();
        string[] reports = process.TakeErrors();
        Assert.NotEmpty(reports);
        Assert.All(reports, report => Assert.Contains("journal/0000000000000001.jnl", report));
        Assert.All(reports, report => Assert.Matches(@"\d+ bytes at offset \d+", report));
        Assert.NotEmpty(_data.GetDirectories("quarantine").Single().GetFiles());
        await using IConnection again = await ConnectAsync(process);
        Assert.Equal(
            Enumerable.Range(0, MessageCount).Where(i => i != DamagedMessage).Select(BodyOf), await DrainAsync(again));
        Assert.Equal(0, await process.StopAsync());
    }

    /// <summary>A stop that comes with the ready line is as graceful as any other.</summary>
    [BrokerFact(Timeout = TimeLimitMs)]
    public async Task A_stop_right_after_the_start_is_clean()
    {
        broker.SkipUnlessOwned();
        for (int i = 0; i < 3; i++)
            await StartAndStopAsync();
    }

    private static uint Crc32C(string text) =>
        ~Encoding.UTF8.GetBytes(text).Aggregate(~0u, BitOperations.Crc32C);

    private static string BodyOf(int message) => $"message {message:D4} {new string('x', 500)}";

    private static Task<IConnection> ConnectAsync(BrokerProcess process) =>
        new ConnectionFactory { HostName = "127.0.0.1", Port = process.AmqpPort }.CreateConnectionAsync();

    /// <summary>Publishes one message after the other, each confirmed: each is synced before the next.</summary>
    private static async Task FillAsync(IConnection connection, int count)
    {
        await using IChannel channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
        await channel.QueueDeclareAsync("q", true, false, false);
        var persistent = new BasicProperties { Persistent = true };
        for (int i = 0; i < count; i++)
            await channel.BasicPublishAsync("", "q", true, persistent, Encoding.UTF8.GetBytes(BodyOf(i)));
    }

    private static async Task<List<string>> DrainAsync(IConnection connection)
    {
        await using IChannel channel = await connection.CreateChannelAsync();
        List<string> bodies = [];
        while (await channel.BasicGetAsync("q", autoAck: true) is { } message)
            bodies.Add(Encoding.UTF8.GetString(message.Body.Span));
        return bodies;
    }

    private async Task StartAndStopAsync()
    {
        await using var process = new BrokerProcess(_data.FullName);
        await process.StartAsync();
        Assert.Equal(0, await process.StopAsync());
    }

    private void FlipBitOf(string body)
    {
        string path = _data.GetDirectories("journal").Single().GetFiles("*.jnl").Single().FullName;
        byte[] bytes = File.ReadAllBytes(path);
        int at = bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(body));
        Assert.True(at >= 0, "The journal does not hold the message.");
        bytes[at + 100] ^= 1;
        File.WriteAllBytes(path, bytes);
    }
}
