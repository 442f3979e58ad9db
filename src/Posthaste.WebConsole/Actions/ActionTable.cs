using System.Text.Json.Nodes;

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
    };

    /// <summary>Null when there is no such action.</summary>
    public static Func<ActionForm, ActionCall>? Find(string action) => Actions.GetValueOrDefault(action);

    private static JsonObject QueueArguments(ActionForm form)
    {
        var arguments = form.Arguments("arguments");
        if (form["type"] is { Length: > 0 } type) arguments["x-queue-type"] = type;
        return arguments;
    }
}
