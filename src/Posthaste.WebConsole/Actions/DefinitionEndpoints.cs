using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Posthaste.WebConsole.Api;

namespace Posthaste.WebConsole.Actions;

/// <summary>Definition files, out and in.</summary>
internal static class DefinitionEndpoints
{
    private const string Page = "/definitions";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet($"{Page}/file", DownloadAsync).RequireAuthorization();
        routes.MapPost($"{Page}/file", UploadAsync).RequireAuthorization();
    }

    private static async Task DownloadAsync(HttpContext context, ConsoleApi api, Flash flash)
    {
        try
        {
            var definitions = await api.SendAsync(HttpMethod.Get, "definitions").ConfigureAwait(false);
            context.Response.ContentType = "application/json";
            context.Response.Headers.ContentDisposition = "attachment; filename=definitions.json";
            await JsonSerializer.SerializeAsync(context.Response.Body, definitions, Indented, context.RequestAborted)
                .ConfigureAwait(false);
        }
        catch (ApiException refused)
        {
            flash.Put(context, new Notice(refused.Message, IsError: true));
            context.Response.Redirect(Page);
        }
    }

    private static async Task UploadAsync(HttpContext context, IAntiforgery forgery, ConsoleApi api, Flash flash)
    {
        var notice = await forgery.IsRequestValidAsync(context).ConfigureAwait(false)
            ? await TakeInAsync(context, api).ConfigureAwait(false)
            : Notice.OldForm;
        flash.Put(context, notice);
        context.Response.Redirect(Page);
    }

    private static async Task<Notice> TakeInAsync(HttpContext context, ConsoleApi api)
    {
        try
        {
            var form = await context.Request.ReadFormAsync(context.RequestAborted).ConfigureAwait(false);
            if (form.Files.Count == 0) return new Notice("There was no file.", IsError: true);
            await using var file = form.Files[0].OpenReadStream();
            var definitions = await JsonNode.ParseAsync(file, cancellationToken: context.RequestAborted)
                .ConfigureAwait(false);
            await api.SendAsync(HttpMethod.Post, "definitions", definitions).ConfigureAwait(false);
            return new Notice("The definitions were taken in.", IsError: false);
        }
        catch (JsonException e)
        {
            return new Notice($"The file is no JSON: {e.Message}", IsError: true);
        }
        catch (ApiException refused)
        {
            return new Notice(refused.Message, IsError: true);
        }
    }
}
