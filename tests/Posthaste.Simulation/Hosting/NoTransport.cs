using System.IO.Pipelines;
using Posthaste.Broker.Protocols;

namespace Posthaste.Simulation.Hosting;

/// <summary>The transport of a client that calls the broker directly: nothing goes through it.</summary>
internal sealed class NoTransport : IDuplexPipe
{
    private readonly Pipe _pipe = new();

    public PipeReader Input => _pipe.Reader;

    public PipeWriter Output => _pipe.Writer;

    public static ProtocolConnection Create() => new(new NoTransport(), null, null, static _ => { });
}
