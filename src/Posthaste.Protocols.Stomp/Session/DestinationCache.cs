using Posthaste.Protocols.Stomp.Format;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Session;

/// <summary>A destination that a session has sent to.</summary>
internal sealed class KnownDestination(byte[] text, Destination destination)
{
    /// <summary>The header as it came, escapes included.</summary>
    public byte[] Text { get; } = text;

    public Destination Destination { get; } = destination;

    /// <summary>Whether the queue of a `/queue/…` has been declared for this session.</summary>
    public bool IsDeclared { get; set; }
}

/// <summary>
/// The destinations that a session has sent to. The last one costs a comparison of bytes, the others a hash. The
/// reader's alone.
/// </summary>
internal sealed class DestinationCache
{
    // When it is full all are forgotten; they are found again for the price of parsing.
    private const int CountMax = 4096;

    private readonly Dictionary<byte[], KnownDestination> _known;
    private readonly Dictionary<byte[], KnownDestination>.AlternateLookup<ReadOnlySpan<byte>> _lookup;
    private KnownDestination? _last;

    public DestinationCache()
    {
        _known = new Dictionary<byte[], KnownDestination>(Comparer.Instance);
        _lookup = _known.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <summary>Finds or reads the destination of a SEND.</summary>
    public StompError Resolve(scoped in StompFrame frame, out KnownDestination known)
    {
        var text = frame.Raw(KnownHeader.Destination);
        if (_last is { } last && text.SequenceEqual(last.Text))
        {
            known = last;
            return default;
        }

        if (!_lookup.TryGetValue(text, out known!))
        {
            var error = Destination.Parse(frame.Value(KnownHeader.Destination), out var destination);
            if (error.IsError)
                return error;
            if (_known.Count == CountMax)
                _known.Clear();
            known = new KnownDestination(text.ToArray(), destination);
            _known.Add(known.Text, known);
        }

        _last = known;
        return default;
    }

    private sealed class Comparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static readonly Comparer Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = new HashCode();
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
