using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Posthaste.WebConsole.Api;

/// <summary>A channel or session of a connection.</summary>
/// <param name="OldestUnacknowledgedMs">
/// For how long the oldest of its deliveries has been out; null if unknown.
/// </param>
public sealed record ChannelView(
    string Name, int Number, string Vhost, string User, bool Confirm, bool Transactional, long PrefetchCount,
    long GlobalPrefetchCount, int ConsumerCount, long MessagesUnacknowledged, long MessagesUnconfirmed,
    long MessagesUncommitted, long AcksUncommitted, long? OldestUnacknowledgedMs, ClientView ConnectionDetails,
    MessageStats? MessageStats, ConsumerView[]? ConsumerDetails)
{
    /// <summary>Nothing where nothing was counted yet.</summary>
    [JsonIgnore]
    public MessageStats Stats => MessageStats ?? MessageStats.None;

    /// <summary>How publishes are made safe, in a word.</summary>
    [JsonIgnore]
    public string Mode => Transactional ? "transactions" : Confirm ? "confirms" : "";
}

/// <summary>The connection that something is on.</summary>
public sealed record ClientView(string? Name, string? Protocol);

/// <summary>A subscription.</summary>
public sealed record ConsumerView(
    string ConsumerTag, ConsumerQueue Queue, bool AckRequired, bool Exclusive, long PrefetchCount, bool Active,
    string ActivityStatus, long MessagesUnacknowledged, JsonObject Arguments, ConsumerChannel ChannelDetails)
{
    /// <summary>What it does now, for people.</summary>
    [JsonIgnore]
    public string State => ActivityStatus switch
    {
        "single_active" => "the active one",
        "waiting" => "waits to be the active one",
        _ => Active ? "up" : "not active",
    };
}

public sealed record ConsumerQueue(string Name, string Vhost);

/// <param name="Number">0 where the protocol has no channels.</param>
public sealed record ConsumerChannel(
    string? Name, int Number, string? ConnectionName, string? User, string? Protocol);

/// <summary>A delivery that a client has had for the longest of all of its queue.</summary>
public sealed record OldestDeliveryView(long AgeMs, string? Connection, string? User);
