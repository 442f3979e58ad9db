using System.Text.RegularExpressions;

namespace Posthaste.Broker.Security.Access;

/// <summary>Whose keys a topic permission is about: what the variables in its pattern stand for.</summary>
/// <param name="Id">`{client_id}`: MQTT's client id; null where a protocol has none.</param>
/// <param name="HasTopics">
/// Its keys are topics whose levels have become words: what was `/` is `.` now, and what was `.` is `/`.
/// </param>
/// <remarks>
/// A name stands for one level of a topic, as it does in the pattern: a client `a.b` has the topic `clients/a.b`, whose
/// key is `clients.a/b`. One with a `/` in it would be several levels, some of them another client's, so it stands
/// for nothing; neither does it in RabbitMQ.
/// </remarks>
public readonly record struct TopicClient(string? Id, bool HasTopics = false)
{
    /// <summary>Matches no key.</summary>
    private const string Nothing = "[^\\s\\S]";

    /// <summary>The part of a regular expression that a name stands for.</summary>
    internal string Expand(string? name)
    {
        name ??= "";
        if (!HasTopics) return Regex.Escape(name);
        return name.Contains('/', StringComparison.Ordinal) ? Nothing : Regex.Escape(name.Replace('.', '/'));
    }
}
