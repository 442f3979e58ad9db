using System.IO.Pipelines;
using Posthaste.Broker.Protocols;

namespace Posthaste.Management.Http;

/// <summary>The transport of a request's stand-in connection: HTTP carries the bytes, nothing comes or goes.</summary>
internal sealed class NoTransport : IDuplexPipe
{
    public static readonly NoTransport Instance = new();

    /// <summary>A connection from nowhere.</summary>
    public static ProtocolConnection Connection { get; } = new(Instance, null, null, static _ => { });

    public PipeReader Input { get; } = PipeReader.Create(Stream.Null);

    public PipeWriter Output { get; } = PipeWriter.Create(Stream.Null);
}
