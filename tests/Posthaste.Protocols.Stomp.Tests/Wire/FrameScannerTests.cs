using System.Text;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Tests.Wire;

public sealed class FrameScannerTests
{
    // Written from the specification's examples. NUL stands as @, CR as ^.
    public static TheoryData<string, string> Vectors => new()
    {
        { "SEND\ndestination:/queue/a\n\nhello@", "SEND destination:/queue/a; hello" },
        { "SEND\ndestination:/queue/a\n\n@", "SEND destination:/queue/a; " },
        { "SEND^\ndestination:/queue/a^\n^\nhi@", "SEND destination:/queue/a; hi" },
        { "SEND\ncontent-length:3\n\na@b@", "SEND content-length:3; a\0b" },
        { "SEND\ncontent-length: 0\n\n@", "SEND content-length: 0; " },
        { "SEND\ncontent-length:0\n\n@\n\nBEGIN\ntransaction:1\n\n@", "SEND content-length:0; |BEGIN transaction:1; " },
        { "\n^\n\n@@CONNECT\nhost:/\naccept-version:1.1,1.2\n\n@\n\n", "CONNECT host:/;accept-version:1.1,1.2; " },
        { "STOMP\n\n@", "STOMP  " },
        { "ACK\nid:a\\cb\\\\\\n\\r\n\n@", "ACK id:a\\cb\\\\\\n\\r; " },
        { "NACK\nid:a:b:\nid:second\n\n@", "NACK id:a:b:;id:second; " },
        { "SUBSCRIBE\nid:0\ndestination:\n\n@UNSUBSCRIBE\nid:0\n\n@",
            "SUBSCRIBE id:0;destination:; |UNSUBSCRIBE id:0; " },
        { "COMMIT\nt:1\n\n@\nABORT\nt:1\n\n@\nDISCONNECT\n\n@", "COMMIT t:1; |ABORT t:1; |DISCONNECT  " },
        { "SEND\nnäme:välue\n\n€@", "SEND näme:välue; €" },
    };

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Frames_are_found_whole(string wire, string frames) =>
        Assert.Equal(frames, Join(ScannedFrame.ScanAll(Bytes(wire), StompVersion.V12)));

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Frames_are_found_byte_by_byte(string wire, string frames)
    {
        var bytes = Bytes(wire);
        Assert.Equal(
            frames, Join(ScannedFrame.ScanAll(bytes, StompVersion.V12, [.. Enumerable.Range(0, bytes.Length)])));
    }

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Frames_are_found_split_anywhere(string wire, string frames)
    {
        var bytes = Bytes(wire);
        for (var cut = 0; cut <= bytes.Length; cut++)
            Assert.Equal(frames, Join(ScannedFrame.ScanAll(bytes, StompVersion.V12, cut)));
    }

    [Theory]
    [InlineData("SPEND\n\n@", "Bad command", "Could not interpret command \"SPEND\"")]
    [InlineData("send\n\n@", "Bad command", "Could not interpret command \"send\"")]
    [InlineData("SENDSENDSENDSENDSEND", "Bad command", "Could not interpret command \"SENDSENDSENDS\"")]
    [InlineData("MESSAGE\n\n@", "Bad command", "Could not interpret command \"MESSAGE\"")]
    [InlineData("SEND\nnovalue\n\n@", "Malformed frame", "\"novalue\" is not a header: name:value")]
    [InlineData("SEND\n:value\n\n@", "Malformed frame", "\":value\" is not a header: name:value")]
    [InlineData("SEND\na:b@\n\n@", "Malformed frame",
        "a header contains a NUL, or the empty line behind the headers is missing")]
    [InlineData("SEND\na:b^c\n\n@", "Malformed frame", "a header contains a carriage return")]
    [InlineData("SEND\na:b\\tc\n\n@", "Malformed frame", "header \"a\" contains an undefined escape")]
    [InlineData("SEND\na\\:b\n\n@", "Malformed frame", "header \"a\\\" contains an undefined escape")]
    [InlineData("SEND\ncontent-length:2\n\nabc@", "Malformed frame", "no NUL after the 2 bytes of body announced")]
    [InlineData("SEND\ncontent-length:-1\n\n@", "Invalid header", "content-length \"-1\" is not a number of bytes")]
    [InlineData("SEND\ncontent-length:x\n\n@", "Invalid header", "content-length \"x\" is not a number of bytes")]
    [InlineData("SEND\ncontent-length:257\n\n", "Frame too large", "the body exceeds 256 bytes")]
    [InlineData("SEND\ncontent-length:99999999999\n\n", "Frame too large", "the body exceeds 256 bytes")]
    [InlineData("ACK\nid:1\n\nbody@", "Malformed frame", "ACK must not have a body")]
    [InlineData("ACK\ncontent-length:1\n\n", "Malformed frame", "ACK must not have a body")]
    public void What_is_no_frame_is_named(string wire, string message, string detail)
    {
        var status = FrameScanner.Scan(
            Bytes(wire), StompVersion.V12, ScannedFrame.Limits, out _, out _, out var error);
        Assert.Equal(ScanStatus.Error, status);
        Assert.Equal((message, detail), (error.Message, error.Detail));
    }

