using System.Reflection;
using Posthaste.Primitives.Tables;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>What the broker says of itself in connection.start.</summary>
internal static class ServerProperties
{
    /// <summary>RabbitMQ's capabilities; all of them are there, so all are true.</summary>
    private static readonly FieldTable Capabilities =
    [
        new("publisher_confirms", true),
        new("exchange_exchange_bindings", true),
        new("basic.nack", true),
        new("consumer_cancel_notify", true),
        new("connection.blocked", true),
        new("consumer_priorities", true),
        new("authentication_failure_close", true),
        new("per_consumer_qos", true),
        new("direct_reply_to", true),
    ];

    private static volatile Table? _last;

    /// <summary>The encoded table: the same for every connection, until operators name the cluster anew.</summary>
    public static byte[] Encode(string clusterName)
    {
        if (_last is not { } last || last.ClusterName != clusterName)
            _last = last = new Table(clusterName, Create(clusterName));
        return last.Encoded;
    }

    private static byte[] Create(string clusterName) => FieldTableCodec.Encode(
    [
        new("capabilities", Capabilities),
        new("product", "Posthaste"),
        new("version", Version()),
        new("platform", $".NET {Environment.Version}"),
        new("cluster_name", clusterName),
        new("copyright", "Copyright the Posthaste authors"),
        new("information", "Licensed under the Apache License, Version 2.0"),
    ]);

    private static string Version() =>
        typeof(ServerProperties).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split('+')[0];

    private sealed record Table(string ClusterName, byte[] Encoded);
}

/// <summary>What a client says that it can do; everything else about it is for people.</summary>
internal readonly record struct ClientCapabilities(
    bool ConsumerCancelNotify, bool ConnectionBlocked, bool AuthenticationFailureClose, string? ConnectionName)
{
    public static ClientCapabilities Read(ReadOnlySpan<byte> clientProperties)
    {
        var properties = new FieldTableReader(clientProperties);
        string? name = null;
        if (properties.TryFind("connection_name"u8, out var field) && field.TryGetString(out var utf8))
            name = System.Text.Encoding.UTF8.GetString(utf8);
        if (!properties.TryFind("capabilities"u8, out field) || !field.TryGetTable(out var table))
            return default(ClientCapabilities) with { ConnectionName = name };
        return new(
            Has(table, "consumer_cancel_notify"u8),
            Has(table, "connection.blocked"u8),
            Has(table, "authentication_failure_close"u8),
            name);
    }

    private static bool Has(FieldTableReader capabilities, ReadOnlySpan<byte> key) =>
        capabilities.TryFind(key, out var field) && field.TryGetBoolean(out var value) && value;
}
