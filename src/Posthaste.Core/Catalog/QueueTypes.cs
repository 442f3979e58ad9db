using Posthaste.Core.Queues;

namespace Posthaste.Core.Catalog;

/// <summary>The names that queue types have in arguments and in the management API.</summary>
public static class QueueTypes
{
    /// <summary>The type's name, as in `x-queue-type`.</summary>
    public static string NameOf(QueueType type) =>
        type == QueueType.Quorum ? QueueArguments.QuorumType : QueueArguments.ClassicType;

    /// <summary>What keeps a virtual host from having this type as its default; null for nothing.</summary>
    public static string? CheckDefault(string name, out QueueType type)
    {
        type = QueueType.Classic;
        if (name.Length == 0)
            return "default_queue_type must not be an empty string";
        if (name == QueueArguments.StreamType)
            return "queue type stream is not enabled";
        if (name == QueueArguments.QuorumType)
            type = QueueType.Quorum;
        return name is QueueArguments.ClassicType or QueueArguments.QuorumType
            ? null
            : $"{name} is not a valid queue type";
    }
}
