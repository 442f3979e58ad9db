namespace Posthaste.Core.Catalog;

/// <summary>
/// How much one virtual host may declare. Enforced before anything is made; what is already there can be declared
/// again, and what a journal holds is restored, whatever the limits say now.
/// </summary>
public sealed record CatalogLimits
{
    public static CatalogLimits Default { get; } = new();

    /// <summary>
    /// UTF-8 bytes of a name or binding key. 255, and no more than that: the length octet of short strings.
    /// </summary>
    public int NameBytesMax { get; init; } = 255;

    /// <summary>Queues. 1,000,000: at about 1.5 KB each, that is what a small server's memory holds.</summary>
    public int QueuesMax { get; init; } = 1_000_000;

    /// <summary>Exchanges without the predeclared ones. 100,000: about 1 KB each; more is a leak in a client.</summary>
    public int ExchangesMax { get; init; } = 100_000;

    /// <summary>Bindings. 5,000,000: 400 to 700 bytes each, and a few per queue.</summary>
    public int BindingsMax { get; init; } = 5_000_000;

    /// <summary>
    /// Encoded bytes of one argument table. 65,536: real ones have hundreds, and the journal keeps each of them.
    /// </summary>
    public int ArgumentBytesMax { get; init; } = 65_536;

    /// <summary>Arguments of one declaration or binding. 256: RabbitMQ knows about 30.</summary>
    public int ArgumentCountMax { get; init; } = 256;
}
