using Posthaste.Protocols.Stomp.Wire;
using static Posthaste.Fuzz.FuzzFindingException;

namespace Posthaste.Fuzz.Stomp;

/// <summary>
/// The STOMP codec, given a stream of bytes as a peer may send it, in each version. What it takes has to be the same
/// when its last byte comes late, every header it found has to be among the lines, and escapes have to come back.
/// </summary>
public sealed class StompTarget : IFuzzTarget
{
    private static readonly FrameLimits Limits = new(HeadBytesMax: 256, HeadersMax: 8, BodyBytesMax: 1024);

    public string Name => "stomp";

    public IReadOnlyList<byte[]> Corpus { get; } =
    [
        [],
        [.. "CONNECT\naccept-version:1.0,1.1,1.2\nhost:/\nlogin:guest\npasscode:guest\nheart-beat:10,20\n\n\0\n"u8],
        [.. "STOMP\r\naccept-version:1.2\r\nhost:/\r\n\r\n\0\r\n\r\n"u8],
        [.. "SEND\ndestination:/queue/a\ncontent-length:5\npersistent:true\nreceipt:1\n\na\0b\0c\0\n"u8],
        [.. "SEND\ndestination:/topic/a\nx\\cy:1\\n2\\r3\\\\4\nreply-to:/temp-queue/r\n\nhello\0"u8],
        [.. "SUBSCRIBE\nid:0\ndestination:/queue/a\nack:client-individual\nprefetch-count:10\n\n\0"u8],
        [.. "BEGIN\ntransaction:t\n\n\0ACK\nid:1\ntransaction:t\n\n\0NACK\nid:2\nrequeue:false\n\n\0"u8],
        [.. "COMMIT\ntransaction:t\n\n\0ABORT\ntransaction:t\n\n\0"u8],
        [.. "UNSUBSCRIBE\nid:0\n\n\0DISCONNECT\nreceipt:9\n\n\0"u8],
    ];

    public void Run(ReadOnlySpan<byte> input)
    {
        _ = HeartBeat.TryParse(input, out _);
        _ = StompVersions.TryNegotiate(input, out _);
        foreach (var version in Enum.GetValues<StompVersion>())
        {
            CheckEscapes(input, version);
            CheckStream(input, version);
        }
    }

    private static void CheckStream(ReadOnlySpan<byte> input, StompVersion version)
    {
        while (true)
        {
            var noise = FrameScanner.CountNoise(input);
            Require(noise <= input.Length, "noise is part of what came");
            input = input[noise..];
            if (input.IsEmpty)
                return;
            var status = FrameScanner.Scan(input, version, Limits, out var frame, out var bytes, out var error);
            Require(error.IsError == (status == ScanStatus.Error), "an error says what it is");
            if (status != ScanStatus.Whole)
            {
                CheckUnfinished(input, status);
                return;
            }

            Require(bytes > 0 && bytes <= input.Length && input[bytes - 1] == 0, "a frame ends with NUL");
            Require(frame.Body.Length <= Limits.BodyBytesMax, "no body is beyond the limit");
            Require(frame.Headers.Length <= Limits.HeadBytesMax, "no head is beyond the limit");
            CheckPrefix(input[..(bytes - 1)], version);
            CheckHeaders(frame);
            input = input[bytes..];
        }
    }

    // Nobody waits for what would be refused: all that may still be missing is within the limits.
    private static void CheckUnfinished(ReadOnlySpan<byte> rest, ScanStatus status)
    {
        if (status == ScanStatus.NeedMore)
            Require(rest.Length <= Limits.HeadBytesMax, "an unfinished head is within the limit");
        if (status == ScanStatus.NeedBody)
            Require(rest.Length <= Limits.HeadBytesMax + Limits.BodyBytesMax + 4, "so is an unfinished body");
    }

    private static void CheckPrefix(ReadOnlySpan<byte> prefix, StompVersion version) => Require(
        FrameScanner.Scan(prefix, version, Limits, out _, out _, out _) is ScanStatus.NeedMore or ScanStatus.NeedBody,
        "a frame that lacks its last byte is waited for");

    private static void CheckHeaders(StompFrame frame)
    {
        var count = 0;
        foreach (var line in new HeaderLines(frame.Headers))
        {
            Require(!line.Name.IsEmpty, "a header has a name");
            Require(HeaderLines.TryFind(frame.Headers, line.Name, out var first), "every header is found by its name");
            var known = KnownHeaders.Find(line.Name);
            if (known != KnownHeader.None)
            {
                Require(frame.Has(known), "a known header was noticed");
                Require(
                    frame.Raw(known).SequenceEqual(StompFrame.Trim(first, frame.Version)),
                    "of several headers the first counts");
                frame.Value(known);
                _ = frame.TryGetNumber(known, long.MaxValue, out _);
            }

            count++;
        }

        Require(count <= Limits.HeadersMax, "no frame has more headers than the limit");
    }

    private static void CheckEscapes(ReadOnlySpan<byte> text, StompVersion version)
    {
        var escaped = HeaderText.Escaped(text, version);
        Require(!escaped.AsSpan().ContainsAny((byte)'\n', (byte)'\r'), "an escaped text stays on its line");
        if (version == StompVersion.V10)
            return;
        Require(HeaderText.IsValid(escaped), "what is escaped is sound");
        Require(HeaderText.Unescape(escaped).AsSpan().SequenceEqual(text), "and means the same");
    }
}
