using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using Posthaste.Broker.Events;
using Posthaste.Broker.Notes;
using Posthaste.Broker.Security;

namespace Posthaste.Broker.Parameters;

/// <summary>
/// What operators and their tools keep with the broker as a whole under names of their own, as JSON: RabbitMQ's global
/// parameters. The broker itself reads but one, <see cref="ClusterName"/>. Durable as notes of the broker:
/// <code>
///   key "global" | 0 | name      value the JSON text, UTF-8
/// </code>
/// Reads take no lock; changes take effect at once and are journaled in the same order. Any thread.
/// </summary>
/// <remarks>
/// Commands return null, or why they were refused, for people. What a command has changed is durable once <see
/// cref="MessageBroker.WhenDurableAsync"/> says so.
/// </remarks>
public sealed class GlobalParameters
{
    /// <summary>A text: what the cluster, here the one node, is called.</summary>
    public const string ClusterName = "cluster_name";

    /// <summary>Says which definitions were loaded last; not shown, as in RabbitMQ.</summary>
    public const string ImportedDefinitionsHash = "imported_definition_hash_value";

    /// <summary>Parameters at most. 1,000: they are for people and tools, not for data.</summary>
    public const int CountMax = 1_000;

    private static readonly byte[] Root = [.. "global\0"u8];

    private readonly Lock _lock = new();
    private readonly VirtualHostNotes _notes;
    private readonly BrokerEvents _events;
    private volatile ImmutableSortedDictionary<string, string> _values =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    internal GlobalParameters(VirtualHostNotes notes, BrokerEvents events)
    {
        _notes = notes;
        _events = events;
    }

    /// <summary>Names and JSON texts, by name, without what is not for showing.</summary>
    public IEnumerable<KeyValuePair<string, string>> All =>
        _values.Where(static value => value.Key != ImportedDefinitionsHash);

    public bool TryGet(string name, [NotNullWhen(true)] out string? json) => _values.TryGetValue(name, out json);

    /// <summary>Sets a parameter, instead of what it said so far.</summary>
    /// <param name="name">255 bytes at most.</param>
    /// <param name="json">Any JSON value, as text.</param>
    public string? Set(string name, string json)
    {
        if (UserStore.CheckName(name, "parameter name") is { } fault) return fault;
        lock (_lock)
        {
            if (_values.Count >= CountMax && !_values.ContainsKey(name))
                return $"there are {CountMax} global parameters already";
            var refusal = _notes.Set(Key(name), Encoding.UTF8.GetBytes(json));
            if (NoteRefusals.Explain(refusal) is { } refused) return refused;
            _values = _values.SetItem(name, json);
            _events.GlobalParameterSet(name, json);
            return null;
        }
    }

    /// <summary>Removes a parameter; nothing happens if there is none.</summary>
    public string? Remove(string name)
    {
        lock (_lock)
        {
            if (NoteRefusals.Explain(_notes.Remove(Key(name))) is { } refused) return refused;
            if (_values.ContainsKey(name)) _events.GlobalParameterSet(name, json: null);
            _values = _values.Remove(name);
            return null;
        }
    }

    /// <summary>The cluster's name; the other text if nobody has given it one that is a text.</summary>
    internal string ClusterNameOr(string missing)
    {
        if (!TryGet(ClusterName, out var json)) return missing;
        using var value = JsonDocument.Parse(json);
        return value.RootElement.ValueKind == JsonValueKind.String ? value.RootElement.GetString()! : missing;
    }

    /// <summary>Reads what the notes say. Before any other call.</summary>
    internal void Load() => _values = _values.AddRange(_notes.WithPrefix(Root).Select(static note =>
        KeyValuePair.Create(
            Encoding.UTF8.GetString(note.Key[Root.Length..]), Encoding.UTF8.GetString(note.Value))));

    private static byte[] Key(string name) => [.. Root, .. Encoding.UTF8.GetBytes(name)];
}
