using Posthaste.Broker.Formats;
using Posthaste.Broker.Queues;
using Posthaste.Core.Messages;
using Posthaste.Protocols.Stomp.Format;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Session;

/// <summary>
/// The headers that a message brings to a client: as its publisher sent them, byte for byte, if it came by STOMP and
/// the broker has nothing to add (deaths, counters of a quorum queue) or to take away (the expiration of a message that
/// was dead-lettered). Those of other protocols are converted. Any thread.
/// </summary>
internal sealed class DeliveredHeaders(MessageFormats formats, StompVersion version)
{
    /// <summary>The header lines; valid until the next call on the same thread.</summary>
    public ReadOnlySpan<byte> Of(in DeliveredMessage delivered)
    {
        var message = delivered.Message;
        if (message.Format == PropertyFormat.Stomp && MessageFormats.IsAsItCame(delivered))
        {
            // Stored as 1.2 escapes, which 1.1 reads too.
            var isEscapedAlike = version != StompVersion.V10 || !message.Properties.Contains((byte)'\\');
            return isEscapedAlike ? message.Properties : CanonicalWriter.Rewrite(message.Properties, version);
        }

        var canonical = MessageProperties.ForThisThread;
        formats.Read(delivered, canonical);
        return CanonicalWriter.Write(canonical, version);
    }
}
