using System.Net.Sockets;
using System.Threading.Channels;
using Posthaste.CrashLoop.Ledger;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace Posthaste.CrashLoop.Clients;

/// <summary>A client with a connection of its own for one life of the broker.</summary>
internal abstract class LoadClient(string name, Life life)
{
    private const ushort ConnectionForced = 320;
    private static readonly TimeSpan AbortTimeout = TimeSpan.FromSeconds(5);

    protected Life Life => life;

    protected LoopLedger Ledger => life.Ledger;

    /// <summary>Works until the life is over. Whatever ends it before is a violation.</summary>
    public async Task RunAsync()
    {
        try
        {
            await using IConnection connection = await life.Factory.CreateConnectionAsync(life.Over);
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
        catch (Exception exception) when (life.IsEnding && IsConnectionLoss(exception))
        {
            // What the loop is for: the ledger has what was promised until then.
        }
        catch (Exception exception)
        {
            Ledger.Violations.Add(Promise.BrokerIsWell, $"life {life.Number}: {name} failed: {exception}");
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
            await closed.Task.WaitAsync(life.Over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Reports what a callback of the client library would swallow.</summary>
    protected void Report(Exception exception)
    {
        if (life.IsEnding && IsConnectionLoss(exception))
            return;
        Ledger.Violations.Add(Promise.BrokerIsWell, $"life {life.Number}: {name} failed: {exception}");
    }

    private static bool IsConnectionLoss(Exception exception) => exception
        is RabbitMQClientException or IOException or SocketException or OperationCanceledException
        or ObjectDisposedException or ChannelClosedException or TimeoutException;

    private Task CheckShutdownAsync(object sender, ShutdownEventArgs reason)
    {
        bool isExpected = life.IsEnding
            && (reason.Initiator != ShutdownInitiator.Peer || reason.ReplyCode == ConnectionForced);
        if (!isExpected && reason.Initiator != ShutdownInitiator.Application)
            Ledger.Violations.Add(Promise.BrokerIsWell, $"life {life.Number}: {name} was disconnected: {reason}");
        return Task.CompletedTask;
    }
}
