using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Posthaste.WebConsole.Api;

/// <summary>A page of a list.</summary>
public sealed record Paged<T>(
    IReadOnlyList<T> Items, int Page, int PageCount, int PageSize, int FilteredCount, int TotalCount);

/// <summary>Who is logged in.</summary>
public sealed record WhoAmI(string Name, string[] Tags)
{
    [JsonIgnore]
    public bool IsAdministrator => Tags.Contains("administrator");

    [JsonIgnore]
    public bool MakesPolicies => Tags.Contains("policymaker");
}

/// <summary>The broker as a whole.</summary>
public sealed record Overview(
    string ProductVersion, string Node, QueueTotals QueueTotals, ObjectTotals ObjectTotals, ListenerView[] Listeners,
    MessageStats MessageStats);

public sealed record QueueTotals(
    long MessagesReady, long MessagesUnacknowledged, RateView? MessagesReadyDetails,
    RateView? MessagesUnacknowledgedDetails);

public sealed record ObjectTotals(long Connections, long Channels, long Queues, long Exchanges, long Consumers);

public sealed record ListenerView(string Protocol, string IpAddress, int Port);

/// <summary>The process that the broker is.</summary>
public sealed record NodeView(
    string Name, string OsPid, long MemUsed, long MemLimit, bool MemAlarm, long DiskFreeLimit, bool DiskFreeAlarm,
    bool JournalAlarm, int Processors, long Uptime);

public sealed record QueueView(
    string Name, string Vhost, string Type, bool Durable, bool Exclusive, bool AutoDelete, JsonObject Arguments,
    string State, long Messages, long MessagesReady, long MessagesUnacknowledged, long Consumers, long MessageBytes,
    RateView? MessagesReadyDetails, RateView? MessagesUnacknowledgedDetails, MessageStats? MessageStats,
    ConsumerView[]? ConsumerDetails, string? Policy, string? OperatorPolicy)
{
    /// <summary>Nothing where nothing was counted yet.</summary>
    [JsonIgnore]
    public MessageStats Stats => MessageStats ?? MessageStats.None;
}

/// <summary>A subscription.</summary>
public sealed record ConsumerView(
    string ConsumerTag, bool AckRequired, bool Exclusive, long PrefetchCount, bool Active, long MessagesUnacknowledged,
    ConsumerChannel ChannelDetails);

public sealed record ConsumerChannel(string? Name, string? ConnectionName, string? User);

public sealed record ExchangeView(
    string Name, string Vhost, string Type, bool Durable, bool AutoDelete, bool Internal, JsonObject Arguments,
    MessageStats? MessageStats)
{
    /// <summary>Nothing where nothing was counted yet.</summary>
    [JsonIgnore]
    public MessageStats Stats => MessageStats ?? MessageStats.None;

    /// <summary>What it is called in paths and to people: the default exchange has no name.</summary>
    [JsonIgnore]
    public string Shown => Name.Length == 0 ? "amq.default" : Name;
}

public sealed record BindingView(
    string Source, string Vhost, string Destination, string DestinationType, string RoutingKey, JsonObject Arguments,
    string PropertiesKey)
{
    [JsonIgnore]
    public bool IsToQueue => DestinationType == "queue";

    [JsonIgnore]
    public string SourceShown => Source.Length == 0 ? "amq.default" : Source;
}

public sealed record VirtualHostView(
    string Name, string Description, string[] Tags, string DefaultQueueType, bool Tracing, bool ProtectedFromDeletion,
    long Messages, long MessagesReady, long MessagesUnacknowledged);

public sealed record ConnectionView(
    string Name, string? UserProvidedName, string User, string Vhost, string Protocol, bool Ssl, long ConnectedAt,
    int Channels, MessageStats? MessageStats)
{
    /// <summary>Nothing where nothing was counted yet.</summary>
    [JsonIgnore]
    public MessageStats Stats => MessageStats ?? MessageStats.None;
}

/// <summary>A channel or session of a connection.</summary>
public sealed record ChannelView(
    string Name, int Number, bool Confirm, bool Transactional, long PrefetchCount, int ConsumerCount,
    long MessagesUnacknowledged, long MessagesUnconfirmed, MessageStats? MessageStats)
{
    /// <summary>Nothing where nothing was counted yet.</summary>
    [JsonIgnore]
    public MessageStats Stats => MessageStats ?? MessageStats.None;
}

public sealed record UserView(string Name, string[] Tags, string PasswordHash);

public sealed record PermissionView(string User, string Vhost, string Configure, string Write, string Read);

/// <summary>Where a message would go.</summary>
public sealed record Explanation(
    string Outcome, string? Reason, string User, ExplanationStep[] Steps, ExplanationQueue[] Queues);

/// <summary>An exchange on its way.</summary>
public sealed record ExplanationStep(
    string Exchange, string Type, int Bindings, BindingView[] Matches, string? AlternateExchange)
{
    [JsonIgnore]
    public string Shown => Exchange.Length == 0 ? "amq.default" : Exchange;
}

public sealed record ExplanationQueue(string Name, long MessagesReady, int Consumers);

/// <summary>Messages that were looked at.</summary>
public sealed record LookView(MessageRowView[] Messages, string End);

public sealed record MessageRowView(
    string Exchange, string RoutingKey, long PayloadBytes, bool Redelivered, JsonObject Properties, string Payload,
    string PayloadEncoding);

/// <summary>What queues or exchanges are like whose names match.</summary>
public sealed record PolicyView(
    string Name, string Vhost, string Pattern, [property: JsonPropertyName("apply-to")] string ApplyTo, int Priority,
    JsonObject Definition);
