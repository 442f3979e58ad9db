using System.Globalization;
using Posthaste.Core.Messages;

namespace Posthaste.Broker.Formats;

/// <summary>The time to live that a stored message still has a right to, when it is published anew.</summary>
internal static class MessageTtl
{
    /// <summary>
    /// In milliseconds from now on; -1 for none, also when the message has died, which takes its expiration away.
    /// </summary>
    public static long ReadTtl(this IMessageFormat format, in MessageView message) =>
        (message.Flags & MessageFlags.ExpirationRemoved) == 0
        && long.TryParse(
            format.ReadExpiration(in message), NumberStyles.None, CultureInfo.InvariantCulture, out var ttlMs)
            ? ttlMs
            : -1;
}
