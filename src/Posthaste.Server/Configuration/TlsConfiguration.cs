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
            ["Crl"] = (value, options) => options.RevocationListFile = value.Length > 0 ? value : null,
            ["Revocation"] = (value, options) =>
                options.AsksForRevocation = OneOf("Revocation", value, "off", "online"),
            ["MinVersion"] = (value, options) => options.RequiresTls13 = OneOf("MinVersion", value, "1.2", "1.3"),
            ["KeyLog"] = (value, options) => options.LogsKeys = OneOf("KeyLog", value, "false", "true"),
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

    /// <summary>Whether it is the second of the two values that a setting has.</summary>
    private static bool OneOf(string key, string value, string first, string second)
    {
        if (value.Equals(second, StringComparison.OrdinalIgnoreCase)) return true;
        return value.Equals(first, StringComparison.OrdinalIgnoreCase)
            ? false
            : throw new PosthasteConfigurationException(
                $"{PosthasteConfiguration.Section}:Tls:{key} is '{value}'; it has to be {first} or {second}");
    }

    private static bool IsRequired(string value) => value.ToUpperInvariant() switch
    {
        "REQUIRED" => true,
        "OPTIONAL" => false,
        _ => throw new PosthasteConfigurationException(
            $"client certificates are '{value}'; they have to be optional or required"),
    };
}
