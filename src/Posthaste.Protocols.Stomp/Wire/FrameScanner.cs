using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Posthaste.Protocols.Stomp.Wire;

/// <summary>What a frame may be, in bytes and lines.</summary>
/// <param name="HeadBytesMax">Command and headers together.</param>
/// <param name="HeadersMax">Header lines.</param>
/// <param name="BodyBytesMax">The body of a SEND; other frames have none.</param>
internal readonly record struct FrameLimits(int HeadBytesMax, int HeadersMax, int BodyBytesMax);

/// <summary>How far a frame has come.</summary>
internal enum ScanStatus
{
    /// <summary>All of it is there.</summary>
    Whole,

    /// <summary>Its headers are not all there.</summary>
    NeedMore,

    /// <summary>Command and headers are there and good; the body is not all there.</summary>
    NeedBody,

    /// <summary>It is no frame, or one that is too large.</summary>
    Error,
}

/// <summary>Finds the next frame in what has been received. Pure; allocates nothing but texts of errors.</summary>
internal static class FrameScanner
{
    // What turns the headers off the fast path: ends of line as CR LF, escapes, and what is not allowed.
    private static readonly SearchValues<byte> Special = SearchValues.Create("\0\r\\"u8);

    /// <summary>Bytes before the next frame that mean nothing: ends of line, which are heart-beats, and NULs.</summary>
    public static int CountNoise(ReadOnlySpan<byte> bytes)
    {
        var noise = bytes.IndexOfAnyExcept((byte)'\n', (byte)0);
        if (noise < 0)
            return bytes.Length;
        while (bytes[noise] == '\r' && noise + 1 < bytes.Length && bytes[noise + 1] == '\n')
        {
            noise += 2;
            var more = bytes[noise..].IndexOfAnyExcept((byte)'\n', (byte)0);
            if (more < 0)
                return bytes.Length;
            noise += more;
        }

        return noise;
    }

    /// <summary>Reads one frame from the start of what is left after <see cref="CountNoise"/>.</summary>
    /// <param name="bytes">What has been received.</param>
    /// <param name="version">By whose rules headers are read.</param>
    /// <param name="limits">What it may be; judged before anything is waited for.</param>
    /// <param name="frame">
    /// The frame; without its body while that is not all there, and with the headers before what is wrong.
    /// </param>
    /// <param name="count">Bytes of the whole frame, or of its head while the body is not all there.</param>
    /// <param name="error">What is wrong with it.</param>
    public static ScanStatus Scan(
        ReadOnlySpan<byte> bytes, StompVersion version, in FrameLimits limits, out StompFrame frame, out int count,
        out StompError error)
    {
        frame = new StompFrame { Version = version, ContentLength = -1 };
        count = 0;
        var status = ScanCommand(bytes, ref frame, out var headersStart, out error);
        if (status != ScanStatus.Whole)
            return status;
        status = ScanHeaders(bytes, headersStart, limits, ref frame, out var bodyStart, out error);
        if (status != ScanStatus.Whole)
            return status;
        error = CheckHead(ref frame, limits);
        if (error.IsError)
            return ScanStatus.Error;
        count = bodyStart;
        return ScanBody(bytes, limits, ref frame, ref count, out error);
    }

    private static ScanStatus ScanCommand(
        ReadOnlySpan<byte> bytes, ref StompFrame frame, out int end, out StompError error)
    {
        const int LineBytesMax = StompCommands.NameBytesMax + 2;
        error = default;
        var line = bytes[..int.Min(bytes.Length, LineBytesMax)];
        var length = line.IndexOf((byte)'\n');
        end = length + 1;
        if (length < 0 && bytes.Length < LineBytesMax)
            return ScanStatus.NeedMore;
        if (length >= 0)
        {
            line = line[..length];
            if (!line.IsEmpty && line[^1] == '\r')
                line = line[..^1];
            frame.Command = StompCommands.Parse(line);
            if (frame.Command != StompCommand.Unknown)
                return ScanStatus.Whole;
        }

        error = new("Bad command", $"Could not interpret command \"{Shown(line)}\"");
        return ScanStatus.Error;
    }

