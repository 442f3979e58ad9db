namespace Posthaste.Core.Catalog;

/// <summary>
/// How much one virtual host may declare. Enforced before anything is made; what is already there can be declared
/// again, and what a journal holds is restored, whatever the limits say now.
/// </summary>
public sealed record CatalogLimits
{
    public static CatalogLimits Default { get; } = new();

    /// <summary>
    /// UTF-8 bytes of a name. 255, and no more than that: the length octet of short strings.
    /// </summary>
    public int NameBytesMax { get; init; } = 255;

    /// <summary>
    /// UTF-8 bytes of a binding key. 65,535, and no more than that: an MQTT topic filter. By AMQP 0-9-1 none longer
    /// than 255 can come in.
    /// </summary>
    public int BindingKeyBytesMax { get; init; } = 65_535;

    /// <summary>
    /// Words of a binding key of a topic exchange. 256, as many as 255 bytes can have: each costs a node of some 200
    /// bytes, and nobody's topics are that deep.
    /// </summary>
    public int BindingWordsMax { get; init; } = 256;

    /// <summary>Queues. 1,000,000: at about 1.5 KB each, that is what a small server's memory holds.</summary>
    public int QueuesMax { get; init; } = 1_000_000;

    /// <summary>Exchanges without the predeclared ones. 100,000: about 1 KB each; more is a leak in a client.</summary>
    public int ExchangesMax { get; init; } = 100_000;

    /// <summary>Bindings. 5,000,000: 400 to 700 bytes each, and a few per queue.</summary>
    public int BindingsMax { get; init; } = 5_000_000;

    /// <summary>
    /// Bytes of all binding keys. 512 MiB: the number above at a hundred bytes each, which is a long topic filter.
    /// </summary>
    public long BindingKeyBytesTotalMax { get; init; } = 512L << 20;

    /// <summary>
    /// Encoded bytes of one argument table. 65,536: real ones have hundreds, and the journal keeps each of them.
    /// </summary>
    public int ArgumentBytesMax { get; init; } = 65_536;

    /// <summary>Arguments of one declaration or binding. 256: RabbitMQ knows about 30.</summary>
    public int ArgumentCountMax { get; init; } = 256;
}
