using System.CommandLine;
using System.Diagnostics;
using System.Text;
using Posthaste.Client;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Server;
using Posthaste.Terminal;

namespace Posthaste.Commands;

/// <summary><c>posthaste publish</c>: messages from the command line or a pipe, each of them confirmed.</summary>
internal static class PublishCommand
{
    private static readonly Argument<string?> Body = new("body")
    {
        Description = "The message. Without it standard input is the message, or with --lines each line of it.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<string> Uri = BrokerOption.Create();
    private static readonly Option<bool> Json = BrokerOption.CreateJson();

    private static readonly Option<string> Queue = new("--queue")
    {
        Description = "Queue to publish to, through the default exchange. Made (durable) when it does not exist.",
        HelpName = "NAME",
    };

    private static readonly Option<string> Exchange = new("--exchange")
    {
        Description = "Exchange to publish to.",
        HelpName = "NAME",
    };

    private static readonly Option<string> Key = new("--key") { Description = "Routing key.", HelpName = "KEY" };

    private static readonly Option<bool> Lines = new("--lines")
    {
        Description = "Each line of standard input is a message.",
    };

    private static readonly Option<int> Count = new("--count")
    {
        Description = "Publish the message so many times.",
        DefaultValueFactory = _ => 1,
    };

    private static readonly Option<bool> Transient = new("--transient")
    {
        Description = "The message need not survive a restart of the broker. Without it messages are persistent.",
    };

    private static readonly Option<string[]> Header = new("--header")
    {
        Description = "A header of the message. Repeatable.",
        HelpName = "NAME=VALUE",
    };

    private static readonly Option<string> ContentType = new("--content-type")
    {
        Description = "MIME type of the body.",
        HelpName = "TYPE",
    };

    private static readonly Option<byte?> Priority = new("--priority")
    {
        Description = "0 to 255; higher is sooner.",
        HelpName = "N",
    };

    private static readonly Option<uint?> Expiration = new("--expiration")
    {
        Description = "Milliseconds after which the message is of no use.",
        HelpName = "MS",
    };

    public static Command Create()
    {
        var command = new ManualCommand("publish", "Publish messages and wait until they are confirmed.",
            """
            A confirmed persistent message is on disk. One that reaches no queue is an error.

            Examples:
              posthaste publish --queue orders '{"id": 1}'
              posthaste publish --exchange events --key order.placed --header tenant=acme < order.json
              seq 1000 | posthaste publish --queue numbers --lines
            """)
        {
            Body, Uri, Queue, Exchange, Key, Lines, Count, Transient, Header, ContentType, Priority, Expiration, Json,
        };
        command.Validators.Add(result =>
        {
            if ((result.GetValue(Queue) is null) == (result.GetValue(Exchange) is null))
                result.AddError("give either --queue or --exchange (with --key)");
            if (result.GetValue(Queue) is not null && result.GetValue(Key) is not null)
                result.AddError("--key goes with --exchange; a queue's key is its name");
            if (result.GetValue(Lines) && result.GetValue(Body) is not null)
                result.AddError("--lines reads standard input; leave the message out");
        });
        Count.Validators.Add(count =>
        {
            if (count.GetValueOrDefault<int>() < 1) count.AddError("--count has to be 1 or more");
        });
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var queue = parsed.GetValue(Queue);
        var properties = ReadProperties(parsed).Encode();
        var exchange = Encoding.UTF8.GetBytes(parsed.GetValue(Exchange) ?? "");
        var key = Encoding.UTF8.GetBytes(queue ?? parsed.GetValue(Key) ?? "");

        var address = AmqpAddress.Parse(parsed.GetRequiredValue(Uri));
        await using var client = await AmqpClient.ConnectAsync(address, "posthaste publish", cancellation);
        if (queue is not null) await client.DeclareQueueAsync(queue, isDurable: true, cancellation);
        await client.SelectConfirmsAsync(cancellation);

        var started = Stopwatch.StartNew();
        var publisher = new ConfirmedPublisher(client);
        await foreach (var body in ReadBodiesAsync(parsed, cancellation))
            await publisher.PublishAsync(exchange, key, properties, body, cancellation);
        await publisher.WaitForConfirmsAsync(cancellation);
        return Report(publisher, started.Elapsed, parsed.GetValue(Json));
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadBodiesAsync(
        ParseResult parsed, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        if (parsed.GetValue(Lines))
        {
            while (await Console.In.ReadLineAsync(cancellation) is { } line) yield return Encoding.UTF8.GetBytes(line);
            yield break;
        }

        ReadOnlyMemory<byte> body;
        if (parsed.GetValue(Body) is { } text)
        {
            body = Encoding.UTF8.GetBytes(text);
        }
        else
        {
            using var bytes = new MemoryStream();
            await Console.OpenStandardInput().CopyToAsync(bytes, cancellation);
            body = bytes.ToArray();
        }

        var count = parsed.GetValue(Count);
        for (var i = 0; i < count; i++) yield return body;
    }

    private static BasicProperties ReadProperties(ParseResult parsed)
    {
        var headers = parsed.GetValue(Header) ?? [];
        return new BasicProperties
        {
            DeliveryMode = parsed.GetValue(Transient) ? (byte)1 : (byte)2,
            ContentType = parsed.GetValue(ContentType),
            Priority = parsed.GetValue(Priority),
            Expiration = parsed.GetValue(Expiration)?.ToString(),
            Headers = headers.Length == 0 ? null : FieldTable.Create([.. headers.Select(ReadHeader)]),
        };
    }

    private static KeyValuePair<string, FieldValue> ReadHeader(string text)
    {
        var parts = text.Split('=', 2);
        if (parts.Length < 2 || parts[0].Length == 0)
            throw new PosthasteConfigurationException($"--header is '{text}'; it has to be NAME=VALUE");
        return new(parts[0], parts[1]);
    }

    private static int Report(ConfirmedPublisher publisher, TimeSpan elapsed, bool isJson)
    {
        if (isJson)
        {
            JsonOutput.Write(writer =>
            {
                writer.WriteNumber("published", publisher.PublishedCount);
                writer.WriteNumber("confirmed", publisher.ConfirmedCount);
                writer.WriteNumber("refused", publisher.RefusedCount);
                writer.WriteNumber("returned", publisher.ReturnedCount);
                writer.WriteNumber("seconds", Math.Round(elapsed.TotalSeconds, 6));
            });
        }
        else
        {
            Screen.Line($"{publisher.ConfirmedCount:#,0} of {publisher.PublishedCount:#,0} confirmed " +
                $"in {elapsed.TotalSeconds:0.000} s");
        }

        if (publisher.RefusedCount > 0) Screen.Error($"{publisher.RefusedCount:#,0} refused by the broker");
        if (publisher.ReturnedCount > 0)
            Screen.Error($"{publisher.ReturnedCount:#,0} reached no queue: {publisher.ReturnReason}");
        return publisher.RefusedCount + publisher.ReturnedCount == 0 ? ExitCode.Ok : ExitCode.Failed;
    }
}
