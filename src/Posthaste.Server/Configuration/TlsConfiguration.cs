using Microsoft.Extensions.Configuration;
using Posthaste.Server.Tls;

namespace Posthaste.Server.Configuration;

/// <summary>Reads section <c>Posthaste:Tls</c>, whose keys are named as the flags are.</summary>
public static class TlsConfiguration
{
    private static readonly Dictionary<string, Action<string, TlsOptions>> Settings =
        new(StringComparer.OrdinalIgnoreCase)
        {
            ["Cert"] = (value, options) => PosthasteConfiguration.Replace(options.CertificateFiles, value),
            ["Key"] = (value, options) => PosthasteConfiguration.Replace(options.KeyFiles, value),
            ["Password"] = (value, options) => options.Password = value,
            ["Ca"] = (value, options) => options.ClientAuthorityFile = value.Length > 0 ? value : null,
            ["Clients"] = (value, options) => options.RequiresClientCertificate = IsRequired(value),
        };

    /// <summary>Sets what a key under <c>Posthaste:Tls</c> names.</summary>
    /// <exception cref="PosthasteConfigurationException">The key is unknown or the value malformed.</exception>
    public static void Apply(string key, string value, TlsOptions options)
    {
        if (!Settings.TryGetValue(key, out var set))
        {
            throw new PosthasteConfigurationException(
                $"{PosthasteConfiguration.Section}:Tls:{key} is no setting of Posthaste; these are: " +
                string.Join(", ", Settings.Keys));
        }

        set(value, options);
    }

    internal static void Apply(IConfigurationSection section, TlsOptions options)
    {
        foreach (var entry in section.GetChildren()) Apply(entry.Key, entry.Value ?? "", options);
    }

    private static bool IsRequired(string value) => value.ToUpperInvariant() switch
    {
        "REQUIRED" => true,
        "OPTIONAL" => false,
        _ => throw new PosthasteConfigurationException(
            $"client certificates are '{value}'; they have to be optional or required"),
    };
}
