using System.Text;
using Posthaste.Core.Catalog;
using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Routing;

/// <summary>
/// A rule by which messages get from an exchange to a queue or another exchange. Two bindings are equal when source,
/// destination, key and arguments are: binding twice is binding once.
/// </summary>
public sealed class Binding : IEquatable<Binding>
{
    internal Binding(Exchange source, RouteTarget destination, string key, FieldTable arguments)
    {
        Source = source;
        Destination = destination;
        Key = key;
        KeyBytes = key.Length == 0 ? [] : Encoding.UTF8.GetBytes(key);
        Arguments = SortedByName(arguments);
    }

    public Exchange Source { get; }

    public RouteTarget Destination { get; }

    /// <summary>Binding key, or pattern if the source is a topic exchange; at most 65,535 bytes of UTF-8.</summary>
    public string Key { get; }

    /// <summary>Sorted by name, because their order says nothing and is no part of the identity.</summary>
    public FieldTable Arguments { get; }

    /// <summary>Whether it survives a restart: both ends do.</summary>
    public bool IsDurable => Source.IsDurable && Destination.IsDurable;

    internal byte[] KeyBytes { get; }

    internal Binding? NextIncoming { get; set; }

    internal Binding? PreviousIncoming { get; set; }

    /// <summary>
    /// Whether a message with this key and these headers would follow it, by the same rules as <see
    /// cref="VirtualHostCatalog.Route(Exchange, ReadOnlySpan{byte}, in RouteHeaders, RouteResult)"/>. For explanations:
    /// it makes a router of its own.
    /// </summary>
    public bool Matches(ReadOnlySpan<byte> key, in RouteHeaders headers)
    {
        var router = Router.Create(Source.Type);
        router.Add(this);
        var result = new RouteResult();
        router.Route(key, headers, result);
        return result.HasMatched;
    }

    public bool Equals(Binding? other) =>
        other is not null && ReferenceEquals(Source, other.Source) && ReferenceEquals(Destination, other.Destination)
        && Key == other.Key && Arguments.Equals(other.Arguments);

    public override bool Equals(object? obj) => Equals(obj as Binding);

    public override int GetHashCode() => HashCode.Combine(Source, Destination, Key, Arguments);

    public override string ToString() => $"{Source.Name} -[{Key}]-> {Destination.Name}";

    private static FieldTable SortedByName(FieldTable arguments) => arguments.Count < 2
        ? arguments
        : FieldTable.Create([.. arguments.OrderBy(field => field.Key, StringComparer.Ordinal)]);
}
