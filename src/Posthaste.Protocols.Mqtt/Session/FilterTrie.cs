namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>
/// A client's filters by their levels. A topic is matched by walking all positions in the trie at once, level by level,
/// so the cost is bounded by the number of nodes whatever the wildcards, and nothing recurses into a topic of thousands
/// of levels. Not thread-safe: guarded by the output's gate.
/// </summary>
internal sealed class FilterTrie
{
    private readonly Node _root = new();

    // Positions while a topic is matched; kept, because a match comes with every new topic.
    private List<Node> _states = [];
    private List<Node> _next = [];

    /// <summary>Adds a subscription or replaces the one with the same filter.</summary>
    public void Set(TopicSubscription subscription)
    {
        var node = _root;
        foreach (var level in Levels(subscription.Filter))
            node = node.GetOrAdd(subscription.Filter.AsSpan(level));
        node.Subscription = subscription;
    }

    /// <summary>Takes a filter out, and the nodes that only it needed.</summary>
    public void Remove(string filter)
    {
        var path = new Stack<(Node Parent, string Level)>();
        var node = _root;
        foreach (var range in Levels(filter))
        {
            var level = filter[range];
            path.Push((node, level));
            if (node.Find(level) is not { } child)
                return;
            node = child;
        }

        node.Subscription = null;
        while (node.IsEmpty && path.TryPop(out var step))
        {
            step.Parent.Remove(step.Level);
            node = step.Parent;
        }
    }

    /// <summary>
    /// Adds every subscription whose filter matches the topic name. Names that begin with <c>$</c> match no wildcard in
    /// the first level [MQTT-4.7.2-1].
    /// </summary>
    public void Match(ReadOnlySpan<char> topic, List<TopicSubscription> into)
    {
        var wildcards = topic is not ['$', ..];
        _states.Clear();
        _states.Add(_root);
        foreach (var range in topic.Split('/'))
        {
            var level = topic[range];
            _next.Clear();
            foreach (var node in _states)
            {
                if (wildcards)
                {
                    AddIfAny(node.Rest, into);
                    if (node.Any is { } any)
                        _next.Add(any);
                }

                if (node.Literal(level) is { } child)
                    _next.Add(child);
            }

            wildcards = true;
            (_states, _next) = (_next, _states);
        }

        foreach (var node in _states)
        {
            AddIfAny(node, into);
            AddIfAny(node.Rest, into); // "sport/#" matches "sport" too: section 4.7.1.2.
        }
    }

    private static void AddIfAny(Node? node, List<TopicSubscription> into)
    {
        if (node?.Subscription is { } subscription)
            into.Add(subscription);
    }

    private static List<Range> Levels(string filter)
    {
        var levels = new List<Range>();
        foreach (var level in filter.AsSpan().Split('/'))
            levels.Add(level);
        return levels;
    }

    private sealed class Node
    {
        private Dictionary<string, Node>? _children;

        /// <summary>The subscription whose filter ends here.</summary>
        public TopicSubscription? Subscription { get; set; }

        /// <summary>Below <c>+</c>.</summary>
        public Node? Any { get; private set; }

        /// <summary>The end of a filter in <c>#</c>.</summary>
        public Node? Rest { get; private set; }

        public bool IsEmpty => Subscription is null && Any is null && Rest is null && _children is null;

        public Node? Literal(ReadOnlySpan<char> level) =>
            _children is not null
            && _children.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(level, out var child)
                ? child
                : null;

        public Node? Find(ReadOnlySpan<char> level) => level switch
        {
            "+" => Any,
            "#" => Rest,
            _ => Literal(level),
        };

        public Node GetOrAdd(ReadOnlySpan<char> level)
        {
            if (Find(level) is { } known)
                return known;
            var child = new Node();
            switch (level)
            {
                case "+":
                    Any = child;
                    break;
                case "#":
                    Rest = child;
                    break;
                default:
                    _children ??= new Dictionary<string, Node>(1, StringComparer.Ordinal);
                    _children.Add(level.ToString(), child);
                    break;
            }

            return child;
        }

        public void Remove(string level)
        {
            switch (level)
            {
                case "+":
                    Any = null;
                    break;
                case "#":
                    Rest = null;
                    break;
                default:
                    _children!.Remove(level);
                    if (_children.Count == 0)
                        _children = null;
                    break;
            }
        }
    }
}
