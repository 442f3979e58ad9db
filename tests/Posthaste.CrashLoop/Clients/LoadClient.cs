using System.Net.Sockets;
using System.Threading.Channels;
using Posthaste.CrashLoop.Ledger;
using RabbitMQ.Client.Exceptions;

namespace Posthaste.CrashLoop.Clients;

/// <summary>A client with a connection of its own for one life of the broker.</summary>
internal abstract class LoadClient(string name, Life life)
{
    protected string Name => name;

    protected Life Life => life;

    protected LoopLedger Ledger => life.Ledger;

    /// <summary>Works until the life is over. Whatever ends it before is a violation.</summary>
    public async Task RunAsync()
    {
        try
        {
            await WorkAsync();
        }
        catch (Exception exception)
        {
            Report(exception);
        }
    }

    protected abstract Task WorkAsync();

    /// <summary>
    /// Reports what ended the work, or what a callback of a client library would swallow. To lose the connection at the
    /// end of a life is what the loop is for: the ledger has what was promised until then.
    /// </summary>
    protected void Report(Exception exception)
    {
        if (life.IsEnding && IsConnectionLoss(exception))
            return;
        Ledger.Violations.Add(Promise.BrokerIsWell, $"life {life.Number}: {name} failed: {exception}");
    }

    private static bool IsConnectionLoss(Exception exception) => exception
        is RabbitMQClientException or IOException or SocketException or OperationCanceledException
        or ObjectDisposedException or ChannelClosedException or TimeoutException;
}
