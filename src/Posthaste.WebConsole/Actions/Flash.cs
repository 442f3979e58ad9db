using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;

namespace Posthaste.WebConsole.Actions;

/// <summary>What an action has to say to the page that follows it.</summary>
internal sealed record Notice(string Text, bool IsError)
{
    /// <summary>The seal of a form is missing, or of a broker that has restarted since.</summary>
    public static Notice OldForm { get; } =
        new("That form was too old. Nothing was changed; please try again.", IsError: true);
}

/// <summary>
/// Carries a notice over the redirect that follows a form, in a cookie that is read once. Sealed, so that nobody else
/// can put words into the console's mouth.
/// </summary>
internal sealed class Flash(IDataProtectionProvider protection)
{
    private const string Cookie = "posthaste-notice";

    /// <summary>Characters of a notice at most: cookies have 4 KiB, and sealing makes them longer.</summary>
    private const int LengthMax = 1_000;

    private readonly IDataProtector _seal = protection.CreateProtector(Cookie);

    public void Put(HttpContext context, Notice notice)
    {
        if (notice.Text.Length > LengthMax) notice = notice with { Text = notice.Text[..LengthMax] + "…" };
        var text = _seal.Protect(JsonSerializer.Serialize(notice));
        context.Response.Cookies.Append(Cookie, text, Options(context));
    }

    /// <summary>The notice that came with the request, which no other request will see; null for none.</summary>
    public Notice? Take(HttpContext context)
    {
        if (context.Request.Cookies[Cookie] is not { Length: > 0 } text) return null;
        context.Response.Cookies.Delete(Cookie, Options(context));
        try
        {
            return JsonSerializer.Deserialize<Notice>(_seal.Unprotect(text));
        }
        catch (CryptographicException)
        {
            // Of a broker that has stopped since, or of nobody: there is nothing to say.
            return null;
        }
    }

    private static CookieOptions Options(HttpContext context) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        Secure = context.Request.IsHttps,
        MaxAge = TimeSpan.FromMinutes(1),
    };
}
