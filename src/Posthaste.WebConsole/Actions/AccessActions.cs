using System.Globalization;
using System.Text.Json.Nodes;
using Posthaste.WebConsole.Api;

namespace Posthaste.WebConsole.Actions;

/// <summary>Buttons that say who may do what, and how much of it.</summary>
internal static class AccessActions
{
    private const string Vhost = "vhost";
    private const string Name = "name";

    public static readonly Dictionary<string, Func<ActionForm, ActionCall>> All = new(StringComparer.Ordinal)
    {
        ["user-put"] = static form => new ActionCall(
            HttpMethod.Put, form.Path("users", Name), UserBody(form), $"User {form[Name]} was saved."),
        ["user-delete"] = static form => new ActionCall(
            HttpMethod.Delete, form.Path("users", Name), null, $"User {form[Name]} was deleted."),
        ["permission-set"] = static form => new ActionCall(
            HttpMethod.Put, form.Path("permissions", Vhost, Name),
            new JsonObject
            {
                ["configure"] = form["configure"],
                ["write"] = form["write"],
                ["read"] = form["read"],
            },
            $"User {form[Name]} has that permission in {form[Vhost]} now."),
        ["permission-clear"] = static form => new ActionCall(
            HttpMethod.Delete, form.Path("permissions", Vhost, Name), null,
            $"User {form[Name]} can't enter {form[Vhost]} any more."),
        ["topic-permission-set"] = static form => new ActionCall(
            HttpMethod.Put, form.Path("topic-permissions", Vhost, Name),
            new JsonObject
            {
                ["exchange"] = form["exchange"],
                ["write"] = form["write"],
                ["read"] = form["read"],
            },
            $"User {form[Name]} has that topic permission on {form["exchange"]} now."),
        ["topic-permission-clear"] = static form => new ActionCall(
            HttpMethod.Delete, form.Path("topic-permissions", Vhost, Name, "exchange"), null,
            $"No topic permission restricts {form[Name]} on {form["exchange"]} any more."),
        ["limit-set"] = static form => new ActionCall(
            HttpMethod.Put, LimitPath(form), new JsonObject { ["value"] = Limit(form["value"]) },
            $"{form[Name]} is limited to {form["limit"]} = {form["value"]}."),
        ["limit-clear"] = static form => new ActionCall(
            HttpMethod.Delete, LimitPath(form), null, $"{form["limit"]} of {form[Name]} is not limited any more."),
    };

    /// <summary>
    /// An empty password keeps the one that there is. A new user, who has none, has to get one, or to be said to need
    /// none.
    /// </summary>
    private static JsonObject UserBody(ActionForm form)
    {
        string[] tags =
        [
            .. form.Ticked("tag-"),
            .. form["tags"].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
        ];
        var body = new JsonObject { ["tags"] = new JsonArray([.. tags.Select(static tag => JsonValue.Create(tag))]) };
        if (form.Has("no-password")) return body;
        if (form["password"].Length > 0) body["password"] = form["password"];
        else if (form.Has("known")) body["keep_password"] = true;
        else throw new FormException("The user needs a password, or has to be said to have none.");
        return body;
    }

    /// <summary>Two kinds, and no other path of the API.</summary>
    private static string LimitPath(ActionForm form) => Target.Path(
        form["kind"] == "vhost-limits" ? "vhost-limits" : "user-limits", form[Name], form["limit"]);

    private static long Limit(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var limit)
            ? limit
            : throw new FormException($"'{text}' is no number");
}
