using Posthaste.CrashLoop.Ledger;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Posthaste.CrashLoop.Clients;

/// <summary>A client of RabbitMQ's .NET library.</summary>
internal abstract class AmqpLoadClient(string name, Life life) : LoadClient(name, life)
{
    private const ushort ConnectionForced = 320;
    private static readonly TimeSpan AbortTimeout = TimeSpan.FromSeconds(5);

    protected sealed override async Task WorkAsync()
    {
        await using IConnection connection = await Life.Factory.CreateConnectionAsync(Life.Over);
        connection.ConnectionShutdownAsync += CheckShutdownAsync;
        try
        {
            await WorkAsync(connection);
        }
        finally
        {
            await connection.AbortAsync(AbortTimeout);
        }
    }

    protected abstract Task WorkAsync(IConnection connection);

    /// <summary>Waits until the channel is closed or the life is over, whichever is first.</summary>
    protected async Task WaitForEndAsync(IChannel channel)
    {
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        channel.ChannelShutdownAsync += (_, _) =>
        {
            closed.TrySetResult();
            return Task.CompletedTask;
        };
        if (channel.IsOpen)
            await closed.Task.WaitAsync(Life.Over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private Task CheckShutdownAsync(object sender, ShutdownEventArgs reason)
    {
        bool isExpected = Life.IsEnding
            && (reason.Initiator != ShutdownInitiator.Peer || reason.ReplyCode == ConnectionForced);
        if (!isExpected && reason.Initiator != ShutdownInitiator.Application)
            Ledger.Violations.Add(Promise.BrokerIsWell, $"life {Life.Number}: {Name} was disconnected: {reason}");
        return Task.CompletedTask;
    }
}
