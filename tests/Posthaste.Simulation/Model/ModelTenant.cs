namespace Posthaste.Simulation.Model;

/// <summary>A message to a virtual host that comes and goes.</summary>
internal sealed class TenantMessage(string body)
{
    public string Body => body;

    /// <summary>Its publisher was told that it is safe.</summary>
    public bool IsConfirmed { get; set; }
}

/// <summary>
/// A virtual host that is made and deleted again and again. Each of its lives has a name of its own, which a note in it
/// and all of its messages bear: whatever is found in it belongs to the life that it is in, which is one that it can be
/// in.
/// </summary>
internal sealed class ModelTenant(string name)
{
    private readonly Dictionary<string, List<TenantMessage>> _messages = [];

    public string Name => name;

    /// <summary>The life that it is in; null when it is not there.</summary>
    public ModelValue Life { get; } = new(name);

    /// <summary>What was published in a life; nothing of it is ever settled.</summary>
    public List<TenantMessage> MessagesOf(string life)
    {
        if (!_messages.TryGetValue(life, out var messages)) _messages[life] = messages = [];
        return messages;
    }

    /// <summary>Compares what is in its queue with what has to be there.</summary>
    public void Check(string life, IReadOnlyList<string> bodies)
    {
        var at = 0;
        foreach (var message in MessagesOf(life))
        {
            if (at < bodies.Count && bodies[at] == message.Body) at++;
            else SimulationFailure.Unless(!message.IsConfirmed, $"{name}: {Short(message.Body)} is lost");
        }

        SimulationFailure.Unless(
            at == bodies.Count, $"{name} in {life} has {(at < bodies.Count ? Short(bodies[at]) : "")} out of place");
    }

    private static string Short(string body) => body.TrimEnd('.');
}
