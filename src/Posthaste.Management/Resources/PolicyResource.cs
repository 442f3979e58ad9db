using System.Text.Json.Nodes;
using Posthaste.Broker;
using Posthaste.Broker.Policies;
using Posthaste.Broker.Security;
using Posthaste.Core.Policies;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>
/// `policies`, for those who may make them, and `operator-policies`, which only administrators set.
/// </summary>
internal sealed class PolicyResource(PolicyKind kind) : IResource
{
    public void Map(ApiRoutes routes)
    {
        var path = kind == PolicyKind.Operator ? "operator-policies" : "policies";
        var setter = kind == PolicyKind.Operator ? UserTags.Administrator : UserTags.PolicyMaker;
        routes.Get(path, ListAsync).For(UserTags.PolicyMaker).Says("Policies of all virtual hosts.").Lists("Policy");
        routes.Get($"{path}/{{vhost}}", ListAsync).For(UserTags.PolicyMaker).Says("Policies of a virtual host.")
            .Lists("Policy");
        routes.Get($"{path}/{{vhost}}/{{name}}", GetAsync).For(UserTags.PolicyMaker).Says("A policy.")
            .Shows("Policy");
        routes.Put($"{path}/{{vhost}}/{{name}}", PutAsync).For(setter).Says("Sets a policy.").Takes("PolicyPut")
            .Creates();
        routes.Delete($"{path}/{{vhost}}/{{name}}", DeleteAsync).For(setter).Says("Removes a policy.");
    }

    /// <summary>Reads a policy of a request or a definition file.</summary>
    /// <exception cref="ApiError">Something is not acceptable.</exception>
    public static Policy Read(PolicyKind kind, string name, JsonObject json)
    {
        if (json["pattern"] is null) throw ApiError.BadRequest("[{key_missing,pattern}]");
        if (json["definition"] is not { } definition) throw ApiError.BadRequest("[{key_missing,definition}]");
        var priority = Json.Number(json, "priority", missing: 0);
        if (priority is < int.MinValue or > int.MaxValue) throw Invalid("priority is out of range");
        var appliesTo = Json.Text(json, "apply-to") ?? PolicyTarget.All.WireName();
        if (!PolicyTargets.TryParse(appliesTo, out var target))
        {
            throw Invalid(
                $"apply-to '{appliesTo}' unrecognised; should be one of {string.Join(", ", PolicyTargets.All)}");
        }

        return Policy.TryCreate(
            kind, name, Json.Text(json, "pattern")!, Json.ToTable(definition), (int)priority, target, out var fault)
            ?? throw Invalid(fault);
    }

    /// <summary>What a definition file says of a policy of an operator, whose name stands beside it.</summary>
    public static JsonObject DescribeValue(Policy policy) => new()
    {
        ["pattern"] = policy.Pattern,
        ["definition"] = Json.From(policy.Definition),
        ["priority"] = policy.Priority,
        ["apply-to"] = policy.AppliesTo.WireName(),
    };

    public static JsonObject Describe(VirtualHost host, Policy policy)
    {
        var row = DescribeValue(policy);
        row["vhost"] = host.Name;
        row["name"] = policy.Name;
        return row;
    }

    /// <summary>Adds to a row of a queue or an exchange which policies count for it.</summary>
    public static void AddTo(JsonObject row, AppliedPolicies policies)
    {
        row["policy"] = policies.User?.Name;
        row["operator_policy"] = policies.Operator?.Name;
        row["effective_policy_definition"] = Json.From(policies.Definition);
    }

    private static ApiError Invalid(string fault) => ApiError.BadRequest($"Validation failed\n\n{fault}\n");

    private Task ListAsync(ApiRequest request) => Json.WriteAsync(request.Context, Listing.Show(
        request.Context,
        request.HostsAt(1).SelectMany(host => host.Policies.All(kind).Select(policy => (host, policy))),
        static item => item.policy.Name, static item => Describe(item.host, item.policy)));

    private Task GetAsync(ApiRequest request)
    {
        var (host, policy) = Find(request);
        return Json.WriteAsync(request.Context, Describe(host, policy));
    }

    private async Task PutAsync(ApiRequest request)
    {
        var host = RequireChange(request);
        var policy = Read(kind, request[2], await request.ReadAsync().ConfigureAwait(false));
        var isNew = !host.Policies.TryGet(kind, policy.Name, out _);
        await request.AnswerAsync(host.Policies.Put(kind, policy), isNew).ConfigureAwait(false);
    }

    private Task DeleteAsync(ApiRequest request)
    {
        var host = RequireChange(request);
        return request.AnswerAsync(host.Policies.Remove(kind, Find(request).Policy.Name), created: false);
    }

    private static VirtualHost RequireChange(ApiRequest request)
    {
        var host = request.Host(1);
        if (!request.IsAdministrator) request.ActIn(host);
        return host;
    }

    private (VirtualHost Host, Policy Policy) Find(ApiRequest request)
    {
        var host = request.Host(1);
        return host.Policies.TryGet(kind, request[2], out var policy) ? (host, policy) : throw ApiError.NotFound();
    }
}
