using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Posthaste.WebConsole.Api;

/// <summary>A page of a list.</summary>
public sealed record Paged<T>(
    IReadOnlyList<T> Items, int Page, int PageCount, int PageSize, int FilteredCount, int TotalCount);

/// <summary>Who is logged in.</summary>
public sealed record WhoAmI(string Name, string[] Tags)
{
    public bool IsAdministrator => Tags.Contains("administrator");
}

/// <summary>The broker as a whole.</summary>
public sealed record Overview(
    string ProductVersion, string Node, QueueTotals QueueTotals, ObjectTotals ObjectTotals, ListenerView[] Listeners);

public sealed record QueueTotals(long Messages, long MessagesReady, long MessagesUnacknowledged);

public sealed record ObjectTotals(long Connections, long Queues, long Exchanges, long Consumers);

public sealed record ListenerView(string Protocol, string IpAddress, int Port);

/// <summary>The process that the broker is.</summary>
public sealed record NodeView(
    string Name, string OsPid, long MemUsed, long MemLimit, bool MemAlarm, long DiskFreeLimit, bool DiskFreeAlarm,
    bool JournalAlarm, int Processors, long Uptime);

public sealed record QueueView(
    string Name, string Vhost, string Type, bool Durable, bool Exclusive, bool AutoDelete, JsonObject Arguments,
    string State, long Messages, long MessagesReady, long MessagesUnacknowledged, long Consumers);

public sealed record ExchangeView(
    string Name, string Vhost, string Type, bool Durable, bool AutoDelete, bool Internal, JsonObject Arguments)
{
    /// <summary>What it is called in paths and to people: the default exchange has no name.</summary>
    [JsonIgnore]
    public string Shown => Name.Length == 0 ? "amq.default" : Name;
}

public sealed record BindingView(
    string Source, string Vhost, string Destination, string DestinationType, string RoutingKey, JsonObject Arguments,
    string PropertiesKey)
{
    public bool IsToQueue => DestinationType == "queue";
}

public sealed record VirtualHostView(string Name, long Messages, long MessagesReady, long MessagesUnacknowledged);
