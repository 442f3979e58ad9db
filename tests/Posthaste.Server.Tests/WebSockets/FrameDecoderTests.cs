using System.Buffers;
using System.Text;
using Posthaste.Server.WebSockets;

namespace Posthaste.Server.Tests.WebSockets;

public sealed class FrameDecoderTests
{
    [Fact]
    public void The_example_of_the_specification_is_read()
    {
        // RFC 6455, 5.7: a single-frame masked text message with "Hello".
        byte[] frame = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        var read = Read([frame]);
        Assert.Equal("Hello", Encoding.ASCII.GetString(read.Payload));
        Assert.Equal(Decoded.NeedsMore, read.End);
    }

    [Fact]
    public void Whatever_the_frames_and_wherever_the_input_is_cut_the_payload_is_the_same()
    {
        var random = new Random(6455);
        for (var round = 0; round < 200; round++)
        {
            var payload = new byte[random.Next(3) == 0 ? random.Next(200_000) : random.Next(300)];
            random.NextBytes(payload);
            var input = Fragmented(payload, random);
            var cuts = new List<byte[]>();
            for (var at = 0; at < input.Length;)
            {
                var count = Math.Min(input.Length - at, 1 + random.Next(round % 2 == 0 ? 20 : 100_000));
                cuts.Add(input[at..(at + count)]);
                at += count;
            }

            Assert.Equal(payload, Read([.. cuts]).Payload);
        }
    }

    [Fact]
    public void A_stream_that_is_cut_at_every_byte_is_read()
    {
        byte[] input =
        [
            .. Frames.Masked(Frames.Text, "été"u8[..2], isFin: false), .. Frames.Masked(Frames.Pong, "x"u8),
            .. Frames.Masked(Frames.Continuation, "été"u8[2..]), .. Frames.Masked(Frames.Binary, new byte[126]),
            .. Frames.Masked(Frames.Binary, []), .. Frames.Closing(1000, "done"),
        ];
        for (var cut = 0; cut < input.Length; cut++)
        {
            var read = Read([input[..cut], input[cut..]]);
            Assert.Equal(Decoded.Closed, read.End);
            Assert.Equal([.. "été"u8, .. new byte[126]], read.Payload);
            Assert.Equal(CloseCode.Normal, read.Decoder.Code);
        }
    }

