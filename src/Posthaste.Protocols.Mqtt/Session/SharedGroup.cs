using System.Security.Cryptography;
using System.Text;

namespace Posthaste.Protocols.Mqtt.Session;

/// <summary>
/// A shared subscription's name, <c>$share/{group}/{filter}</c>: the queue that its members consume from together.
/// </summary>
/// <param name="Filter">What the group subscribes to.</param>
/// <param name="QueueName">The queue of group and filter.</param>
internal readonly record struct SharedGroup(string Filter, string QueueName)
{
    /// <summary>What the names of all queues of groups begin with.</summary>
    public const string QueuePrefix = "mqtt-shared-";

    private const string SharePrefix = "$share/";
    private const int QueueNameBytesMax = 255;

    public static bool IsShared(string filter) => filter.StartsWith(SharePrefix, StringComparison.Ordinal);

    /// <summary>Splits a filter that is valid and <see cref="IsShared"/>.</summary>
    public static SharedGroup Parse(string shared)
    {
        var slash = shared.IndexOf('/', SharePrefix.Length);
        var group = shared[SharePrefix.Length..slash];
        var filter = shared[(slash + 1)..];

        // A share name has no slash, so it ends where the filter begins.
        var name = $"{QueuePrefix}{group}/{filter}";
        if (Encoding.UTF8.GetByteCount(name) > QueueNameBytesMax)
            name = QueuePrefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(shared)));
        return new SharedGroup(filter, name);
    }
}
