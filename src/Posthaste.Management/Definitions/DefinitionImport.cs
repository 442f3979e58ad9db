using System.Text.Json.Nodes;
using Posthaste.Broker;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Limits;
using Posthaste.Broker.Policies;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Access;
using Posthaste.Core.Catalog;
using Posthaste.Management.Http;
using Posthaste.Management.Resources;

namespace Posthaste.Management.Definitions;

/// <summary>
/// Takes in a definition file of RabbitMQ or of Posthaste. What is there already and is the same stays; what is there
/// and differs is refused and named. So a file can be taken in twice.
/// </summary>
/// <param name="broker">Who takes it in.</param>
/// <param name="user">Who asks; an administrator.</param>
/// <param name="only">The virtual host that a file without virtual hosts is for; null for a whole file.</param>
internal sealed class DefinitionImport(MessageBroker broker, BrokerUser user, VirtualHost? only)
{
    /// <summary>What LavinMQ's files call the type of exchanges that delay messages.</summary>
    private const string LavinDelayed = "x-delayed-exchange";

    /// <exception cref="ApiError">
    /// Something is not acceptable: said with its name. What stands before it in the file has been taken in.
    /// </exception>
    public void Run(JsonObject file)
    {
        Refuse(file);
        if (only is null) AddWhatIsOfAll(file);
        foreach (var item in Items(file, "policies")) Do(item, "policy", AddPolicy);
        foreach (var item in Items(file, "parameters")) Do(item, "parameter", AddParameter);
        if (only is null)
        {
            foreach (var item in Items(file, "permissions")) Do(item, "permission of", AddPermission);
            foreach (var item in Items(file, "topic_permissions")) Do(item, "topic permission of", AddTopicPermission);
        }

        foreach (var item in Items(file, "exchanges")) Do(item, "exchange", AddExchange);
        foreach (var item in Items(file, "queues")) Do(item, "queue", AddQueue);
        foreach (var item in Items(file, "bindings")) Do(item, "binding from", AddBinding);
    }

    private void AddWhatIsOfAll(JsonObject file)
    {
        foreach (var item in Items(file, "vhosts")) Do(item, "vhost", AddVirtualHost);
        foreach (var item in Items(file, "users")) Do(item, "user", AddUser);
        foreach (var item in Items(file, "global_parameters")) Do(item, "global parameter", AddGlobalParameter);
    }

    /// <summary>Before anything is changed: what can't be taken in is refused, not left out without a word.</summary>
    private static void Refuse(JsonObject file)
    {
        foreach (var item in Items(file, "vhosts"))
            Do(item, "vhost", CheckVirtualHost);
        foreach (var item in Items(file, "policies"))
            Do(item, "policy", CheckPolicy);
        foreach (var item in Items(file, "parameters"))
            Do(item, "parameter", CheckParameter);
        foreach (var item in Items(file, "queues"))
            Do(item, "queue", CheckQueue);
    }

    private static string? CheckPolicy(JsonObject item)
    {
        PolicyResource.Read(PolicyKind.User, Need(item, "name"), item);
        return null;
    }

    private static string? CheckVirtualHost(JsonObject item)
    {
        VirtualHostRows.ReadDefinition(item, new VirtualHostSettings());
        return null;
    }

    private static string? CheckParameter(JsonObject item)
    {
        var component = Need(item, "component");
        if (ParameterComponent.Find(component) is not { } known)
            return $"component {component} not found: there are no federation, no shovels and no plug-ins here";
        known.Check(Need(item, "name"), item["value"]);
        return null;
    }

    private static string? CheckQueue(JsonObject item)
    {
        var flags = new QueueFlags(
            Json.Flag(item, "durable", missing: true), Exclusive: false, Json.Flag(item, "auto_delete"));
        return QueueArguments.Parse(
            Need(item, "name"), Json.Text(item, "vhost") ?? "", flags, Json.ToTable(item["arguments"]), out _)?.Text;
    }

    private static IEnumerable<JsonObject> Items(JsonObject file, string kind) => file[kind] switch
    {
        null => [],
        JsonArray items => items.Select(item => item as JsonObject
            ?? throw ApiError.BadRequest($"{kind} have to be a list of objects")),
        _ => throw ApiError.BadRequest($"{kind} have to be a list"),
    };

