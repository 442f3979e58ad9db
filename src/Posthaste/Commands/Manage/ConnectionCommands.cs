using System.CommandLine;
using Posthaste.Api;

namespace Posthaste.Commands.Manage;

/// <summary>
/// <c>posthaste connections</c>, <c>channels</c> and <c>consumers</c>: who is there; close a connection.
/// </summary>
internal static class ConnectionCommands
{
    private static readonly Argument<string> Connection = ChangeCommand.NameOf("connection");

    public static Command Create() =>
        new ManualCommand("connections", "List connections; close one.",
            """
            Examples:
              posthaste connections
              posthaste connections close '127.0.0.1:50312 -> 127.0.0.1:5672'
            """)
        {
            ChangeCommand.Create("close", "Close a connection; its client is told that an administrator did it.",
                parsed => new Change(
                    HttpMethod.Delete, ApiClient.Path("connections", parsed.GetRequiredValue(Connection)), "closed"),
                Connection),
        }
        .ListsWith("connections", byVirtualHost: false,
            new Column("name", "name"),
            new Column("protocol", "protocol"),
            new Column("user", "user"),
            new Column("vhost", "vhost"),
            new Column("state", "state"),
            Column.Number("channels", "channels"),
            new Column("tls", "ssl"));

    public static Command CreateChannels() =>
        new Command("channels", "List channels and sessions.").ListsWith("channels", byVirtualHost: false,
            new Column("name", "name"),
            new Column("user", "user"),
            new Column("vhost", "vhost"),
            Column.Number("consumers", "consumer_count"),
            Column.Number("prefetch", "prefetch_count"),
            Column.Number("unacked", "messages_unacknowledged"),
            Column.Number("unconfirmed", "messages_unconfirmed"),
            Column.Number("in/s", "message_stats.publish_details.rate"),
            Column.Number("out/s", "message_stats.deliver_get_details.rate"));

    public static Command CreateConsumers() =>
        new Command("consumers", "List consumers.").ListsWith("consumers", byVirtualHost: true,
            new Column("vhost", "queue.vhost"),
            new Column("queue", "queue.name"),
            new Column("tag", "consumer_tag"),
            new Column("connection", "channel_details.connection_name"),
            new Column("acknowledges", "ack_required"),
            Column.Number("prefetch", "prefetch_count"),
            new Column("active", "active"));
}
