using System.Collections.Concurrent;

namespace Posthaste.Core.Routing;

/// <summary>
/// Patterns of words separated by dots, where <c>*</c> stands for exactly one word and <c>#</c> for any number of
/// them, none included. The patterns form a trie; a key is matched by walking all of its positions at once, word by
/// word. A position is in the set once however many ways lead to it, so a key of w words costs at most w times the
/// number of trie nodes, also for patterns such as <c>#.#.#.#</c> that make backtracking exponential.
/// </summary>
internal sealed class TopicRouter : Router
{
    private readonly TopicNode _root = new(null, [], isHash: false, id: 0);

    // All edges of the trie for literal words in one table: nodes with a table each would cost far more.
    private readonly ConcurrentDictionary<TopicEdge, TopicNode> _edges = new(1, 1, TopicEdgeComparer.Instance);
    private readonly ConcurrentDictionary<TopicEdge, TopicNode>.AlternateLookup<TopicEdgeView> _edgeLookup;
    private int _lastNodeId;

    public TopicRouter() => _edgeLookup = _edges.GetAlternateLookup<TopicEdgeView>();

    public override void Add(Binding binding)
    {
        var node = _root;
        foreach (var word in new TopicWords(binding.KeyBytes))
            node = GetChild(node, word) ?? AddChild(node, word);
        node.Targets ??= new TargetSet();
        node.Targets.Add(binding.Destination);
    }

    public override void Remove(Binding binding)
    {
        var node = _root;
        foreach (var word in new TopicWords(binding.KeyBytes))
        {
            if (GetChild(node, word) is not { } child)
                return;
            node = child;
        }

        if (node.Targets is null)
            return;
        node.Targets.Remove(binding.Destination);
        if (node.Targets.IsEmpty)
            node.Targets = null;
        Prune(node);
    }

    public override void Route(ReadOnlySpan<byte> key, in RouteHeaders headers, RouteResult into)
    {
        into.TopicStates.Clear();
        Enter(into.TopicStates, _root);
        foreach (var word in new TopicWords(key))
        {
            into.NextTopicStates.Clear();
            foreach (var node in into.TopicStates.Items)
                Step(node, word, into.NextTopicStates);
            into.AdvanceTopic();
        }

        foreach (var node in into.TopicStates.Items)
            into.Reach(node.Targets);
    }

    private void Step(TopicNode node, ReadOnlySpan<byte> word, DistinctList<TopicNode> next)
    {
        if (node.IsHash)
            Enter(next, node);
        if (node.Star is { } star)
            Enter(next, star);
        if (node.LiteralCount > 0 && _edgeLookup.TryGetValue(new(node.Id, word), out var child))
            Enter(next, child);
    }

    // A hash matches no word at all too, so being at a node is being at the hashes right below it.
    private static void Enter(DistinctList<TopicNode> states, TopicNode? node)
    {
        while (node is not null && states.Add(node))
            node = node.Hash;
    }

    private TopicNode? GetChild(TopicNode node, ReadOnlySpan<byte> word) => word switch
    {
        [(byte)'*'] => node.Star,
        [(byte)'#'] => node.Hash,
        _ => _edgeLookup.TryGetValue(new(node.Id, word), out var child) ? child : null,
    };

    private TopicNode AddChild(TopicNode parent, ReadOnlySpan<byte> word)
    {
        var isHash = word is [(byte)'#'];
        var child = new TopicNode(parent, word.ToArray(), isHash, ++_lastNodeId);
        if (isHash)
        {
            parent.Hash = child;
        }
        else if (word is [(byte)'*'])
        {
            parent.Star = child;
        }
        else
        {
            _edges[new(parent.Id, child.Word)] = child;
            parent.LiteralCount++;
        }

        return child;
    }

    private void Prune(TopicNode? node)
    {
        while (node is { IsLeaf: true, Targets: null, Parent: { } parent })
        {
            if (ReferenceEquals(parent.Hash, node))
            {
                parent.Hash = null;
            }
            else if (ReferenceEquals(parent.Star, node))
            {
                parent.Star = null;
            }
            else
            {
                _edges.TryRemove(new(parent.Id, node.Word), out _);
                parent.LiteralCount--;
            }

            node = parent;
        }
    }
}
