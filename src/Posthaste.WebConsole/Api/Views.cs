using System.Text;
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
public sealed record NodeView(string Name, string OsPid, long MemUsed, long MemLimit, int Processors, long Uptime);

/// <summary>What is wrong with the broker.</summary>
public sealed record AlarmView(
    string Name, string Severity, string Title, string Cause, string Effect, string Advice)
{
    [JsonIgnore]
    public bool IsWarning => Severity == "warning";
}

public sealed record QueueView(
    string Name, string Vhost, string Type, bool Durable, bool Exclusive, bool AutoDelete, JsonObject Arguments,
    string State, long Messages, long MessagesReady, long MessagesUnacknowledged, long Consumers, long MessageBytes,
    RateView? MessagesReadyDetails, RateView? MessagesUnacknowledgedDetails, MessageStats? MessageStats,
    ConsumerView[]? ConsumerDetails, string? Policy, string? OperatorPolicy, JsonObject? EffectivePolicyDefinition,
    OldestDeliveryView? OldestUnacknowledged)
{
    /// <summary>Nothing where nothing was counted yet.</summary>
    [JsonIgnore]
    public MessageStats Stats => MessageStats ?? MessageStats.None;
}


public sealed record ExchangeView(
    string Name, string Vhost, string Type, bool Durable, bool AutoDelete, bool Internal, JsonObject Arguments,
    MessageStats? MessageStats, JsonObject? EffectivePolicyDefinition)
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
    int Channels, string[]? PublishesTo, RateView? RecvOctDetails, RateView? SendOctDetails, MessageStats? MessageStats)
{
    /// <summary>Nothing where nothing was counted yet.</summary>
    [JsonIgnore]
    public MessageStats Stats => MessageStats ?? MessageStats.None;
}

public sealed record UserView(string Name, string[] Tags, string PasswordHash);

public sealed record PermissionView(string User, string Vhost, string Configure, string Write, string Read);

public sealed record TopicPermissionView(string User, string Vhost, string Exchange, string Write, string Read);

/// <summary>Whether a user may do something.</summary>
public sealed record AccessView(bool Allowed, string? Reason);

/// <summary>Limits of a virtual host or a user, by name.</summary>
public sealed record LimitsView(string? Vhost, string? User, Dictionary<string, long> Value)
{
    [JsonIgnore]
    public string Name => Vhost ?? User ?? "";
}

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
/// <param name="End">Whether there are more: `count` or `queue`.</param>
/// <param name="Next">How many to pass over to go on.</param>
public sealed record LookView(MessageRowView[] Messages, string End, int Next);

public sealed record MessageRowView(
    string Id, int Position, string Exchange, string RoutingKey, long PayloadBytes, bool Redelivered,
    JsonObject Properties, string Payload, string PayloadEncoding)
{
    /// <summary>The body, or its beginning, as it came.</summary>
    public byte[] Bytes() =>
        PayloadEncoding == "base64" ? Convert.FromBase64String(Payload) : Encoding.UTF8.GetBytes(Payload);
}

/// <summary>What queues or exchanges are like whose names match.</summary>
public sealed record PolicyView(
    string Name, string Vhost, string Pattern, [property: JsonPropertyName("apply-to")] string ApplyTo, int Priority,
    JsonObject Definition);
