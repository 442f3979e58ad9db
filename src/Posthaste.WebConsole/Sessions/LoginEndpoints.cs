using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Posthaste.Management;

namespace Posthaste.WebConsole.Sessions;

/// <summary>Logging in and out. The page with the form is `Login.razor`.</summary>
internal static class LoginEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, ManagementApi api)
    {
        routes.MapPost("/session", (HttpContext context, IAntiforgery forgery) => LogInAsync(context, forgery, api));
        routes.MapPost("/session/end", LogOutAsync).RequireAuthorization();
    }

    private static async Task LogInAsync(HttpContext context, IAntiforgery forgery, ManagementApi api)
    {
        var target = LocalTarget.From(context.Request.Query["return"]);
        if (!await forgery.IsRequestValidAsync(context).ConfigureAwait(false))
        {
            context.Response.Redirect($"/login?failed=form&return={Uri.EscapeDataString(target)}");
            return;
        }

        var form = await context.Request.ReadFormAsync(context.RequestAborted).ConfigureAwait(false);
        var user = await api.LogInAsync(form["user"].ToString(), form["password"].ToString(), context)
            .ConfigureAwait(false);
        if (user is null)
        {
            context.Response.Redirect($"/login?failed=login&return={Uri.EscapeDataString(target)}");
            return;
        }

        await context.SignInAsync(SessionStore.PrincipalOf(user)).ConfigureAwait(false);
        context.Response.Redirect(target);
    }

    private static async Task LogOutAsync(HttpContext context, IAntiforgery forgery)
    {
        if (await forgery.IsRequestValidAsync(context).ConfigureAwait(false))
            await context.SignOutAsync().ConfigureAwait(false);
        context.Response.Redirect("/login");
    }
}
