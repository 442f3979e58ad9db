using System.Buffers;
using System.IO.Pipelines;
using Posthaste.Broker.Protocols;
using Posthaste.Simulation.Hosting;
using Posthaste.Testing;

namespace Posthaste.Simulation.Mqtt;

/// <summary>
/// A connection in memory: the broker reads what was sent when the scheduler has it, and writes without waiting.
/// </summary>
internal sealed class StepTransport : IDuplexPipe
{
    /// <summary>Small, so that packets cross blocks.</summary>
    private const int BlockBytes = 1_024;

    private readonly Pipe _toBroker;
    private readonly Pipe _toClient;

    public StepTransport(StepScheduler scheduler)
    {
        // No limit: what a client leaves unread is for other tests.
        var options = new PipeOptions(
            new PinnedBlocks(BlockBytes), scheduler, scheduler, pauseWriterThreshold: 0,
            useSynchronizationContext: false);
        (_toBroker, _toClient) = (new Pipe(options), new Pipe(options));
        Connection = new ProtocolConnection(this, null, null, _ => IsClosed = true);
    }

    public ProtocolConnection Connection { get; }

    public PipeReader Input => _toBroker.Reader;

    public PipeWriter Output => _toClient.Writer;

    /// <summary>The broker has closed it, and all that came before was read.</summary>
    public bool IsClosed { get; private set; }

    public void Send(MqttPacket packet)
    {
        _toBroker.Writer.Write(packet.Encode());
        var flushed = _toBroker.Writer.FlushAsync();
        Primitives.Checks.Require(flushed.IsCompletedSuccessfully, "a pipe without a limit holds up its writer");
    }

    public bool TryRead(out MqttPacket packet)
    {
        packet = default;
        if (!_toClient.Reader.TryRead(out var result)) return false;
        var rest = result.Buffer;
        var isWhole = MqttPacket.TryRead(ref rest, out packet);
        IsClosed |= !isWhole && result.IsCompleted;
        _toClient.Reader.AdvanceTo(rest.Start, isWhole ? rest.Start : rest.End);
        return isWhole;
    }

    /// <summary>Nothing more comes from the client.</summary>
    public void HangUp() => _toBroker.Writer.Complete();
}
