using System.Text;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Session;

/// <summary>What a SUBSCRIBE says of its deliveries.</summary>
/// <param name="NoAck">`ack:auto`: sent is done with.</param>
/// <param name="IsCumulative">`ack:client`: an acknowledgement speaks for all earlier messages too.</param>
/// <param name="Prefetch">`prefetch-count`: unacknowledged messages at most; 0 for no limit.</param>
/// <param name="Priority">`x-priority`: higher ones are served first.</param>
internal readonly record struct SubscriptionOptions(bool NoAck, bool IsCumulative, ushort Prefetch, int Priority)
{
    public static StompError Read(scoped in StompFrame frame, out SubscriptionOptions options)
    {
        options = default;
        var ack = frame.Has(KnownHeader.Ack) ? frame.Raw(KnownHeader.Ack) : "auto"u8;
        var isAuto = ack.SequenceEqual("auto"u8);
        var isCumulative = ack.SequenceEqual("client"u8);
        if (!isAuto && !isCumulative && !ack.SequenceEqual("client-individual"u8))
            return frame.NotA(KnownHeader.Ack, "auto, client or client-individual");
        long prefetch = 0;
        if (frame.Has(KnownHeader.PrefetchCount)
            && !frame.TryGetNumber(KnownHeader.PrefetchCount, ushort.MaxValue, out prefetch))
        {
            return frame.NotA(KnownHeader.PrefetchCount, $"a number from 0 to {ushort.MaxValue}");
        }

        var priority = 0;
        if (HeaderLines.TryFind(frame.Headers, "x-priority"u8, out var text)
            && !int.TryParse(text.Trim((byte)' '), out priority))
        {
            return new("Invalid header", $"x-priority has to be a number, not \"{Encoding.UTF8.GetString(text)}\"");
        }

        options = new(isAuto, isCumulative, (ushort)prefetch, priority);
        return default;
    }
}
