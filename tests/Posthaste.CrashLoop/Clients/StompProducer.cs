using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using Posthaste.CrashLoop.Ledger;

namespace Posthaste.CrashLoop.Clients;

/// <summary>
/// Publishes a flow by STOMP, each message with a receipt, as fast as a window of outstanding receipts allows. What it
/// publishes is read by AMQP.
/// </summary>
internal sealed class StompProducer(Flow flow, Life life) : LoadClient($"producer {flow.Name}", life)
{
    private const int OutstandingMax = 200;
    private const string Shutdown = "ERROR\nmessage:connection_forced\n";
    private const string Receipt = "RECEIPT\nreceipt-id:";

    protected override async Task WorkAsync()
    {
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync("127.0.0.1", Life.StompPort, Life.Over);
        NetworkStream stream = client.GetStream();
        PipeReader input = PipeReader.Create(stream);
        await stream.WriteAsync("CONNECT\naccept-version:1.2\nhost:/\nlogin:guest\npasscode:guest\n\n\0"u8.ToArray());
        string connected = await ReadFrameAsync(input);
        if (!connected.StartsWith("CONNECTED\n", StringComparison.Ordinal))
            throw new InvalidDataException($"CONNECT was answered by {connected}");
        StreamLedger ledger = Ledger.OpenStream(flow);
        using var window = new SemaphoreSlim(OutstandingMax);
        Task receiving = ReceiveAsync(input, ledger, window);
        try
        {
            while (!Life.Over.IsCancellationRequested && !receiving.IsCompleted)
            {
                await window.WaitAsync(Life.Over);
                await Pace.WaitAsync(ledger, Life.Over);
                await stream.WriteAsync(Encode(ledger), Life.Over);
            }
        }
        finally
        {
            client.Close();
            await receiving;
        }
    }

    private async Task ReceiveAsync(PipeReader input, StreamLedger ledger, SemaphoreSlim window)
    {
        try
        {
            while (true)
            {
                string frame = await ReadFrameAsync(input);
                if (Life.IsEnding && frame.StartsWith(Shutdown, StringComparison.Ordinal))
                    return;
                if (!frame.StartsWith(Receipt, StringComparison.Ordinal))
                    throw new InvalidDataException($"not a receipt: {frame}");
                if (ledger.Confirm(long.Parse(frame.AsSpan(Receipt.Length).TrimEnd('\n'))))
                    Life.CountConfirm();
                window.Release();
            }
        }
        catch (Exception exception)
        {
            Report(exception);
        }
    }

    private static byte[] Encode(StreamLedger ledger)
    {
        long sequence = ledger.Next();
        Flow flow = ledger.Flow;
        byte[] body = new Payload(ledger.Id, 0, sequence).Encode();
        string persistent = flow.IsTransient(sequence) ? "false" : "true";
        string head = $"SEND\ndestination:/queue/{flow.Route(sequence).RoutingKey}\nreceipt:{sequence}\n" +
            $"persistent:{persistent}\ncontent-length:{body.Length}\n\n";
        return [.. Encoding.ASCII.GetBytes(head), .. body, 0];
    }

    private static async Task<string> ReadFrameAsync(PipeReader input)
    {
        while (true)
        {
            ReadResult result = await input.ReadAsync();
            if (result.Buffer.PositionOf((byte)0) is { } end)
            {
                string frame = Encoding.UTF8.GetString(result.Buffer.Slice(0, end));
                input.AdvanceTo(result.Buffer.GetPosition(1, end));
                return frame;
            }
            if (result.IsCompleted)
                throw new EndOfStreamException("The broker closed the connection.");
            input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }
}
