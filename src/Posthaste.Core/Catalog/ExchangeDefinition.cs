using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Catalog;

/// <summary>How an exchange finds the targets of a message. Persisted: grow only.</summary>
public enum ExchangeType : byte
{
    Direct = 1,
    Fanout = 2,
    Topic = 3,
    Headers = 4,

    /// <summary>
    /// Holds messages back for the time that their header `x-delay` says, then routes them as another type does.
    /// </summary>
    DelayedMessage = 5,
}

/// <summary>What an exchange was declared as.</summary>
/// <param name="Name">Unique within the virtual host; at most 255 bytes of UTF-8; "" is the default exchange.</param>
/// <param name="Type">How it routes.</param>
/// <param name="Durable">Survives a restart.</param>
/// <param name="AutoDelete">Goes when the last binding that starts at it goes.</param>
/// <param name="Internal">Clients cannot publish to it; other exchanges can.</param>
/// <param name="Arguments">As declared, for comparisons and for showing.</param>
/// <param name="AlternateExchange">Where messages go that no binding matches; null for nowhere. Need not exist.</param>
public sealed record ExchangeDefinition(
    string Name, ExchangeType Type, bool Durable, bool AutoDelete, bool Internal, FieldTable Arguments,
    string? AlternateExchange)
{
    /// <summary>How it finds the targets of messages that are not, or no longer, delayed.</summary>
    public ExchangeType RoutesAs =>
        Type == ExchangeType.DelayedMessage ? ExchangeArguments.DelayedTypeOf(Arguments) : Type;
}

/// <summary>The names of exchange types in declarations.</summary>
public static class ExchangeTypes
{
    /// <summary>The name that clients declare the type by.</summary>
    public static string WireName(this ExchangeType type) => type switch
    {
        ExchangeType.Direct => "direct",
        ExchangeType.Fanout => "fanout",
        ExchangeType.Topic => "topic",
        ExchangeType.Headers => "headers",
        ExchangeType.DelayedMessage => "x-delayed-message",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not an exchange type"),
    };

    /// <summary>Finds the type of that name; false for unknown ones.</summary>
    public static bool TryParse(string name, out ExchangeType type)
    {
        type = name switch
        {
            "direct" => ExchangeType.Direct,
            "fanout" => ExchangeType.Fanout,
            "topic" => ExchangeType.Topic,
            "headers" => ExchangeType.Headers,
            "x-delayed-message" => ExchangeType.DelayedMessage,
            _ => 0,
        };
        return type != 0;
    }
}
