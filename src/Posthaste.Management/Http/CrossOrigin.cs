using Microsoft.AspNetCore.Builder;

namespace Posthaste.Management.Http;

/// <summary>Lets pages of other origins use the API (CORS), as RabbitMQ does where it is told to.</summary>
internal static class CrossOrigin
{
    private const string Any = "*";

    /// <summary>How long a browser remembers what it may. RabbitMQ's half an hour.</summary>
    private static readonly TimeSpan AgeMax = TimeSpan.FromSeconds(1_800);

    public static void Use(WebApplication application, IReadOnlyList<string> origins)
    {
        if (origins.Count == 0) return;
        application.UseWhen(
            static context => context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal),
            branch => branch.UseCors(policy =>
            {
                policy.AllowAnyMethod().AllowAnyHeader().SetPreflightMaxAge(AgeMax);

                // Any page of the world may ask, then, but not with what a browser has remembered of a user.
                if (origins.Contains(Any)) policy.AllowAnyOrigin();
                else policy.WithOrigins([.. origins]).AllowCredentials();
            }));
    }
}
