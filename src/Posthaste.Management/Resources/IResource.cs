using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Posthaste.Management.Resources;

/// <summary>A group of paths of the API.</summary>
internal interface IResource
{
    void Map(ApiRoutes routes);
}

/// <summary>Puts the gate, and the one place where errors are answered, before every handler.</summary>
internal sealed class ApiRoutes(IEndpointRouteBuilder endpoints, Http.ApiGate gate)
{
    public void Get(string path, Func<Http.ApiRequest, Task> handler) => Map("GET", path, handler);

    public void Put(string path, Func<Http.ApiRequest, Task> handler) => Map("PUT", path, handler);

    public void Post(string path, Func<Http.ApiRequest, Task> handler) => Map("POST", path, handler);

    public void Delete(string path, Func<Http.ApiRequest, Task> handler) => Map("DELETE", path, handler);

    private void Map(string method, string path, Func<Http.ApiRequest, Task> handler)
    {
        var name = $"{method} /api/{path}";
        endpoints.MapMethods($"/api/{path}", [method], async context =>
        {
            Http.ApiRequest? request = null;
            try
            {
                request = gate.Enter(context);
                await handler(request).ConfigureAwait(false);
                RequestAudit.Done(request, method, path);
            }
            catch (Http.ApiError error)
            {
                if (request is not null) RequestAudit.Refused(request, method, error);
                await error.WriteAsync(context).ConfigureAwait(false);
            }
        }).WithDisplayName(name);
    }
}
