using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Posthaste.Broker.Protocols;

namespace Posthaste.Protocols.Stomp.Tests.Session;

/// <summary>A frame that the broker sent, read by the rules of 1.2 but for the escapes of its headers.</summary>
internal sealed record ReceivedFrame(string Command, IReadOnlyList<(string Name, string Value)> Headers, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);

    public string this[string name] => Find(name) ?? throw new InvalidDataException($"no {name} in {this}");

    /// <summary>The first header of the name.</summary>
    public string? Find(string name) => Headers.Where(header => header.Name == name).Select(header => header.Value)
        .FirstOrDefault();

    public override string ToString() =>
        $"{Command} {string.Join(' ', Headers.Select(header => $"{header.Name}:{header.Value}"))} {Text}";
}

/// <summary>
/// A client that sends what it likes and reads frames with a parser of its own, over a pair of pipes. Every wait has a
/// deadline.
/// </summary>
internal sealed class TestClient : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly Pipe _toBroker;
    private readonly Pipe _fromBroker;
    private readonly TaskCompletionSource<string> _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<ReceivedFrame> _others = [];
    private int _fences;

    public TestClient(StompHandler handler, int blockBytes, long outputBytesMax, CancellationToken stopping)
    {
        var blocks = new PinnedBlocks(blockBytes);
        _toBroker = new Pipe(new PipeOptions(
            blocks, minimumSegmentSize: blockBytes, pauseWriterThreshold: 1 << 20, resumeWriterThreshold: 1 << 19,
            useSynchronizationContext: false));
        _fromBroker = new Pipe(new PipeOptions(
            blocks, minimumSegmentSize: blockBytes, pauseWriterThreshold: outputBytesMax,
            resumeWriterThreshold: outputBytesMax / 2, useSynchronizationContext: false));
        var connection = new ProtocolConnection(
            new Duplex(_toBroker.Reader, _fromBroker.Writer), local: null, remote: null, Abort);
        Served = handler.ServeAsync(connection, stopping);
    }

    /// <summary>Ends when the session has.</summary>
    public Task Served { get; }

    /// <summary>The reason for which the broker cut the transport.</summary>
    public Task<string> Aborted => _aborted.Task.WaitAsync(Deadline);

    public async Task<ReceivedFrame> OpenAsync(string version = "1.2", string more = "")
    {
        await SendAsync($"CONNECT\naccept-version:{version}\nhost:/\nlogin:guest\npasscode:guest\n{more}\n\0");
        return await ExpectAsync("CONNECTED");
    }

    /// <summary>Sends text as it stands; its NULs are written \0.</summary>
    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>Sends; without effect when the broker has ended its side.</summary>
    public async Task SendAsync(byte[] bytes) => await _toBroker.Writer.WriteAsync(bytes).AsTask().WaitAsync(Deadline);

    public Task PublishAsync(string destination, string body, string headers = "") =>
        SendAsync($"SEND\ndestination:{destination}\n{headers}\n{body}\0");

    public async Task SubscribeAsync(string destination, string id = "0", string headers = "")
    {
        await SendAsync($"SUBSCRIBE\nid:{id}\ndestination:{destination}\n{headers}receipt:sub-{id}\n\n\0");
        await ExpectReceiptAsync($"sub-{id}");
    }

    public Task AckAsync(ReceivedFrame message, string headers = "", string command = "ACK") =>
        SendAsync(message.Find("ack") is { } ack
            ? $"{command}\nid:{ack}\n{headers}\n\0"
            : $"{command}\nmessage-id:{message["message-id"]}\n{headers}\n\0");

    /// <summary>The next frame; null when the broker has closed its side.</summary>
    public async Task<ReceivedFrame?> ReadAsync()
    {
        while (true)
        {
            var result = await _fromBroker.Reader.ReadAsync().AsTask().WaitAsync(Deadline);
            if (TryParse(result.Buffer.ToArray(), out var frame, out var used))
            {
                _fromBroker.Reader.AdvanceTo(result.Buffer.GetPosition(used));
                return frame;
            }

            _fromBroker.Reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            if (result.IsCompleted)
                return null;
        }
    }

    /// <summary>The next bytes, as many as there are; empty when the broker has closed its side.</summary>
    public async Task<byte[]> ReadBytesAsync()
    {
        var result = await _fromBroker.Reader.ReadAsync().AsTask().WaitAsync(Deadline);
        var bytes = result.Buffer.ToArray();
        _fromBroker.Reader.AdvanceTo(result.Buffer.End);
        return bytes;
    }

    /// <summary>Reads this many frames, by the NULs at their ends, and looks at none.</summary>
    public async Task DiscardFramesAsync(int count)
    {
        for (var discarded = 0; discarded < count;)
        {
            var result = await _fromBroker.Reader.ReadAsync().AsTask().WaitAsync(Deadline);
            foreach (var block in result.Buffer)
                discarded += block.Span.Count((byte)0);
            _fromBroker.Reader.AdvanceTo(result.Buffer.End);
        }
    }

    /// <summary>The next frame of this command. Messages and receipts come in no order between each other.</summary>
    public async Task<ReceivedFrame> ExpectAsync(string command)
    {
        if (_others.Find(frame => frame.Command == command) is { } known)
        {
            _others.Remove(known);
            return known;
        }

        while (true)
        {
            var frame = await ReadAsync();
            Assert.True(frame is not null, $"{command} expected, but the broker has closed");
            if (frame.Command == command)
                return frame;
            Assert.True(
                (command, frame.Command) is ("RECEIPT", "MESSAGE") or ("MESSAGE", "RECEIPT"),
                $"{command} expected, but got {frame}");
            _others.Add(frame);
        }
    }

    public async Task<ReceivedFrame> ExpectMessageAsync(string body)
    {
        var frame = await ExpectAsync("MESSAGE");
        Assert.Equal(body, frame.Text);
        return frame;
    }

    public async Task ExpectReceiptAsync(string id) => Assert.Equal(id, (await ExpectAsync("RECEIPT"))["receipt-id"]);

    /// <summary>The error, and then the end of the connection.</summary>
    public async Task<ReceivedFrame> ExpectErrorAsync(string message, string? detail = null)
    {
        var frame = await ExpectAsync("ERROR");
        Assert.Equal(message, frame["message"]);
        if (detail is not null)
            Assert.Equal(detail + "\n", frame.Text);
        HangUp();
        Assert.Null(await ReadAsync());
        await Served.WaitAsync(Deadline);
        return frame;
    }

    /// <summary>Whatever was sent has been dealt with, and nothing has come that was not expected.</summary>
    public async Task FenceAsync()
    {
        var id = $"fence-{++_fences}";
        await SendAsync($"BEGIN\ntransaction:{id}\n\n\0ABORT\ntransaction:{id}\nreceipt:{id}\n\n\0");
        await ExpectReceiptAsync(id);
        Assert.Empty(_others);
    }

    /// <summary>Goes away without a word.</summary>
    public void HangUp() => _toBroker.Writer.Complete();

    public async ValueTask DisposeAsync()
    {
        await _toBroker.Writer.CompleteAsync();
        await _fromBroker.Reader.CompleteAsync();
        await Served.WaitAsync(Deadline);
    }

    private static bool TryParse(byte[] bytes, out ReceivedFrame frame, out int used)
    {
        frame = null!;
        used = 0;
        while (used < bytes.Length && bytes[used] == '\n')
            used++;
        var head = bytes.AsSpan(used).IndexOf("\n\n"u8);
        if (head < 0)
            return false;
        var lines = Encoding.UTF8.GetString(bytes, used, head).Split('\n');
        var headers = lines[1..].Select(line => (line.Split(':')[0], line[(line.IndexOf(':') + 1)..])).ToList();
        var start = used + head + 2;
        var announced = headers.Where(header => header.Item1 == "content-length").Select(header => header.Item2);
        var length = announced.FirstOrDefault() is { } text
            ? int.Parse(text)
            : bytes.AsSpan(start).IndexOf((byte)0);
        if (length < 0 || start + length >= bytes.Length)
            return false;
        Assert.Equal(0, bytes[start + length]);
        frame = new ReceivedFrame(lines[0], headers, bytes[start..(start + length)]);
        used = start + length + 1;
        return true;
    }

    private void Abort(string reason)
    {
        // As a transport does it: both directions end, what was under way is lost.
        _aborted.TrySetResult(reason);
        _toBroker.Writer.Complete();
        _fromBroker.Reader.Complete();
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
