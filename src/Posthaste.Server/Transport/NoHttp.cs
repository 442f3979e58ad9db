using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;

namespace Posthaste.Server.Transport;

/// <summary>
/// The application that Kestrel wants for HTTP. No listener here speaks HTTP, so nothing ever reaches it.
/// </summary>
internal sealed class NoHttp : IHttpApplication<object>
{
    public object CreateContext(IFeatureCollection contextFeatures) => throw Unreachable();

    public Task ProcessRequestAsync(object context) => throw Unreachable();

    public void DisposeContext(object context, Exception? exception) => throw Unreachable();

    private static InvalidOperationException Unreachable() => new("A listener handed a connection to HTTP.");
}
