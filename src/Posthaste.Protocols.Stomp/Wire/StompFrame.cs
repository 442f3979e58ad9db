using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Text;

namespace Posthaste.Protocols.Stomp.Wire;

/// <summary>
/// A frame in the buffer that it was read to: nothing is copied, so it is valid as long as the buffer is.
/// <code>
///  SEND\n                      command
///  destination:/queue/a\n      headers, any number; of several with one name the first counts
///  content-length:5\n
///  \n                          an empty line
///  hello\0                     the body: as long as announced, else up to the first NUL
/// </code>
/// Every end of line may be LF or CR LF. Between frames there may be any number of them (heart-beats) and, as RabbitMQ
/// has it, stray NULs.
/// </summary>
internal ref struct StompFrame
{
    private Slots _slots;
    private uint _present;

    public StompCommand Command { get; set; }

    /// <summary>The version by whose rules the headers are read.</summary>
    public StompVersion Version { get; set; }

    /// <summary>The header lines, each with its end of line.</summary>
    public ReadOnlySpan<byte> Headers { get; set; }

    public ReadOnlySpan<byte> Body { get; set; }

    /// <summary>Length of the body that was announced; -1 if none was.</summary>
    public int ContentLength { get; set; }

    /// <summary>Some header contains an escape of 1.1 or 1.2.</summary>
    public bool HasEscapes { get; set; }

    /// <summary>Whether the frame has the header.</summary>
    public readonly bool Has(KnownHeader header) => (_present & (1u << (int)header)) != 0;

    /// <summary>The value as it stands on the wire, with its escapes; empty if there is none.</summary>
    public readonly ReadOnlySpan<byte> Raw(KnownHeader header)
    {
        if (!Has(header))
            return default;
        var (start, length) = _slots[(int)header];
        return Trim(Headers.Slice(start, length), Version);
    }

    /// <summary>The value without its escapes. Allocates only where there are some.</summary>
    public readonly ReadOnlySpan<byte> Value(KnownHeader header)
    {
        var raw = Raw(header);
        return HasEscapes ? HeaderText.Unescape(raw) : raw;
    }

    /// <summary>The value as a number from 0 to <paramref name="max"/>.</summary>
    public readonly bool TryGetNumber(KnownHeader header, long max, out long number)
    {
        var text = Raw(header).Trim((byte)' ');
        return Utf8Parser.TryParse(text, out number, out var used) && used == text.Length && number >= 0
            && number <= max;
    }

    /// <summary>The value as true or false, in whatever case.</summary>
    public readonly bool TryGetFlag(KnownHeader header, out bool isSet) =>
        StompFlags.TryParse(Raw(header), out isSet);

    /// <summary>The error of a header that has another value than it may have.</summary>
    public readonly StompError NotA(KnownHeader header, string wanted)
    {
        var given = Encoding.UTF8.GetString(Raw(header));
        return new("Invalid header", $"{header.WireName()} has to be {wanted}, not \"{given}\"");
    }

    /// <summary>1.0 says nothing of padding, and its clients write some before values.</summary>
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> value, StompVersion version) =>
        version == StompVersion.V10 ? value.TrimStart(" \t"u8) : value;

    /// <summary>Notes where a header's value stands, unless one of the same name came before.</summary>
    internal void Note(KnownHeader header, int start, int length)
    {
        if (Has(header))
            return;
        _present |= 1u << (int)header;
        _slots[(int)header] = (start, length);
    }

    [InlineArray((int)KnownHeader.Count)]
    private struct Slots
    {
        private (int Start, int Length) _first;
    }
}

/// <summary>Headers that are true or false.</summary>
internal static class StompFlags
{
    /// <summary>Whatever the case: clients of Python write theirs.</summary>
    public static bool TryParse(ReadOnlySpan<byte> value, out bool isSet) =>
        Utf8Parser.TryParse(value, out isSet, out var used) && used == value.Length;
}
