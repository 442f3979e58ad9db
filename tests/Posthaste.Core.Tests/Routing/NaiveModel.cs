using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Tests.Routing;

/// <summary>
/// The rules of exchanges, queues and bindings in the plainest terms: lists searched from end to end, topic patterns
/// matched by recursion. Slow, and short enough to be believed.
/// </summary>
internal sealed class NaiveModel
{
    private readonly Dictionary<string, Exchange> _exchanges = new()
    {
        ["amq.direct"] = new("direct", false, null),
        ["amq.fanout"] = new("fanout", false, null),
        ["amq.topic"] = new("topic", false, null),
        ["amq.headers"] = new("headers", false, null),
    };

    private readonly HashSet<string> _queues = [];
    private readonly List<Binding> _bindings = [];

    public IEnumerable<string> Exchanges => _exchanges.Keys;

    public IEnumerable<string> Queues => _queues;

    public int BindingCount => _bindings.Count;

    public void DeclareExchange(string name, string type, bool autoDelete, string? alternate) =>
        _exchanges.TryAdd(name, new(type, autoDelete, alternate));

    public void DeclareQueue(string name) => _queues.Add(name);

    public void DeleteExchange(string name)
    {
        if (_exchanges.Remove(name))
            Remove(binding => binding.Source == name || (!binding.ToQueue && binding.Destination == name));
    }

    public void DeleteQueue(string name)
    {
        if (_queues.Remove(name))
            Remove(binding => binding.ToQueue && binding.Destination == name);
    }

    public void Bind(string source, bool toQueue, string destination, string key, FieldTable arguments)
    {
        var exists = toQueue ? _queues.Contains(destination) : _exchanges.ContainsKey(destination);
        var binding = new Binding(source, toQueue, destination, key, arguments);
        if (exists && _exchanges.ContainsKey(source) && !_bindings.Contains(binding))
            _bindings.Add(binding);
    }

    public void Unbind(string source, bool toQueue, string destination, string key, FieldTable arguments) =>
        Remove(new Binding(source, toQueue, destination, key, arguments).Equals);

    public string[] Route(string exchange, string[] keys, FieldTable headers)
    {
        var reached = new HashSet<string>();
        if (exchange.Length == 0)
            reached.UnionWith(keys.Where(_queues.Contains));
        else
            Visit(exchange, keys, headers, [], reached);
        return [.. reached.Order(StringComparer.Ordinal)];
    }

    public static bool TopicMatches(string pattern, string key) => TopicMatches(Words(pattern), Words(key));

    private static bool TopicMatches(ReadOnlySpan<string> pattern, ReadOnlySpan<string> key)
    {
        if (pattern.IsEmpty)
            return key.IsEmpty;
        if (pattern[0] == "#")
            return TopicMatches(pattern[1..], key) || (!key.IsEmpty && TopicMatches(pattern, key[1..]));
        return !key.IsEmpty && (pattern[0] == "*" || pattern[0] == key[0]) && TopicMatches(pattern[1..], key[1..]);
    }

    private static string[] Words(string text) => text.Length == 0 ? [] : text.Split('.');

    private void Visit(string name, string[] keys, FieldTable headers, HashSet<string> seen, HashSet<string> reached)
    {
        if (!_exchanges.TryGetValue(name, out var exchange) || !seen.Add(name))
            return;

        var matching = _bindings
            .Where(binding => binding.Source == name && keys.Any(key => Matches(exchange.Type, binding, key, headers)))
            .ToList();
        reached.UnionWith(matching.Where(binding => binding.ToQueue).Select(binding => binding.Destination));
        foreach (var binding in matching.Where(binding => !binding.ToQueue))
            Visit(binding.Destination, keys, headers, seen, reached);
        if (matching.Count == 0 && exchange.Alternate is { } alternate)
            Visit(alternate, keys, headers, seen, reached);
    }

    private static bool Matches(string type, Binding binding, string key, FieldTable headers) => type switch
    {
        "direct" => binding.Key == key,
        "fanout" => true,
        "topic" => TopicMatches(binding.Key, key),
        _ => HeadersMatch(binding.Arguments, headers),
    };

    private static bool HeadersMatch(FieldTable arguments, FieldTable headers)
    {
        var mode = arguments.TryGetString("x-match", out var text) ? text : "all";
        var outcomes = arguments
            .Where(argument => argument.Key != "x-match")
            .Where(argument => mode.EndsWith("-with-x") || !argument.Key.StartsWith("x-"))
            .Select(argument => headers.TryGetValue(argument.Key, out var value)
                && (argument.Value.Type == FieldType.Void || argument.Value.EquivalentTo(value)));
        return mode.StartsWith("any") ? outcomes.Any(holds => holds) : outcomes.All(holds => holds);
    }

    private void Remove(Predicate<Binding> condition)
    {
        var sources = _bindings.FindAll(condition).Select(binding => binding.Source).ToList();
        _bindings.RemoveAll(condition);
        foreach (var source in sources)
        {
            if (_exchanges.TryGetValue(source, out var exchange) && exchange.AutoDelete
                && !_bindings.Any(binding => binding.Source == source))
            {
                DeleteExchange(source);
            }
        }
    }

    private sealed record Exchange(string Type, bool AutoDelete, string? Alternate);

    private sealed record Binding(string Source, bool ToQueue, string Destination, string Key, FieldTable Arguments);
}
