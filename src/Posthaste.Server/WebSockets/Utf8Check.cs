using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Posthaste.Server.WebSockets;

/// <summary>
/// Whether a text message is UTF-8, told piece by piece: a character may be split between frames [RFC 6455, 8.1].
/// </summary>
internal struct Utf8Check
{
    private const int CharacterBytesMax = 4;

    // The first bytes of a character whose rest is still to come, the first lowest.
    private uint _started;
    private int _startedBytes;

    /// <summary>Whether the message may end here.</summary>
    public readonly bool IsBetweenCharacters => _startedBytes == 0;

    /// <summary>Takes the next piece; false when no continuation could make the message valid.</summary>
    public bool Append(ReadOnlySpan<byte> piece)
    {
        while (_startedBytes > 0 && !piece.IsEmpty)
        {
            if (!AppendToStarted(piece[0])) return false;
            piece = piece[1..];
        }

        var tail = StartedAtEnd(piece);
        foreach (var value in piece[^tail..])
        {
            if (!AppendToStarted(value)) return false;
        }

        return Utf8.IsValid(piece[..^tail]);
    }

    private bool AppendToStarted(byte value)
    {
        Span<byte> character = stackalloc byte[CharacterBytesMax];
        for (var i = 0; i < _startedBytes; i++) character[i] = (byte)(_started >> (8 * i));
        character[_startedBytes] = value;
        var status = Rune.DecodeFromUtf8(character[..(_startedBytes + 1)], out _, out _);
        if (status == OperationStatus.NeedMoreData)
        {
            _started |= (uint)value << (8 * _startedBytes++);
            return true;
        }

        (_started, _startedBytes) = (0, 0);
        return status == OperationStatus.Done;
    }

    /// <summary>Bytes at the end that may begin a character which goes on in the next piece.</summary>
    private static int StartedAtEnd(ReadOnlySpan<byte> piece)
    {
        for (var back = 1; back < CharacterBytesMax && back <= piece.Length; back++)
        {
            var value = piece[^back];
            if (value < 0x80) return 0;
            if (value < 0xC0) continue;
            var needed = value < 0xE0 ? 2 : value < 0xF0 ? 3 : CharacterBytesMax;
            return needed > back ? back : 0;
        }

        return 0;
    }
}
