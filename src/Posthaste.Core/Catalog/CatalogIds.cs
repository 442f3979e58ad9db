using System.Buffers.Text;

namespace Posthaste.Core.Catalog;

/// <summary>
/// Gives out queue ids, ascending and never twice within the life of a data directory, and names for queues declared
/// without one. One per broker, shared by its virtual hosts; used by whoever serialises the catalogs' commands.
/// </summary>
/// <param name="fillRandom">
/// Source of randomness for names: a cryptographic one in a broker, because a name that cannot be guessed is all
/// that protects a reply queue; a seeded one in simulations.
/// </param>
public sealed class CatalogIds(Action<Span<byte>> fillRandom)
{
    /// <summary>What names begin with that the broker makes up.</summary>
    public const string QueueNamePrefix = "amq.gen-";

    private const int RandomBytes = 16;

    /// <summary>The highest id given out so far; 0 for none.</summary>
    public ulong LastQueueId { get; private set; }

    public ulong NextQueueId() => ++LastQueueId;

    /// <summary>Notes that ids up to this one have been used.</summary>
    public void MarkUsed(ulong queueId) => LastQueueId = Math.Max(LastQueueId, queueId);

    /// <summary>`amq.gen-` and 128 random bits in 22 characters of URL-safe Base64.</summary>
    public string NextQueueName()
    {
        Span<byte> random = stackalloc byte[RandomBytes];
        fillRandom(random);
        return QueueNamePrefix + Base64Url.EncodeToString(random);
    }
}
