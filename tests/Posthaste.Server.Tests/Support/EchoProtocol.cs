using System.IO.Pipelines;
using System.Text;
using Posthaste.Broker;
using Posthaste.Broker.Protocols;
using Posthaste.Server.Transport;

namespace Posthaste.Server.Tests.Support;

/// <summary>The smallest protocol there is: it says back what it hears, and goodbye when the broker stops.</summary>
internal sealed class EchoProtocol : IProtocolHandler
{
    public const string Goodbye = "stopping";

    public string Name => "echo";

    public int DefaultPort => 7;

    /// <summary>Keeps connections open when the broker stops, as a session that hangs would.</summary>
    public bool IgnoresStop { get; init; }

    /// <summary>Said instead of what was heard, where one protocol is to be told from another.</summary>
    public string? Answer { get; init; }

    /// <summary>Says who is at the other end instead of what was heard: the transport and the certificate.</summary>
    public bool SaysWho { get; init; }

    /// <summary>Bytes of the longest piece of memory that input came in.</summary>
    public int LongestSegmentBytes { get; private set; }

    public static Protocol As(string name, EchoProtocol? handler = null) =>
        new(name, 7, 9, (MessageBroker _, PosthasteOptions _) => handler ?? new EchoProtocol())
        {
            Versions = ["1"],
        };

    /// <summary>An echo that is spoken over WebSocket too, as sub-protocol <c>echo</c> or one of these.</summary>
    public static Protocol OverWebSocket(string name, EchoProtocol? handler = null, bool takesText = true) =>
        As(name, handler) with { WebSocket = new WebSocketBinding(8, 10, [name, $"v2.{name}"], takesText) };

    public async Task ServeAsync(ProtocolConnection connection, CancellationToken stopping)
    {
        var (input, output) = (connection.Transport.Input, connection.Transport.Output);
        try
        {
            var who = connection.ClientCertificate?.Subject ?? "nobody";
            var answer = SaysWho ? connection.IsTls ? $"tls, {who}" : "plain" : Answer;
            await EchoAsync(input, output, answer, IgnoresStop ? CancellationToken.None : stopping);
        }
        catch (OperationCanceledException)
        {
            await output.WriteAsync(Encoding.ASCII.GetBytes(Goodbye), CancellationToken.None);
        }
        catch (IOException)
        {
            // The peer cut the connection: as good an end as any.
            return;
        }
    }

    private async Task EchoAsync(PipeReader input, PipeWriter output, string? answer, CancellationToken stopping)
    {
        while (true)
        {
            var read = await input.ReadAsync(stopping);
            foreach (var segment in read.Buffer)
            {
                LongestSegmentBytes = Math.Max(LongestSegmentBytes, segment.Length);
                await output.WriteAsync(answer is null ? segment : Encoding.ASCII.GetBytes(answer), stopping);
            }

            input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) return;
        }
    }
}
