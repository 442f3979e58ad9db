using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Posthaste.WebConsole.Sessions;

/// <summary>Light, dark, or what the system says; remembered by the browser.</summary>
internal static class Theme
{
    private const string Cookie = "posthaste-theme";
    private const string Automatic = "auto";

    /// <summary>All there are, in the order in which they are offered.</summary>
    public static readonly string[] All = [Automatic, "light", "dark"];

    public static string Of(HttpContext context) =>
        context.Request.Cookies[Cookie] is { } theme && All.Contains(theme) ? theme : Automatic;

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/theme", ChooseAsync);

    private static async Task ChooseAsync(HttpContext context, IAntiforgery forgery)
    {
        if (!await forgery.IsRequestValidAsync(context).ConfigureAwait(false))
        {
            context.Response.Redirect("/");
            return;
        }

        var form = await context.Request.ReadFormAsync(context.RequestAborted).ConfigureAwait(false);
        var options = new CookieOptions
        {
            HttpOnly = true,
            SameSite = SameSiteMode.Strict,
            Secure = context.Request.IsHttps,
            MaxAge = TimeSpan.FromDays(365),
        };
        context.Response.Cookies.Append(Cookie, form["theme"].ToString(), options);
        context.Response.Redirect(LocalTarget.From(form["back"]));
    }
}