    [Theory]
    [InlineData("SEND\nreceipt:r\nnovalue\n\n@")]
    [InlineData("SEND\nreceipt:r\ncontent-length:x\n\n@")]
    [InlineData("SEND\nreceipt:r\na:\\t\n\n@")]
    public void A_frame_that_is_none_still_names_its_receipt(string wire)
    {
        var status = FrameScanner.Scan(
            Bytes(wire), StompVersion.V12, ScannedFrame.Limits, out var frame, out _, out _);
        Assert.Equal(ScanStatus.Error, status);
        Assert.Equal("r"u8, frame.Raw(KnownHeader.Receipt));
    }

    [Fact]
    public void Limits_are_enforced_before_the_frame_is_whole()
    {
        AssertTooLarge("SEND\n" + new string('a', 1025), "command and headers exceed 1024 bytes");
        AssertTooLarge("SEND\n" + string.Concat(Enumerable.Repeat("a:b\n", 21)), "more than 20 headers");
        AssertTooLarge("SEND\n\n" + new string('a', 257), "the body exceeds 256 bytes");

        static void AssertTooLarge(string wire, string detail)
        {
            var status = FrameScanner.Scan(
                Bytes(wire), StompVersion.V12, ScannedFrame.Limits, out _, out _, out var error);
            Assert.Equal(ScanStatus.Error, status);
            Assert.Equal(("Frame too large", detail), (error.Message, error.Detail));
        }
    }

    [Fact]
    public void As_much_as_the_limits_allow_is_read()
    {
        var body = new string('a', 256);
        var headers = string.Concat(Enumerable.Repeat("a:b\n", 20));
        var frame = Assert.Single(ScannedFrame.ScanAll(Bytes($"SEND\n{headers}\n{body}@"), StompVersion.V12));
        Assert.Equal(body, frame.Body);
    }

    [Fact]
    public void Of_repeated_headers_the_first_counts()
    {
        FrameScanner.Scan(
            "ACK\nid:1\nid:2\n\n\0"u8, StompVersion.V12, ScannedFrame.Limits, out var frame, out _, out _);
        Assert.Equal("1"u8, frame.Value(KnownHeader.Id));
    }

    [Theory]
    [InlineData("1.0", "a\\cb", "a\\cb")]
    [InlineData("1.1", "a\\cb", "a:b")]
    [InlineData("1.2", " a\\cb\\r", " a:b\r")]
    [InlineData("1.0", " \tb", "b")]
    public void Values_are_read_by_the_rules_of_the_version(string version, string value, string expected)
    {
        Assert.True(StompVersions.TryNegotiate(Encoding.ASCII.GetBytes(version), out var known));
        FrameScanner.Scan(Bytes($"ACK\nid:{value}\n\n@"), known, ScannedFrame.Limits, out var frame, out _, out _);
        Assert.Equal(expected, Encoding.UTF8.GetString(frame.Value(KnownHeader.Id)));
    }

    [Fact]
    public void Connect_is_not_escaped_in_any_version()
    {
        var status = FrameScanner.Scan(
            "CONNECT\npasscode:a\\tb\n\n\0"u8, StompVersion.V12, ScannedFrame.Limits, out var frame, out _, out _);
        Assert.Equal(ScanStatus.Whole, status);
        Assert.Equal("a\\tb"u8, frame.Value(KnownHeader.Passcode));
    }

    private static byte[] Bytes(string wire) => Encoding.UTF8.GetBytes(wire.Replace('@', '\0').Replace('^', '\r'));

    private static string Join(IEnumerable<ScannedFrame> frames) =>
        string.Join('|', frames.Select(frame => $"{frame.Command} {frame.Headers} {frame.Body}"));
}
