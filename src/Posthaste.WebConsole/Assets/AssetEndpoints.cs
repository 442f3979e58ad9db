using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Posthaste.WebConsole.Assets;

/// <summary>
/// Style, script and icon, out of the assembly. Their addresses hold a digest, so browsers may keep them.
/// </summary>
internal static class AssetEndpoints
{
    private static readonly Asset[] All =
    [
        Load("console.css", "text/css; charset=utf-8"), Load("console.js", "text/javascript; charset=utf-8"),
        Load("icon.svg", "image/svg+xml"),
    ];

    /// <summary>Address of an asset.</summary>
    public static string UrlOf(string name) => All.First(asset => asset.Name == name).Url;

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var asset in All)
        {
            routes.MapGet(asset.Url, context =>
            {
                context.Response.ContentType = asset.ContentType;
                context.Response.ContentLength = asset.Bytes.Length;
                context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
                return context.Response.Body.WriteAsync(asset.Bytes, context.RequestAborted).AsTask();
            });
        }
    }

    private static Asset Load(string name, string contentType)
    {
        using var stream = typeof(AssetEndpoints).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not in the assembly");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        var digest = Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 6));
        return new Asset(name, $"/console/{digest}/{name}", contentType, bytes);
    }

    private sealed record Asset(string Name, string Url, string ContentType, byte[] Bytes);
}
