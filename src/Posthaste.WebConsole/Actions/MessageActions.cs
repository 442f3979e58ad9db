using System.Text.Json.Nodes;

namespace Posthaste.WebConsole.Actions;

/// <summary>Buttons that act on messages that wait: those of queues, and those that exchanges delay.</summary>
internal static class MessageActions
{
    public static readonly Dictionary<string, Func<ActionForm, ActionCall>> All = new(StringComparer.Ordinal)
    {
        ["messages-move"] = static form => new ActionCall(
            HttpMethod.Post, MoveChoice.Path(form["vhost"], form["name"], name => form[name]), InBackground(form),
            $"Messages of {form["name"]} are on their way."),
        ["move-cancel"] = static form => new ActionCall(
            HttpMethod.Delete, form.Path("moves", "vhost", "name"), null,
            "The move was told to end; what it has moved stays moved."),
        ["delayed-cancel"] = static form => new ActionCall(
            HttpMethod.Delete, form.Path("scheduled", "vhost", "name", "id"), null,
            "The message was cancelled; it will not be published."),
        ["delayed-cancel-all"] = static form => new ActionCall(
            HttpMethod.Delete, form.Path("scheduled", "vhost", "name"), null,
            $"All that {form["name"]} delayed was cancelled."),
    };

    private static JsonObject InBackground(ActionForm form)
    {
        var body = MoveChoice.Body(name => form[name]);
        body["background"] = true;
        return body;
    }
}
