using Microsoft.AspNetCore.Http;

namespace Posthaste.WebConsole.Api;

/// <summary>Addresses: of the API, and of pages, with names of queues in them that may be anything.</summary>
internal static class Target
{
    /// <summary>Segments of a path, escaped.</summary>
    public static string Path(params ReadOnlySpan<string> segments)
    {
        var escaped = new string[segments.Length];
        for (var i = 0; i < segments.Length; i++) escaped[i] = Uri.EscapeDataString(segments[i]);
        return string.Join('/', escaped);
    }

    /// <summary>A path with a query; parameters that are null or empty are left out.</summary>
    public static string Query(string path, params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        var query = QueryString.Empty;
        foreach (var (name, value) in parameters)
        {
            if (!string.IsNullOrEmpty(value)) query = query.Add(name, value);
        }

        return path + query;
    }

    /// <summary>The page of one thing in a virtual host.</summary>
    public static string Page(string page, string vhost, string name) =>
        Query(page, ("vhost", vhost), ("name", name));
}
