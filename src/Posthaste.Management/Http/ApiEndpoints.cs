using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Posthaste.Broker.Events;
using Posthaste.Management.Resources;

namespace Posthaste.Management.Http;

/// <summary>
/// Serves the routes: the gate, and the one place where errors are answered, stand before every handler. What RabbitMQ
/// answers for each path is answered here: HEAD as GET, OPTIONS with the methods that there are, others with 405.
/// </summary>
internal sealed class ApiEndpoints(ApiGate gate)
{
    private const string Root = "/api/";

    public void Map(IEndpointRouteBuilder endpoints, ApiRoutes routes)
    {
        foreach (var path in routes.All.GroupBy(static route => route.Path))
        {
            var methods = path.ToDictionary(static route => route.Method);
            var allowed = Allowed(methods);
            endpoints.Map(Root + path.Key, context => AnswerAsync(context, methods, allowed))
                .WithDisplayName(Root + path.Key);
        }

        endpoints.MapFallback(Root + "{**path}", static context => ApiError.NotFound().WriteAsync(context));
    }

    private static string Allowed(Dictionary<string, ApiRoute> methods)
    {
        IEnumerable<string> read = methods.ContainsKey(HttpMethods.Get) ? [HttpMethods.Head] : [];
        return string.Join(", ", [.. read, .. methods.Keys, HttpMethods.Options]);
    }

    private async Task AnswerAsync(HttpContext context, Dictionary<string, ApiRoute> methods, string allowed)
    {
        var method = HttpMethods.IsHead(context.Request.Method) ? HttpMethods.Get : context.Request.Method;
        if (methods.TryGetValue(method, out var route))
        {
            await AnswerAsync(context, route).ConfigureAwait(false);
            return;
        }

        context.Response.Headers.Allow = allowed;
        if (!HttpMethods.IsOptions(method)) await ApiError.WrongMethod().WriteAsync(context).ConfigureAwait(false);
    }

    private async Task AnswerAsync(HttpContext context, ApiRoute route)
    {
        ApiRequest? request = null;
        try
        {
            request = await gate.EnterAsync(context).ConfigureAwait(false);
            ActingUser.Set(request.User.Name);
            if (route.Tag is { } tag) request.Require(tag);
            await route.Handler(request).ConfigureAwait(false);
            RequestAudit.Done(request, route.Method, route.Path);
        }
        catch (ApiError error)
        {
            if (request is not null) RequestAudit.Refused(request, route.Method, error);
            await error.WriteAsync(context).ConfigureAwait(false);
        }
    }
}
