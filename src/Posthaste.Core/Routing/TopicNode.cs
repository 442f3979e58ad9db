namespace Posthaste.Core.Routing;

/// <summary>A position in the trie of a topic exchange. Changed by one thread, read by any.</summary>
internal sealed class TopicNode(TopicNode? parent, byte[] word, bool isHash, int id)
{
    private volatile TopicNode? _star;
    private volatile TopicNode? _hash;
    private volatile TargetSet? _targets;
    private volatile int _literalCount;

    /// <summary>Null for the root.</summary>
    public TopicNode? Parent { get; } = parent;

    /// <summary>The word on the edge from the parent.</summary>
    public byte[] Word { get; } = word;

    /// <summary>Reached by <c>#</c>: stays matched whatever words follow.</summary>
    public bool IsHash { get; } = isHash;

    /// <summary>Unique within the trie; half of an edge's key.</summary>
    public int Id { get; } = id;

    /// <summary>The child for <c>*</c>.</summary>
    public TopicNode? Star
    {
        get => _star;
        set => _star = value;
    }

    /// <summary>The child for <c>#</c>.</summary>
    public TopicNode? Hash
    {
        get => _hash;
        set => _hash = value;
    }

    /// <summary>Targets of the patterns that end here; null for none.</summary>
    public TargetSet? Targets
    {
        get => _targets;
        set => _targets = value;
    }

    /// <summary>How many children for literal words are in the table of edges.</summary>
    public int LiteralCount
    {
        get => _literalCount;
        set => _literalCount = value;
    }

    public bool IsLeaf => _star is null && _hash is null && _literalCount == 0;
}

/// <summary>An edge for a literal word: the node it starts at and the word.</summary>
internal readonly record struct TopicEdge(int NodeId, byte[] Word);

/// <summary>A <see cref="TopicEdge"/> whose word is still in the buffer that it came in.</summary>
internal readonly ref struct TopicEdgeView(int nodeId, ReadOnlySpan<byte> word)
{
    public readonly int NodeId = nodeId;
    public readonly ReadOnlySpan<byte> Word = word;
}

internal sealed class TopicEdgeComparer
    : IEqualityComparer<TopicEdge>, IAlternateEqualityComparer<TopicEdgeView, TopicEdge>
{
    public static readonly TopicEdgeComparer Instance = new();

    public bool Equals(TopicEdge x, TopicEdge y) => x.NodeId == y.NodeId && x.Word.AsSpan().SequenceEqual(y.Word);

    public int GetHashCode(TopicEdge edge) => Hash(edge.NodeId, edge.Word);

    public bool Equals(TopicEdgeView alternate, TopicEdge other) =>
        alternate.NodeId == other.NodeId && alternate.Word.SequenceEqual(other.Word);

    public int GetHashCode(TopicEdgeView alternate) => Hash(alternate.NodeId, alternate.Word);

    public TopicEdge Create(TopicEdgeView alternate) => new(alternate.NodeId, alternate.Word.ToArray());

    private static int Hash(int nodeId, ReadOnlySpan<byte> word) =>
        HashCode.Combine(nodeId, Utf8KeyComparer.Hash(word));
}

/// <summary>
/// The words of a key or pattern. An empty key has none; else there is one more than dots, and words can be empty.
/// </summary>
internal ref struct TopicWords(ReadOnlySpan<byte> key)
{
    private const byte Separator = (byte)'.';

    /// <summary>How many words a key or pattern has.</summary>
    public static int Count(string key) => key.Length == 0 ? 0 : key.AsSpan().Count((char)Separator) + 1;

    private ReadOnlySpan<byte> _rest = key;
    private bool _hasMore = !key.IsEmpty;

    public ReadOnlySpan<byte> Current { get; private set; }

    public readonly TopicWords GetEnumerator() => this;

    public bool MoveNext()
    {
        if (!_hasMore)
            return false;

        var end = _rest.IndexOf(Separator);
        _hasMore = end >= 0;
        Current = _hasMore ? _rest[..end] : _rest;
        _rest = _hasMore ? _rest[(end + 1)..] : default;
        return true;
    }
}
