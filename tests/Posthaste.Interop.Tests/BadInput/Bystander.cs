using System.Diagnostics;
using RabbitMQ.Client;

namespace Posthaste.Interop.Tests.BadInput;

/// <summary>
/// A well-behaved client that publishes, consumes and acknowledges, one message after the other, while others
/// misbehave. It must not notice them.
/// </summary>
internal sealed class Bystander : IAsyncDisposable
{
    /// <summary>How long one message may take around: far more than on an idle machine, far less than a hang.</summary>
    private static readonly TimeSpan RoundTripMax = TimeSpan.FromSeconds(30);

    private readonly IConnection _connection;
    private readonly IChannel _channel;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;
    private long _roundTripCount;

    private Bystander(IConnection connection, IChannel channel, string queue)
    {
        _connection = connection;
        _channel = channel;
        _work = Task.Run(() => WorkAsync(queue));
    }

    public static async Task<Bystander> StartAsync(int port)
    {
        IConnection connection = await new ConnectionFactory { HostName = "127.0.0.1", Port = port }
            .CreateConnectionAsync();
        IChannel channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
        string queue = (await channel.QueueDeclareAsync("", false, true, false)).QueueName;
        return new Bystander(connection, channel, queue);
    }

    /// <summary>Waits until some more messages went around, each in time.</summary>
    public async Task CheckAsync()
    {
        const int RoundTrips = 20;
        long target = Interlocked.Read(ref _roundTripCount) + RoundTrips;
        await Infrastructure.Wait.UntilAsync($"{RoundTrips} round trips of another client", async () =>
        {
            if (_work.IsCompleted)
                await _work;
            return Interlocked.Read(ref _roundTripCount) >= target;
        });
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work;
        await _connection.DisposeAsync();
        _stop.Dispose();
    }

    private async Task WorkAsync(string queue)
    {
        byte[] body = new byte[1_000];
        while (!_stop.IsCancellationRequested)
        {
            long started = Stopwatch.GetTimestamp();
            await _channel.BasicPublishAsync("", queue, true, new BasicProperties { Persistent = true }, body);
            BasicGetResult? message = await _channel.BasicGetAsync(queue, autoAck: false);
            Assert.NotNull(message);
            await _channel.BasicAckAsync(message.DeliveryTag, multiple: false);
            TimeSpan took = Stopwatch.GetElapsedTime(started);
            Assert.True(took < RoundTripMax, $"A round trip took {took}.");
            Interlocked.Increment(ref _roundTripCount);
        }
    }
}
