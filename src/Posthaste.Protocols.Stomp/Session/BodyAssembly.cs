using System.Buffers;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Session;

/// <summary>
/// A SEND too large for the receive buffer: its head is kept, its body grows as it arrives, so that an announced length
/// costs nothing before the bytes are there. The reader's alone.
/// </summary>
internal sealed class BodyAssembly
{
    // Bytes rented at first: half of what most large messages need, never what a lie costs.
    private const int FirstBytes = 64 * 1024;

    private byte[] _head = [];
    private byte[] _body = [];
    private int _headBytes;
    private int _bodyBytes;
    private int _announcedBytes;

    /// <summary>The head has come and the body is not whole yet.</summary>
    public bool IsCollecting { get; private set; }

    /// <summary>Command and headers, up to the body.</summary>
    public ReadOnlySpan<byte> Head => _head.AsSpan(0, _headBytes);

    public ReadOnlySpan<byte> Body => _body.AsSpan(0, _bodyBytes);

    /// <summary>Starts with the head.</summary>
    /// <param name="head">Command and headers with the empty line.</param>
    /// <param name="announcedBytes">Length of the body, checked against the limit; -1 if it ends at a NUL.</param>
    public void Begin(ReadOnlySpan<byte> head, int announcedBytes)
    {
        IsCollecting = true;
        _head = ArrayPool<byte>.Shared.Rent(head.Length);
        head.CopyTo(_head);
        _headBytes = head.Length;
        _announcedBytes = announcedBytes;
        _bodyBytes = 0;
        _body = ArrayPool<byte>.Shared.Rent(
            announcedBytes < 0 ? FirstBytes : int.Clamp(announcedBytes, 1, FirstBytes));
    }

    /// <summary>Takes what belongs to the body, and the NUL behind it.</summary>
    /// <param name="bytes">What has come.</param>
    /// <param name="limits">How large the body may be.</param>
    /// <param name="used">Bytes taken.</param>
    /// <param name="isWhole">Whether that was all of it.</param>
    /// <returns>An error if it does not end where it should.</returns>
    public StompError Add(ReadOnlySpan<byte> bytes, in FrameLimits limits, out int used, out bool isWhole)
    {
        var end = _announcedBytes < 0 ? bytes.IndexOf((byte)0) : _announcedBytes - _bodyBytes;
        isWhole = end >= 0 && end < bytes.Length;
        var part = isWhole ? bytes[..end] : bytes;
        used = isWhole ? end + 1 : bytes.Length;
        if (part.Length > limits.BodyBytesMax - _bodyBytes)
            return FrameScanner.BodyTooLarge(limits);
        if (isWhole && bytes[end] != 0)
            return StompError.Malformed($"no NUL after the {_announcedBytes} bytes of body announced");
        if (_body.Length - _bodyBytes < part.Length)
            Grow(_bodyBytes + part.Length);
        part.CopyTo(_body.AsSpan(_bodyBytes));
        _bodyBytes += part.Length;
        IsCollecting = !isWhole;
        return default;
    }

    /// <summary>Lets go of what has been collected.</summary>
    public void Abandon()
    {
        IsCollecting = false;
        Return(ref _head);
        Return(ref _body);
        _headBytes = _bodyBytes = 0;
    }

    private void Grow(int needed)
    {
        var wanted = int.Max(needed, _body.Length * 2);
        var larger = ArrayPool<byte>.Shared.Rent(_announcedBytes < 0 ? wanted : int.Min(_announcedBytes, wanted));
        Body.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_body);
        _body = larger;
    }

    private static void Return(ref byte[] array)
    {
        if (array.Length > 0)
            ArrayPool<byte>.Shared.Return(array);
        array = [];
    }
}