    public static TheoryData<string, byte[], int> Faults => new()
    {
        { "reserved bit", Frames.Masked(Frames.Binary, [1], reserved: 4), 1002 },
        { "reserved opcode", Frames.Masked(3, [1]), 1002 },
        { "reserved control opcode", Frames.Masked(11, [1]), 1002 },
        { "no mask", [0x82, 1, 1], 1002 },
        { "top bit of a length", [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4], 1002 },
        { "fragmented ping", Frames.Masked(Frames.Ping, [1], isFin: false), 1002 },
        { "long ping", Frames.Masked(Frames.Ping, new byte[126]), 1002 },
        { "continuation of nothing", Frames.Masked(Frames.Continuation, [1]), 1002 },
        {
            "message within a message",
            [.. Frames.Masked(Frames.Binary, [1], isFin: false), .. Frames.Masked(Frames.Binary, [1])], 1002
        },
        { "close of one byte", Frames.Masked(Frames.Close, [3]), 1002 },
        { "close with a code for no wire", Frames.Closing(1006), 1002 },
        { "close with a reason that is not UTF-8", Frames.Masked(Frames.Close, [3, 232, 0xFF]), 1007 },
        { "text that is not UTF-8", Frames.Masked(Frames.Text, [0xC0, 0x80]), 1007 },
        { "text that ends within a character", Frames.Masked(Frames.Text, [0xE2, 0x82]), 1007 },
        {
            "text whose character breaks off between frames",
            [.. Frames.Masked(Frames.Text, [0xE2], isFin: false), .. Frames.Masked(Frames.Continuation, [0x41])], 1007
        },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void What_the_specification_forbids_is_refused_with_its_code(string fault, byte[] input, int code)
    {
        var read = Read([input]);
        Assert.True(read.End == Decoded.Failed, fault);
        Assert.Equal((CloseCode)code, read.Decoder.Code);
        Assert.NotEmpty(read.Decoder.Fault);
    }

    [Fact]
    public void Text_is_refused_where_only_binary_is_taken()
    {
        var read = Read([Frames.Masked(Frames.Text, "a"u8)], takesText: false);
        Assert.Equal((Decoded.Failed, CloseCode.UnsupportedData), (read.End, read.Decoder.Code));
    }

    [Fact]
    public void A_frame_that_announces_an_exbibyte_costs_only_what_comes()
    {
        byte[] input = [0x82, 0xFF, 0x0F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 7, 8, 9];
        var read = Read([input]);
        Assert.Equal([7, 8, 9], read.Payload);
        Assert.Equal(Decoded.NeedsMore, read.End);
    }

    [Fact]
    public void One_call_writes_no_more_than_its_share()
    {
        var input = new ReadOnlySequence<byte>(
            Frames.Masked(Frames.Binary, new byte[FrameDecoder.OutputBytesMax + 5]));
        var output = new ArrayBufferWriter<byte>();
        var decoder = new FrameDecoder(takesText: true);
        Assert.Equal(Decoded.IsFull, decoder.Decode(input, output, out var consumed));
        Assert.Equal(FrameDecoder.OutputBytesMax, output.WrittenCount);
        Assert.Equal(Decoded.NeedsMore, decoder.Decode(input.Slice(consumed), output, out _));
        Assert.Equal(FrameDecoder.OutputBytesMax + 5, output.WrittenCount);
    }

    [Fact]
    public void Text_is_valid_in_pieces_exactly_when_it_is_valid_as_a_whole()
    {
        var random = new Random(3629);
        byte[] interesting = [0x00, 0x41, 0x7F, 0x80, 0xBF, 0xC2, 0xE0, 0xE2, 0x82, 0xAC, 0xED, 0xA0, 0xF0, 0x9F, 0xF4];
        for (var round = 0; round < 20_000; round++)
        {
            var text = new byte[random.Next(8)];
            for (var i = 0; i < text.Length; i++) text[i] = interesting[random.Next(interesting.Length)];
            var check = new Utf8Check();
            var isValid = true;
            for (var at = 0; at < text.Length && isValid;)
            {
                var count = Math.Min(text.Length - at, random.Next(4));
                isValid = check.Append(text.AsSpan(at, count));
                at += count;
            }

            Assert.Equal(System.Text.Unicode.Utf8.IsValid(text), isValid && check.IsBetweenCharacters);
        }
    }

    private static byte[] Fragmented(byte[] payload, Random random)
    {
        var input = new List<byte>();
        var at = 0;
        var opcode = Frames.Binary;
        do
        {
            var count = Math.Min(payload.Length - at, random.Next(4) == 0 ? random.Next(130_000) : random.Next(300));
            var isFin = at + count == payload.Length || random.Next(2) == 0;
            input.AddRange(Frames.Masked(opcode, payload.AsSpan(at, count), isFin));
            if (random.Next(3) == 0) input.AddRange(Frames.Masked(Frames.Pong, new byte[random.Next(126)]));
            opcode = isFin ? Frames.Binary : Frames.Continuation;
            at += count;
        }
        while (at < payload.Length);
        return [.. input];
    }

    /// <summary>Feeds the pieces one after the other, keeping what was not consumed.</summary>
    private static (byte[] Payload, Decoded End, FrameDecoder Decoder) Read(byte[][] pieces, bool takesText = true)
    {
        var decoder = new FrameDecoder(takesText);
        var output = new ArrayBufferWriter<byte>();
        byte[] left = [];
        var end = Decoded.NeedsMore;
        foreach (var piece in pieces)
        {
            left = [.. left, .. piece];
            do
            {
                var input = new ReadOnlySequence<byte>(left);
                end = decoder.Decode(input, output, out var consumed);
                left = input.Slice(consumed).ToArray();
            }
            while (end is Decoded.IsFull or Decoded.Ping);
        }

        return (output.WrittenSpan.ToArray(), end, decoder);
    }
}
