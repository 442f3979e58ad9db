using System.Reflection;

namespace Posthaste;

/// <summary>The version of this build.</summary>
internal static class ProductVersion
{
    /// <summary>Version without the commit that build tools append.</summary>
    public static string Text { get; } = typeof(ProductVersion).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
