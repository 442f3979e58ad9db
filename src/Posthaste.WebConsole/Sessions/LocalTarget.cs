namespace Posthaste.WebConsole.Sessions;

/// <summary>Where to go on after a form: a page of the console, whatever the request says.</summary>
internal static class LocalTarget
{
    private const string Start = "/";

    /// <param name="text">A path with a query, as the page named itself.</param>
    public static string From(string? text)
    {
        // `//host` and `/\host` are other hosts to a browser.
        var isLocal = text is ['/', ..] && text is not ['/', '/' or '\\', ..] && !text.Any(char.IsControl);
        return isLocal ? text! : Start;
    }
}
