using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.OpenApi;
using Posthaste.Management.Http;

namespace Posthaste.Management.OpenApi;

/// <summary>
/// Serves the description, `openapi.json`. To anybody: it says what stands in the documentation, and tools that read
/// descriptions log in nowhere.
/// </summary>
internal static class OpenApiEndpoint
{
    public const string Path = "/api/openapi.json";

    public static void Map(IEndpointRouteBuilder endpoints, ApiRoutes routes)
    {
        // Made when somebody asks first: most brokers are never asked.
        var document = new Lazy<Task<string>>(() =>
            ApiDocument.Create(routes.All).SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1));
        endpoints.MapMethods(Path, [HttpMethods.Get, HttpMethods.Head], async context =>
        {
            context.Response.ContentType = "application/json";
            var text = await document.Value.ConfigureAwait(false);
            await context.Response.WriteAsync(text, Encoding.UTF8, context.RequestAborted).ConfigureAwait(false);
        });
    }
}
