namespace Posthaste.Core.Catalog;

/// <summary>Why a command was refused, in terms that every protocol can map to codes of its own.</summary>
public enum CatalogErrorCode
{
    /// <summary>No such queue or exchange. AMQP 0-9-1: 404.</summary>
    NotFound,

    /// <summary>
    /// It is there with other properties, is in use, or an argument is not acceptable. AMQP 0-9-1: 406.
    /// </summary>
    PreconditionFailed,

    /// <summary>It belongs to another connection. AMQP 0-9-1: 405.</summary>
    ResourceLocked,

    /// <summary>Reserved for the broker. AMQP 0-9-1: 403.</summary>
    AccessRefused,

    /// <summary>Known, but not built yet. AMQP 0-9-1: 540, which closes the connection.</summary>
    NotImplemented,
}

/// <summary>A refusal.</summary>
/// <param name="Code">Its kind.</param>
/// <param name="Text">For people, in RabbitMQ's words (client suites match on them), without the code's name.</param>
public sealed record CatalogError(CatalogErrorCode Code, string Text);
