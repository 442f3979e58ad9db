using System.Buffers.Text;

namespace Posthaste.Protocols.Stomp.Wire;

/// <summary>
/// The header `heart-beat`: `x,y`, both milliseconds and 0 for never. The sender can send something every x, and wants
/// to receive something every y.
/// </summary>
internal readonly record struct HeartBeat(int CanSendMs, int WantsMs)
{
    /// <summary>Reads `x,y`; more than <see cref="int.MaxValue"/> is as good as that.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out HeartBeat heartBeat)
    {
        heartBeat = default;
        var comma = text.IndexOf((byte)',');
        if (comma < 0 || !TryParseMs(text[..comma], out var canSend) || !TryParseMs(text[(comma + 1)..], out var wants))
            return false;
        heartBeat = new HeartBeat(canSend, wants);
        return true;
    }

    private static bool TryParseMs(ReadOnlySpan<byte> text, out int ms)
    {
        text = text.Trim((byte)' ');
        var isNumber = Utf8Parser.TryParse(text, out ulong value, out var used) && used == text.Length;
        ms = (int)ulong.Min(value, int.MaxValue);
        return isNumber;
    }
}
