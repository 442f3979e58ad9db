using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Posthaste.Broker;
using Posthaste.Broker.Limits;
using Posthaste.Broker.Policies;
using Posthaste.Broker.Security;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>
/// A kind of parameters that virtual hosts have. RabbitMQ keeps policies and limits as such, and shows them so; here
/// each is a way to look at what is kept elsewhere. Others, those of plug-ins, are unknown, as where a RabbitMQ does
/// not have the plug-in.
/// </summary>
internal abstract class ParameterComponent(string name)
{
    private static readonly ImmutableArray<ParameterComponent> Known =
        [new OperatorPolicies(), new HostLimits(), new UserPolicies()];

    public string Name { get; } = name;

    /// <summary>Those that a list of all parameters shows, and a definition file has as parameters.</summary>
    public static IEnumerable<ParameterComponent> Listed => Known.Where(static component => component.IsListed);

    /// <summary>Whether it is set as a parameter; policies of users have paths of their own only.</summary>
    public virtual bool IsListed => true;

    public static ParameterComponent? Find(string name) =>
        Known.FirstOrDefault(component => component.Name == name);

    /// <exception cref="ApiError">There is none of that name.</exception>
    public static ParameterComponent Need(string name) =>
        Find(name) ?? throw Invalid($"component {name} not found");

    /// <summary>The row of a parameter; its value is null if it has gone meanwhile.</summary>
    public JsonObject Describe(VirtualHost host, string name) => new()
    {
        ["vhost"] = host.Name,
        ["component"] = Name,
        ["name"] = name,
        ["value"] = Find(host, name),
    };

    /// <summary>Names of the parameters that there are in a virtual host.</summary>
    public abstract IEnumerable<string> NamesIn(VirtualHost host);

    /// <summary>The value of a parameter; null when there is none.</summary>
    public abstract JsonNode? Find(VirtualHost host, string name);

    /// <summary>Says what is wrong with a value before anything is changed.</summary>
    /// <exception cref="ApiError">It is not acceptable.</exception>
    public abstract void Check(string name, JsonNode? value);

    /// <returns>Null, or why it was refused.</returns>
    /// <exception cref="ApiError">It is not acceptable.</exception>
    public abstract string? Put(VirtualHost host, string name, JsonNode? value);

    /// <returns>Null, or why it was refused.</returns>
    public abstract string? Remove(VirtualHost host, string name);

    private static ApiError Invalid(string fault) => ApiError.BadRequest($"Validation failed\n\n{fault}\n");

    private static JsonObject NeedObject(JsonNode? value) =>
        value as JsonObject ?? throw Invalid("value has to be an object");

    private abstract class Policies(string name, PolicyKind kind) : ParameterComponent(name)
    {
        public override IEnumerable<string> NamesIn(VirtualHost host) =>
            host.Policies.All(kind).Select(static policy => policy.Name);

        public override JsonNode? Find(VirtualHost host, string name) =>
            host.Policies.TryGet(kind, name, out var policy) ? PolicyResource.DescribeValue(policy) : null;
    }

    private sealed class OperatorPolicies() : Policies("operator_policy", PolicyKind.Operator)
    {
        public override void Check(string name, JsonNode? value) => Read(name, value);

        public override string? Put(VirtualHost host, string name, JsonNode? value) =>
            host.Policies.Put(PolicyKind.Operator, Read(name, value));

        public override string? Remove(VirtualHost host, string name) =>
            host.Policies.Remove(PolicyKind.Operator, name);

        private static Policy Read(string name, JsonNode? value) =>
            PolicyResource.Read(PolicyKind.Operator, name, NeedObject(value));
    }

    private sealed class UserPolicies() : Policies("policy", PolicyKind.User)
    {
        public override bool IsListed => false;

        public override void Check(string name, JsonNode? value) =>
            throw ApiError.BadRequest("policies may not be set using this method");

        public override string? Put(VirtualHost host, string name, JsonNode? value) =>
            "policies may not be set using this method";

        public override string? Remove(VirtualHost host, string name) =>
            "policies may not be cleared using this method";
    }

    /// <summary>All limits of a virtual host are one parameter.</summary>
    private sealed class HostLimits() : ParameterComponent("vhost-limits")
    {
        private const string TheName = "limits";

        public override IEnumerable<string> NamesIn(VirtualHost host) =>
            host.Settings.Limits.Count > 0 ? [TheName] : [];

        public override JsonNode? Find(VirtualHost host, string name) =>
            name == TheName && host.Settings.Limits is { Count: > 0 } limits ? LimitResource.Describe(limits) : null;

        public override void Check(string name, JsonNode? value) => Read(name, value);

        public override string? Put(VirtualHost host, string name, JsonNode? value)
        {
            var limits = Read(name, value);
            return host.ChangeSettings(settings => settings with { Limits = limits });
        }

        public override string? Remove(VirtualHost host, string name) =>
            host.ChangeSettings(static settings => settings with { Limits = User.NoLimits });

        private static ImmutableSortedDictionary<string, long> Read(string name, JsonNode? value) => name == TheName
            ? LimitResource.Read(NeedObject(value), LimitNames.OfVirtualHosts, TheName)
            : throw Invalid($"the parameter of limits is called {TheName}");
    }
}