    private static void Do(JsonObject item, string what, Func<JsonObject, string?> add)
    {
        string? fault;
        try
        {
            fault = add(item);
        }
        catch (ApiError error)
        {
            fault = error.Message;
        }

        var name = Json.Text(item, "name") ?? Json.Text(item, "user") ?? Json.Text(item, "source");
        if (fault is not null) throw ApiError.BadRequest($"{what} '{name}': {fault}");
    }

    private string? AddVirtualHost(JsonObject item) => VirtualHostResource.Add(broker, Need(item, "name"))
        .ChangeSettings(settings => VirtualHostRows.ReadDefinition(item, settings));

    private string? AddUser(JsonObject item)
    {
        var read = UserResource.Read(Need(item, "name"), item, broker.Options.FillRandom);

        // A file has one hash of a user; the others that we made from the same password stay.
        if (broker.Users.TryGet(read.Name, out var known)
            && read.Passwords is [var hash] && known.Passwords is [var first, ..] && first.Text == hash.Text)
        {
            read = read with { Passwords = known.Passwords };
        }

        return broker.Users.Put(read);
    }

    private string? AddPolicy(JsonObject item) => HostOf(item).Policies.Put(
        PolicyKind.User, PolicyResource.Read(PolicyKind.User, Need(item, "name"), item));

    private string? AddParameter(JsonObject item) => ParameterComponent.Need(Need(item, "component"))
        .Put(HostOf(item), Need(item, "name"), item["value"]);

    private string? AddGlobalParameter(JsonObject item) => broker.Parameters.Set(
        Need(item, "name"), GlobalParameterResource.Text(Json.Value(item)));

    private string? AddPermission(JsonObject item) =>
        broker.Users.SetPermission(Need(item, "user"), HostOf(item).Name, PermissionResource.Read(item));

    private string? AddTopicPermission(JsonObject item) => broker.Users.SetTopicPermission(
        Need(item, "user"), HostOf(item).Name, Need(item, "exchange"), PermissionResource.ReadTopic(item));

    private string? AddExchange(JsonObject item)
    {
        var (name, type) = (Need(item, "name"), Need(item, "type"));
        if (IsOfBroker(name)) return null;
        return HostOf(item).DeclareExchange(
            name, type == LavinDelayed ? ExchangeType.DelayedMessage.WireName() : type, passive: false,
            Json.Flag(item, "durable", missing: true), Json.Flag(item, "auto_delete"), Json.Flag(item, "internal"),
            Json.ToTable(item["arguments"])).Error?.Text;
    }

    private string? AddQueue(JsonObject item)
    {
        var name = Need(item, "name");
        if (IsOfBroker(name)) return null;
        var host = HostOf(item);
        return host.DeclareQueue(
            name, passive: false, Json.Flag(item, "durable", missing: true), exclusive: false,
            Json.Flag(item, "auto_delete"), Json.ToTable(item["arguments"]), Act(host)).Error?.Text;
    }

    private string? AddBinding(JsonObject item)
    {
        var host = HostOf(item);
        var (source, destination) = (Need(item, "source"), Need(item, "destination"));
        var key = Json.Text(item, "routing_key") ?? "";
        var arguments = Json.ToTable(item["arguments"]);
        if (Need(item, "destination_type") != "queue")
            return host.BindExchange(destination, source, key, arguments, Act(host)).Error?.Text;
        if (IsOfBroker(destination) && !host.Catalog.TryGetQueue(destination, out _)) return null;
        return host.BindQueue(destination, source, key, arguments, Act(host)).Error?.Text;
    }

    /// <summary>
    /// What brokers make or name themselves, and RabbitMQ too leaves out of a file: `amq.topic`, `amq.gen-…`.
    /// </summary>
    private static bool IsOfBroker(string name) =>
        name.Length == 0 || name.StartsWith("amq.", StringComparison.Ordinal);

    private VirtualHost HostOf(JsonObject item)
    {
        if (only is not null) return only;
        var name = Need(item, "vhost");
        return broker.FindVirtualHost(name) ?? throw ApiError.BadRequest($"there is no virtual host '{name}'");
    }

    /// <summary>An administrator takes in a file whatever the permissions in its virtual hosts.</summary>
    private BrokerConnection Act(VirtualHost host) =>
        broker.ActAs(user, host, NoTransport.Connection, AccessRules.Unchecked);

    private static string Need(JsonObject item, string name) =>
        Json.Text(item, name) ?? throw ApiError.BadRequest($"{name} is missing");
}
