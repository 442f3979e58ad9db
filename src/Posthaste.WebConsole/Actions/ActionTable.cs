using System.Text.Json.Nodes;
using Posthaste.WebConsole.Api;

namespace Posthaste.WebConsole.Actions;

/// <summary>What a form asks of the API.</summary>
/// <param name="Method">HTTP's.</param>
/// <param name="Path">Behind `/api/`.</param>
/// <param name="Body">Null for none.</param>
/// <param name="Done">What to say when it is done.</param>
internal sealed record ActionCall(HttpMethod Method, string Path, JsonObject? Body, string Done);

/// <summary>
/// Every button of the console that changes something: which request of the API it stands for. Whether the user may do
/// it, the API decides.
/// </summary>
internal static class ActionTable
{
    private const string Vhost = "vhost";
    private const string Name = "name";

    private static readonly Dictionary<string, Func<ActionForm, ActionCall>> Actions = new(StringComparer.Ordinal)
    {
        ["queue-declare"] = static form => new ActionCall(
            HttpMethod.Put, form.Path("queues", Vhost, Name),
            new JsonObject
            {
                ["durable"] = form.Has("durable"),
                ["auto_delete"] = form.Has("auto_delete"),
                ["arguments"] = QueueArguments(form),
            },
            $"Queue {form[Name]} is there."),
        ["queue-purge"] = static form => new ActionCall(
            HttpMethod.Delete, form.Path("queues", Vhost, Name) + "/contents", null,
            $"Queue {form[Name]} was purged."),
        ["queue-delete"] = static form => new ActionCall(
            HttpMethod.Delete, form.Path("queues", Vhost, Name), null, $"Queue {form[Name]} was deleted."),
        ["exchange-declare"] = static form => new ActionCall(
            HttpMethod.Put, form.Path("exchanges", Vhost, Name),
            new JsonObject
            {
                ["type"] = form["type"],
                ["durable"] = form.Has("durable"),
                ["auto_delete"] = form.Has("auto_delete"),
                ["internal"] = form.Has("internal"),
                ["arguments"] = form.Arguments("arguments"),
            },
            $"Exchange {form[Name]} is there."),
        ["exchange-delete"] = static form => new ActionCall(
            HttpMethod.Delete, form.Path("exchanges", Vhost, Name), null, $"Exchange {form[Name]} was deleted."),
        ["bind"] = static form => new ActionCall(
            HttpMethod.Post, BindingPath(form),
            new JsonObject
            {
                ["routing_key"] = form["routing_key"],
                ["arguments"] = form.Arguments("arguments"),
            },
            $"{form["destination"]} is bound to {form["source"]}."),
        ["unbind"] = static form => new ActionCall(
            HttpMethod.Delete, $"{BindingPath(form)}/{Target.Path(form["key"])}", null,
            $"{form["destination"]} is not bound to {form["source"]} in that way any more."),
        ["connection-close"] = static form => new ActionCall(
            HttpMethod.Delete, form.Path("connections", Name), null, $"Connection {form[Name]} was asked to close."),
        ["policy-put"] = static form => new ActionCall(
            HttpMethod.Put, PolicyPath(form),
            new JsonObject
            {
                ["pattern"] = form["pattern"],
                ["apply-to"] = form["apply-to"],
                ["priority"] = form["priority"],
                ["definition"] = form.Arguments("definition"),
            },
            $"Policy {form[Name]} is in effect."),
        ["policy-delete"] = static form => new ActionCall(
            HttpMethod.Delete, PolicyPath(form), null, $"Policy {form[Name]} was deleted."),
        ["vhost-put"] = static form => new ActionCall(
            HttpMethod.Put, form.Path("vhosts", Name),
            new JsonObject
            {
                ["description"] = form["description"],
                ["tags"] = form["tags"],
                ["default_queue_type"] = form["default_queue_type"] is { Length: > 0 } type ? type : null,
                ["tracing"] = form.Has("tracing"),
            },
            $"Virtual host {form[Name]} was saved."),
        ["vhost-protect"] = static form => new ActionCall(
            HttpMethod.Post, ProtectionPath(form), null, $"Virtual host {form[Name]} is protected from deletion."),
        ["vhost-unprotect"] = static form => new ActionCall(
            HttpMethod.Delete, ProtectionPath(form), null, $"Virtual host {form[Name]} can be deleted."),
        ["vhost-delete"] = static form => new ActionCall(
            HttpMethod.Delete, form.Path("vhosts", Name), null, $"Virtual host {form[Name]} was deleted."),
    };

    /// <summary>Null when there is no such action.</summary>
    public static Func<ActionForm, ActionCall>? Find(string action) =>
        Actions.GetValueOrDefault(action) ?? MessageActions.All.GetValueOrDefault(action)
        ?? AccessActions.All.GetValueOrDefault(action);

    private static string BindingPath(ActionForm form) =>
        Target.Path("bindings", form[Vhost], "e", form["source"], form["kind"], form["destination"]);

    private static string ProtectionPath(ActionForm form) => form.Path("vhosts", Name) + "/deletion/protection";

    /// <summary>Two kinds, and no other path of the API.</summary>
    private static string PolicyPath(ActionForm form) => form.Path(
        form["kind"] == "operator-policies" ? "operator-policies" : "policies", Vhost, Name);

    private static JsonObject QueueArguments(ActionForm form)
    {
        var arguments = form.Arguments("arguments");
        if (form["type"] is { Length: > 0 } type) arguments["x-queue-type"] = type;
        return arguments;
    }
}
