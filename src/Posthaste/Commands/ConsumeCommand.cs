using System.CommandLine;
using Posthaste.Client;

namespace Posthaste.Commands;

/// <summary><c>posthaste consume</c>: prints messages of a queue or of an exchange as they come.</summary>
internal static class ConsumeCommand
{
    /// <summary>
    /// Deliveries on their way at most: enough for a terminal or a file, little to be redelivered when interrupted.
    /// </summary>
    private const ushort PrefetchMax = 200;

    private static readonly Option<string> Uri = BrokerOption.Create();
    private static readonly Option<bool> Json = BrokerOption.CreateJson();

    private static readonly Option<string> Queue = new("--queue")
    {
        Description = "Queue to consume from.",
        HelpName = "NAME",
    };

    private static readonly Option<string> Exchange = new("--exchange")
    {
        Description = "Listen in on an exchange, by a queue of its own that is gone afterwards.",
        HelpName = "NAME",
    };

    private static readonly Option<string> Key = new("--key")
    {
        Description = "Routing key or pattern to listen for.",
        HelpName = "KEY",
        DefaultValueFactory = _ => "#",
    };

    private static readonly Option<long?> Count = new("--count")
    {
        Description = "Stop after so many messages.",
        HelpName = "N",
    };

    private static readonly Option<double?> Idle = new("--idle")
    {
        Description = "Stop when nothing has come for so many seconds.",
        HelpName = "SECONDS",
    };

    private static readonly Option<bool> Peek = new("--peek")
    {
        Description = "Leave the messages in the queue: they are not acknowledged and go back, marked as redelivered.",
    };

    public static Command Create()
    {
        var command = new ManualCommand("consume", "Print messages of a queue or an exchange as they come.",
            """
            Runs until Ctrl+C, --count or --idle. Each message is acknowledged after it is printed.

            Examples:
              posthaste consume --queue orders
              posthaste consume --queue orders --peek --count 1 --json
              posthaste consume --exchange events --key 'order.*' --json | jq .body
            """)
        { Uri, Queue, Exchange, Key, Count, Idle, Peek, Json };
        command.Validators.Add(result =>
        {
            if ((result.GetValue(Queue) is null) == (result.GetValue(Exchange) is null))
                result.AddError("give either --queue or --exchange");
            if (result.GetValue(Count) < 1) result.AddError("--count has to be 1 or more");
            if (result.GetValue(Idle) <= 0) result.AddError("--idle has to be more than 0");
        });
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var count = parsed.GetValue(Count) ?? long.MaxValue;
        var address = AmqpAddress.Parse(parsed.GetRequiredValue(Uri));
        await using var client = await AmqpClient.ConnectAsync(address, "posthaste consume", cancellation);
        var queue = parsed.GetValue(Queue) ?? await ListenInAsync(client, parsed, cancellation);
        // What is peeked at stays unacknowledged, so it must all fit.
        var prefetchMax = parsed.GetValue(Peek) ? ushort.MaxValue : PrefetchMax;
        await client.ConsumeAsync(queue, (ushort)Math.Min(count, prefetchMax), cancellation);

        using var printer = new MessagePrinter(count, parsed.GetValue(Json));
        var idle = parsed.GetValue(Idle) is { } seconds ? TimeSpan.FromSeconds(seconds) : Timeout.InfiniteTimeSpan;
        while (printer.PrintedCount < count && await ReceiveAsync(client, printer, idle, cancellation))
        {
            printer.Flush();
            if (!parsed.GetValue(Peek) && printer.LastDeliveryTag > 0)
            {
                client.Acknowledge(printer.LastDeliveryTag, multiple: true);
                await client.FlushAsync(CancellationToken.None);
            }
        }

        return ExitCode.Ok;
    }

    /// <summary>False when it is time to stop: interrupted, or idle for long enough.</summary>
    private static async Task<bool> ReceiveAsync(
        AmqpClient client, MessagePrinter printer, TimeSpan idle, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(idle);
        try
        {
            await client.ReceiveAsync(printer, limit.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task<string> ListenInAsync(
        AmqpClient client, ParseResult parsed, CancellationToken cancellation)
    {
        var queue = await client.DeclareOwnQueueAsync(cancellation);
        await client.BindAsync(queue, parsed.GetRequiredValue(Exchange), parsed.GetRequiredValue(Key), cancellation);
        return queue;
    }
}
