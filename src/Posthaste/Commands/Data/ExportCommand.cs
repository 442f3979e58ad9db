using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Posthaste.Broker;
using Posthaste.Broker.Formats;
using Posthaste.Broker.Queues;
using Posthaste.Core.Messages;
using Posthaste.Protocols.Amqp091.Format;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Server;
using Posthaste.Terminal;

namespace Posthaste.Commands.Data;

/// <summary><c>posthaste data export</c>: a queue's messages as JSON lines, without starting a broker.</summary>
internal static class ExportCommand
{
    private static readonly Argument<string> Directory = DataCommand.Directory();
    private static readonly Option<string> KeyFile = DataCommand.KeyFile();

    private static readonly Option<string> Queue = new("--queue")
    {
        Description = "The queue whose messages to write.",
        HelpName = "NAME",
        Required = true,
    };

    private static readonly Option<string> VirtualHost = new("--vhost")
    {
        Description = "Its virtual host.",
        HelpName = "NAME",
        DefaultValueFactory = _ => MessageBroker.DefaultVirtualHost,
    };

    private static readonly Option<string> Output = new("--output")
    {
        Description = "File to write, which must not exist. Default: standard output.",
        HelpName = "FILE",
    };

    public static Command Create()
    {
        var command = new ManualCommand("export", "Write a queue's messages as JSON lines, first to last.",
            """
            One object a line: exchange, routingKey, redelivered, receivedAt, properties, and the body as "body" when it
            is text or "bodyBase64" when it is not. The messages stay in the queue.

            Example:
              posthaste data export posthaste-data --queue orders | jq -r .body
            """)
        { Directory, KeyFile, Queue, VirtualHost, Output };
        command.SetAction((parsed, _) => DataCommand.GuardAsync(() => RunAsync(parsed)));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed)
    {
        var path = parsed.GetRequiredValue(Directory);
        var key = DataCommand.ReadKey(parsed, KeyFile);
        using var device = DataCommand.Open(path, key);
        await using var broker = OfflineBroker.Open(path, key, NullLoggerFactory.Instance);
        KnownFormats.Register(broker.Formats);
        var queue = Find(broker, parsed.GetRequiredValue(VirtualHost), parsed.GetRequiredValue(Queue));
        var total = Math.Max(1, queue.MessageCount);

        await using var target = parsed.GetValue(Output) is { } file
            ? new FileStream(file, FileMode.CreateNew, FileAccess.Write)
            : Console.OpenStandardOutput();
        await using var buffered = new BufferedStream(target, bufferSize: 1 << 16);
        var count = await Screen.WithProgressAsync("exporting", report =>
        {
            void Written(long written) => report((double)written / total, $"{written:#,0} messages");
            return Task.FromResult(Export(broker, queue, buffered, Written));
        });
        if (parsed.GetValue(Output) is not null) Screen.Line($"{count:#,0} messages");
        return ExitCode.Ok;
    }

    private static BrokerQueue Find(OfflineBroker broker, string host, string name) =>
        broker.Queues.FirstOrDefault(queue => queue.Host.Name == host && queue.Name == name)
        ?? throw new PosthasteConfigurationException($"there is no durable queue '{name}' in virtual host '{host}'");

    private static long Export(OfflineBroker broker, BrokerQueue queue, Stream output, Action<long> progress)
    {
        const int ReportEvery = 1_000;
        var written = 0L;
        using var writer = new Utf8JsonWriter(output, JsonOutput.Options);
        return broker.ReadAll(queue, (in DeliveredMessage message) =>
        {
            Write(writer, message, broker.Formats);
            writer.Flush();
            writer.Reset();
            output.WriteByte((byte)'\n');
            if (++written % ReportEvery == 0) progress(written);
        });
    }

    private static void Write(Utf8JsonWriter writer, in DeliveredMessage delivered, MessageFormats formats)
    {
        var message = delivered.Message;
        writer.WriteStartObject();
        writer.WriteString("exchange", message.Exchange);
        writer.WriteString("routingKey", message.RoutingKey);
        writer.WriteBoolean("redelivered", delivered.Redelivered);
        writer.WriteString("receivedAt", DateTimeOffset.FromUnixTimeMilliseconds(message.ReceivedAtMs));
        if (BasicProperties.TryDecode(Properties(delivered, formats), out var properties))
            MessageJson.WriteProperties(writer, properties);
        MessageJson.WriteBody(writer, message.Body);
        writer.WriteEndObject();
    }

    /// <summary>As an AMQP consumer gets them, whatever protocol published the message.</summary>
    private static ReadOnlySpan<byte> Properties(in DeliveredMessage delivered, MessageFormats formats)
    {
        if (delivered.Message.Format == PropertyFormat.Amqp091)
            return delivered.Message.Properties;
        var canonical = MessageProperties.ForThisThread;
        formats.Read(delivered, canonical);
        return Amqp091Format.Write(canonical, int.MaxValue);
    }
}
