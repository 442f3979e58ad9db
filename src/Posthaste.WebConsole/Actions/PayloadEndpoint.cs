using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;
using Posthaste.WebConsole.Api;

namespace Posthaste.WebConsole.Actions;

/// <summary>
/// A message's body as a file: the bytes as they came, of no type that a browser would do something with.
/// </summary>
internal static class PayloadEndpoint
{
    public const string Path = "/messages/payload";

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet(Path, DownloadAsync).RequireAuthorization();

    private static async Task DownloadAsync(
        string vhost, string name, string id, HttpContext context, ConsoleApi api, Flash flash)
    {
        try
        {
            var message = await api.GetAsync<MessageRowView>(
                Target.Path("queues", vhost, name, "browse", id) + "?encoding=base64").ConfigureAwait(false);
            var disposition = new ContentDispositionHeaderValue("attachment");
            disposition.SetHttpFileName($"{name}-{id}{Extension((string?)message.Properties["content_type"])}");
            context.Response.Headers.ContentDisposition = disposition.ToString();
            context.Response.ContentType = "application/octet-stream";
            await context.Response.Body.WriteAsync(message.Bytes(), context.RequestAborted).ConfigureAwait(false);
        }
        catch (ApiException)
        {
            const string gone = "That message is not in the queue any more, or not yours to read.";
            flash.Put(context, new Notice(gone, IsError: true));
            context.Response.Redirect(Target.Page("/messages", vhost, name));
        }
    }

    private static string Extension(string? contentType) => contentType?.Split(';')[0].Trim() switch
    {
        "application/json" => ".json",
        "application/xml" or "text/xml" => ".xml",
        { } type when type.StartsWith("text/", StringComparison.Ordinal) => ".txt",
        _ => ".bin",
    };
}
