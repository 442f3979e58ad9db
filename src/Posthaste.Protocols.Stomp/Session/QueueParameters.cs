using System.Text;
using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Stomp.Format;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Session;

/// <summary>How a frame wants a queue declared: headers of SUBSCRIBE, and of a SEND to `/queue/…`.</summary>
internal readonly record struct QueueParameters(bool Durable, bool Exclusive, bool AutoDelete, FieldTable Arguments)
{
    /// <summary>The frame says nothing of the queue: an existing one is taken as it is.</summary>
    public bool AreDefault { get; init; }

    private enum ArgumentType
    {
        None,
        Text,
        Number,
        Boolean,
    }

    /// <summary>Reads the parameters; what the frame does not say is as RabbitMQ's adapter has it.</summary>
    /// <remarks>
    /// `persistent` is another name of `durable` on SUBSCRIBE; on SEND it speaks of the message. Queues of `/queue/…`
    /// are durable and shared, those of `/topic/…` and `/exchange/…` transient and of the connection; each follows from
    /// being durable or not.
    /// </remarks>
    public static StompError Read(scoped in StompFrame frame, DestinationKind kind, out QueueParameters parameters)
    {
        parameters = default;
        bool? durable = null, exclusive = null, autoDelete = null;
        var arguments = FieldTable.Empty;
        foreach (var line in new HeaderLines(frame.Headers))
        {
            var value = Text(frame, line.Value);
            var isFlag = true;
            var error = default(StompError);
            if (line.Name.SequenceEqual("durable"u8) || IsAliasOfDurable(line.Name, frame.Command))
                error = ReadFlag(line.Name, value, ref durable);
            else if (line.Name.SequenceEqual("exclusive"u8))
                error = ReadFlag(line.Name, value, ref exclusive);
            else if (line.Name.SequenceEqual("auto-delete"u8))
                error = ReadFlag(line.Name, value, ref autoDelete);
            else
                isFlag = false;
            if (!isFlag)
                error = ReadArgument(Encoding.UTF8.GetString(line.Name), value.Trim(), ref arguments);
            if (error.IsError)
                return error;
        }

        var isDurable = durable ?? kind == DestinationKind.Queue;
        parameters = new(
            isDurable, exclusive ?? !isDurable, autoDelete ?? !(isDurable && kind == DestinationKind.Queue), arguments)
        {
            AreDefault = durable is null && exclusive is null && autoDelete is null && arguments.Count == 0,
        };
        return default;
    }

    /// <summary>Whether the frame asks for a durable subscription.</summary>
    public static bool IsDurable(scoped in StompFrame frame)
    {
        foreach (var line in new HeaderLines(frame.Headers))
        {
            var isNamed = line.Name.SequenceEqual("durable"u8) || line.Name.SequenceEqual("persistent"u8);
            if (isNamed && StompFlags.TryParse(StompFrame.Trim(line.Value, frame.Version), out var isSet) && isSet)
                return true;
        }

        return false;
    }

    private static bool IsAliasOfDurable(ReadOnlySpan<byte> name, StompCommand command) =>
        command == StompCommand.Subscribe && name.SequenceEqual("persistent"u8);

    private static StompError ReadFlag(ReadOnlySpan<byte> name, string value, ref bool? flag)
    {
        if (!StompFlags.TryParse(Encoding.UTF8.GetBytes(value), out var isSet))
            return new("Invalid header", $"{Encoding.UTF8.GetString(name)} has to be true or false, not \"{value}\"");
        flag ??= isSet;
        return default;
    }

    private static StompError ReadArgument(string name, string value, ref FieldTable arguments)
    {
        FieldValue argument;
        switch (TypeOf(name))
        {
            case ArgumentType.None:
                return default;
            case ArgumentType.Number when long.TryParse(value, out var number):
                argument = number;
                break;
            case ArgumentType.Boolean when bool.TryParse(value, out var flag):
                argument = flag;
                break;
            case ArgumentType.Text:
                argument = value;
                break;
            case var type:
                var wanted = type == ArgumentType.Number ? "a number" : "true or false";
                return new("Invalid header", $"{name} has to be {wanted}, not \"{value}\"");
        }

        if (!arguments.ContainsKey(name))
            arguments = arguments.With(name, argument);
        return default;
    }

    // The optional arguments of queues; what they mean and which fit together is for the catalog to say.
    private static ArgumentType TypeOf(string name) => name switch
    {
        "x-message-ttl" or "x-expires" or "x-max-length" or "x-max-length-bytes" or "x-max-priority"
            or "x-delivery-limit" or "x-stream-max-segment-size-bytes" or "x-stream-filter-size-bytes"
            or "x-quorum-initial-group-size" or "x-quorum-target-group-size" => ArgumentType.Number,
        "x-dead-letter-exchange" or "x-dead-letter-routing-key" or "x-dead-letter-strategy" or "x-overflow"
            or "x-queue-type" or "x-queue-mode" or "x-queue-leader-locator" or "x-max-age" => ArgumentType.Text,
        "x-single-active-consumer" => ArgumentType.Boolean,
        _ => ArgumentType.None,
    };

    private static string Text(scoped in StompFrame frame, ReadOnlySpan<byte> raw)
    {
        var value = StompFrame.Trim(raw, frame.Version);
        return Encoding.UTF8.GetString(frame.HasEscapes ? HeaderText.Unescape(value) : value);
    }
}
