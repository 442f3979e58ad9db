using System.Text;

namespace Posthaste.Core.Catalog;

/// <summary>The rules for names of queues and exchanges.</summary>
internal static class CatalogNames
{
    /// <summary>Line breaks are taken out of names, as RabbitMQ does: they come from files read carelessly.</summary>
    public static string WithoutLineBreaks(string name) => name.AsSpan().ContainsAny('\r', '\n')
        ? name.Replace("\r", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal)
        : name;

    public static bool IsReserved(string name) =>
        name.StartsWith(VirtualHostCatalog.ReservedPrefix, StringComparison.Ordinal);

    public static bool Fits(string name, int bytesMax) =>
        name.Length <= bytesMax && Encoding.UTF8.GetByteCount(name) <= bytesMax;
}
