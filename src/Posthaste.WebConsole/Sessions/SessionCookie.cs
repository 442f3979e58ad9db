using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;
using Posthaste.Management;

namespace Posthaste.WebConsole.Sessions;

/// <summary>How the browser holds on to a session, and when it ends.</summary>
internal static class SessionCookie
{
    /// <summary>
    /// A session ends when no page has been shown for this long. A page that is visible asks for news and keeps it.
    /// </summary>
    private static readonly TimeSpan IdleMax = TimeSpan.FromHours(1);

    /// <param name="options">What to fill in.</param>
    /// <param name="sessions">Where the sessions are.</param>
    /// <param name="isValid">Whether a user who logged in earlier still may be here; asked with each request.</param>
    /// <param name="suffix">Tells the cookies of two brokers on one host apart.</param>
    public static void Configure(
        CookieAuthenticationOptions options, SessionStore sessions, Func<ManagementUser, bool> isValid, string suffix)
    {
        options.SessionStore = sessions;
        options.LoginPath = "/login";
        options.AccessDeniedPath = "/login";
        options.ReturnUrlParameter = "return";
        options.ExpireTimeSpan = IdleMax;
        options.SlidingExpiration = true;
        options.Cookie.Name = $"posthaste-session{suffix}";
        options.Cookie.HttpOnly = true;
        options.Cookie.SameSite = SameSiteMode.Strict;
        options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        options.Events.OnValidatePrincipal = context =>
        {
            if (context.Principal is not { } principal || SessionStore.UserOf(principal) is not { } user
                || !isValid(user))
            {
                context.RejectPrincipal();
            }

            return Task.CompletedTask;
        };
    }
}
