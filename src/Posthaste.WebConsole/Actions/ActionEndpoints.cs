using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Posthaste.WebConsole.Api;
using Posthaste.WebConsole.Sessions;

namespace Posthaste.WebConsole.Actions;

/// <summary>
/// Where forms go: the request of the API that the action stands for is made, and the browser sent back to a page that
/// says what came of it. So reloading a page never repeats an action.
/// </summary>
internal static class ActionEndpoints
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/do/{action}", RunAsync).RequireAuthorization();

    private static async Task RunAsync(
        string action, HttpContext context, IAntiforgery forgery, ConsoleApi api, Flash flash)
    {
        if (ActionTable.Find(action) is not { } describe)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        if (!await forgery.IsRequestValidAsync(context).ConfigureAwait(false))
        {
            flash.Put(context, Notice.OldForm);
            context.Response.Redirect("/");
            return;
        }

        var form = new ActionForm(await context.Request.ReadFormAsync(context.RequestAborted).ConfigureAwait(false));
        var notice = await TryAsync(api, describe, form).ConfigureAwait(false);
        flash.Put(context, notice);
        context.Response.Redirect(LocalTarget.From(form[notice.IsError ? "back" : "next"]));
    }

    private static async Task<Notice> TryAsync(
        ConsoleApi api, Func<ActionForm, ActionCall> describe, ActionForm form)
    {
        try
        {
            var call = describe(form);
            await api.SendAsync(call.Method, call.Path, call.Body).ConfigureAwait(false);
            return new Notice(call.Done, IsError: false);
        }
        catch (FormException refused)
        {
            return new Notice(refused.Message, IsError: true);
        }
        catch (ApiException refused)
        {
            return new Notice(refused.Message, IsError: true);
        }
    }
}
