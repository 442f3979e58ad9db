using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Posthaste.Server.WebSockets;

namespace Posthaste.Server.Tests.WebSockets;

/// <summary>Session and reader writing into one transport whose peer reads when the test says so.</summary>
public sealed class WebSocketOutputTests
{
    // Any flush of more than a byte waits until the peer has read.
    private readonly Pipe _transport = new(new PipeOptions(pauseWriterThreshold: 2, resumeWriterThreshold: 1,
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline));

    private readonly WebSocketOutput _output;

    public WebSocketOutputTests() => _output = new WebSocketOutput(_transport.Writer);

    [Theory]
    [InlineData(1, 2)]
    [InlineData(125, 2)]
    [InlineData(126, 4)]
    [InlineData(60_000, 4)]
    public async Task A_flush_is_one_message_with_the_shortest_header(int bytes, int headerBytes)
    {
        var memory = _output.GetMemory(bytes);
        memory.Span[..bytes].Fill((byte)'x');
        _output.Advance(bytes);
        var flush = _output.FlushAsync();
        var sent = await ReadBytesAsync();
        await flush;
        Assert.Equal(headerBytes + bytes, sent.Length);
        Assert.Equal(0x82, sent[0]);
        Assert.All(sent[headerBytes..], value => Assert.Equal((byte)'x', value));
    }

    [Fact]
    public async Task Memory_larger_than_a_short_header_can_say_is_framed_by_a_long_one()
    {
        var memory = _output.GetMemory(70_000);
        memory.Span[..70_000].Fill(7);
        _output.Advance(70_000);
        var flush = _output.FlushAsync();
        var sent = await ReadBytesAsync();
        await flush;
        Assert.Equal([0x82, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70, 7], sent[..11]);
        Assert.Equal(10 + 70_000, sent.Length);
    }

    [Fact]
    public async Task A_ping_within_a_frame_is_answered_behind_it()
    {
        Write("ab");
        await _output.PongAsync("1"u8.ToArray());
        await _output.PongAsync("2"u8.ToArray());
        Write("cd");
        var flush = _output.FlushAsync();
        Assert.Equal("2:abcd 10:2", await ReadAsync());
        await flush;
    }

    [Fact]
    public async Task A_ping_during_a_flush_is_answered_when_the_flush_has_ended()
    {
        Write("ab");
        var flush = _output.FlushAsync();
        Assert.False(flush.IsCompleted);
        Assert.True(_output.PongAsync("1"u8.ToArray()).IsCompleted);
        Assert.Equal("2:ab", await ReadAsync());
        Assert.Equal("10:1", await ReadAsync());
        await flush;
    }

    [Fact]
    public async Task What_is_written_while_a_pong_waits_for_the_peer_follows_it_in_order()
    {
        var pong = _output.PongAsync("1"u8.ToArray());
        Assert.False(pong.IsCompleted);
        Write("ab");
        Write(new string('c', 5_000));
        var flush = _output.FlushAsync();
        Assert.False(flush.IsCompleted);
        Assert.Equal("10:1", await ReadAsync());
        await pong;
        Assert.Equal("ab" + new string('c', 5_000), await ReadTextAsync(5_002));
        await flush;
    }

    [Fact]
    public async Task After_the_close_frame_nothing_is_sent_and_the_writer_is_told()
    {
        Write("ab");
        await _output.CloseAsync(CloseCode.GoingAway);
        var flush = _output.FlushAsync();
        Assert.Equal("2:ab 8:1001", await ReadAsync());
        Assert.True((await flush).IsCompleted);

        Write("cd");
        Assert.True((await _output.FlushAsync()).IsCompleted);
        await _output.PongAsync("1"u8.ToArray());
        await _output.CloseAsync(CloseCode.Normal);
        await _transport.Writer.CompleteAsync();
        Assert.Equal("", await ReadAsync());
    }

    private void Write(string text)
    {
        var memory = _output.GetMemory(text.Length);
        _output.Advance(Encoding.ASCII.GetBytes(text, memory.Span));
    }

    private async Task<byte[]> ReadBytesAsync()
    {
        var result = await _transport.Reader.ReadAsync();
        var bytes = result.Buffer.ToArray();
        _transport.Reader.AdvanceTo(result.Buffer.End);
        return bytes;
    }

    /// <summary>What has been sent, as <c>OPCODE:PAYLOAD</c> for each frame.</summary>
    private async Task<string> ReadAsync()
    {
        var frames = new List<string>();
        var bytes = await ReadBytesAsync();
        for (var at = 0; at < bytes.Length;)
        {
            var length = (int)bytes[at + 1];
            var payload = bytes.AsSpan(at + 2, length);
            var isClose = bytes[at] == 0x88;
            var text = isClose ? $"{(payload[0] << 8) | payload[1]}" : Encoding.ASCII.GetString(payload);
            frames.Add($"{bytes[at] & 15}:{text}");
            at += 2 + length;
        }

        return string.Join(' ', frames);
    }

    /// <summary>The payload of binary frames, up to this many bytes.</summary>
    private async Task<string> ReadTextAsync(int bytes)
    {
        var text = new StringBuilder();
        while (text.Length < bytes)
        {
            var sent = await ReadBytesAsync();
            for (var at = 0; at < sent.Length;)
            {
                Assert.Equal(0x82, sent[at]);
                var isShort = sent[at + 1] < 126;
                var length = isShort ? sent[at + 1] : (sent[at + 2] << 8) | sent[at + 3];
                at += isShort ? 2 : 4;
                text.Append(Encoding.ASCII.GetString(sent, at, length));
                at += length;
            }
        }

        return text.ToString();
    }
}