    private static ScanStatus ScanHeaders(
        ReadOnlySpan<byte> bytes, int start, in FrameLimits limits, ref StompFrame frame, out int end,
        out StompError error)
    {
        error = default;
        end = 0;
        var at = start;
        for (var lines = 0; ; lines++)
        {
            // Also of a frame that turns out to be none: the error names its receipt.
            frame.Headers = bytes[start..at];
            var rest = bytes[at..];
            var length = rest.IndexOf((byte)'\n');
            if (at + int.Max(length, 0) > limits.HeadBytesMax || (length < 0 && bytes.Length > limits.HeadBytesMax))
                return Fail(StompError.TooLarge($"command and headers exceed {limits.HeadBytesMax} bytes"), out error);
            if (length < 0)
                return ScanStatus.NeedMore;
            if (length == 0 || (length == 1 && rest[0] == '\r'))
            {
                end = at + length + 1;
                return ScanStatus.Whole;
            }

            if (lines == limits.HeadersMax)
                return Fail(StompError.TooLarge($"more than {limits.HeadersMax} headers"), out error);
            var line = rest[..length];
            if (line[^1] == '\r')
                line = line[..^1];
            var colon = line.IndexOf((byte)':');
            if (colon <= 0)
                return Fail(StompError.Malformed($"\"{Shown(line)}\" is not a header: name:value"), out error);
            var known = KnownHeaders.Find(line[..colon]);
            if (known != KnownHeader.None)
                frame.Note(known, at - start + colon + 1, line.Length - colon - 1);
            at += length + 1;
        }
    }

    /// <summary>What can only be judged of the headers as a whole.</summary>
    private static StompError CheckHead(ref StompFrame frame, in FrameLimits limits)
    {
        if (frame.Headers.IndexOfAny(Special) >= 0)
        {
            var error = CheckSpecial(ref frame);
            if (error.IsError)
                return error;
        }

        if (!frame.Has(KnownHeader.ContentLength))
            return default;
        var text = frame.Raw(KnownHeader.ContentLength).Trim((byte)' ');
        if (!Utf8Parser.TryParse(text, out long announced, out var used) || used != text.Length || announced < 0)
            return new("Invalid header", $"content-length \"{Shown(text)}\" is not a number of bytes");
        if (announced > limits.BodyBytesMax)
            return BodyTooLarge(limits);
        frame.ContentLength = (int)announced;
        return default;
    }

    private static StompError CheckSpecial(ref StompFrame frame)
    {
        if (frame.Headers.Contains((byte)0))
            return StompError.Malformed("a header contains a NUL, or the empty line behind the headers is missing");
        var isEscaped = frame.Version != StompVersion.V10
            && frame.Command is not (StompCommand.Connect or StompCommand.Stomp);
        foreach (var line in new HeaderLines(frame.Headers))
        {
            if (line.Name.Contains((byte)'\r') || line.Value.Contains((byte)'\r'))
                return StompError.Malformed("a header contains a carriage return");
            if (isEscaped && !(HeaderText.IsValid(line.Name) && HeaderText.IsValid(line.Value)))
                return StompError.Malformed($"header \"{Shown(line.Name)}\" contains an undefined escape");
        }

        frame.HasEscapes = isEscaped && frame.Headers.Contains((byte)'\\');
        return default;
    }

    private static ScanStatus ScanBody(
        ReadOnlySpan<byte> bytes, in FrameLimits limits, ref StompFrame frame, ref int count, out StompError error)
    {
        error = default;
        var rest = bytes[count..];
        var isSend = frame.Command == StompCommand.Send;
        var length = frame.ContentLength;
        if (length < 0)
        {
            var visible = isSend ? limits.BodyBytesMax : 0;
            length = rest[..int.Min(rest.Length, visible + 1)].IndexOf((byte)0);
            if (length < 0 && rest.Length > visible)
                return Fail(isSend ? BodyTooLarge(limits) : Bodiless(frame.Command), out error);
        }
        else if (length > 0 && !isSend)
        {
            return Fail(Bodiless(frame.Command), out error);
        }

        if (length < 0 || rest.Length <= length)
            return ScanStatus.NeedBody;
        if (rest[length] != 0)
            return Fail(StompError.Malformed($"no NUL after the {length} bytes of body announced"), out error);
        frame.Body = rest[..length];
        count += length + 1;
        return ScanStatus.Whole;
    }

    /// <summary>The body of a SEND is, or will be, larger than it may be.</summary>
    public static StompError BodyTooLarge(in FrameLimits limits) =>
        StompError.TooLarge($"the body exceeds {limits.BodyBytesMax} bytes");

    private static StompError Bodiless(StompCommand command) =>
        StompError.Malformed($"{command.WireName()} must not have a body");

    private static ScanStatus Fail(StompError cause, out StompError error)
    {
        error = cause;
        return ScanStatus.Error;
    }

    /// <summary>Bytes of a peer for a message to people: cut, and without what would break a line.</summary>
    private static string Shown(ReadOnlySpan<byte> bytes)
    {
        const int ShownMax = 64;
        var text = Encoding.UTF8.GetString(bytes[..int.Min(bytes.Length, ShownMax)]);
        return string.Create(text.Length, text, static (target, source) =>
        {
            for (var i = 0; i < target.Length; i++)
                target[i] = char.IsControl(source[i]) ? '?' : source[i];
        });
    }
}
