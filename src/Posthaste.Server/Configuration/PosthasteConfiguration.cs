using Microsoft.Extensions.Configuration;

namespace Posthaste.Server.Configuration;

/// <summary>
/// Reads section <c>Posthaste</c> of a configuration: <c>Data</c> or <c>Memory</c>, <c>Listen:NAME</c>,
/// <c>Versions:NAME</c>, <c>WebSocketOrigins</c>, <c>Tls:…</c>, and the settings of <see cref="NumberSetting.All"/> and
/// <see cref="TextSetting.All"/>, those of a protocol in a section of its own (<c>Mqtt:ReceiveMax</c>). A key that
/// nothing reads is refused: a limit misspelt is a limit not set.
/// </summary>
public static class PosthasteConfiguration
{
    public const string Section = "Posthaste";

    private const string DataKey = "Data";
    private const string MemoryKey = "Memory";
    private const string ListenKey = "Listen";
    private const string VersionsKey = "Versions";
    private const string OriginsKey = "WebSocketOrigins";
    private const string TlsKey = "Tls";

    private static IEnumerable<string> Keys =>
    [
        DataKey, MemoryKey, ListenKey, VersionsKey, OriginsKey, TlsKey,
        .. TextSetting.All.Select(setting => setting.Key),
        .. NumberSetting.All.Select(setting => setting.Key),
    ];

    /// <exception cref="PosthasteConfigurationException">A key is unknown, or a value malformed or out of
    /// range.</exception>
    public static void Apply(IConfiguration configuration, PosthasteOptions options)
    {
        var section = configuration.GetSection(Section);
        ApplyPlace(section.GetSection(DataKey), section.GetSection(MemoryKey), options);
        foreach (var entry in section.GetChildren())
        {
            if (Is(entry, DataKey) || Is(entry, MemoryKey)) continue;
            if (Is(entry, ListenKey)) ApplyByListener(entry, options.Listen);
            else if (Is(entry, VersionsKey)) ApplyByListener(entry, options.Versions);
            else if (Is(entry, OriginsKey)) Replace(options.WebSocketOrigins, entry.Value ?? "");
            else if (Is(entry, TlsKey)) TlsConfiguration.Apply(entry, options.Tls);
            else ApplySettings(entry, entry.Key, options);
        }
    }

    /// <summary>Sets the number or text that a key under <see cref="Section"/> names.</summary>
    /// <exception cref="PosthasteConfigurationException">The key is unknown, or the value malformed or out of
    /// range.</exception>
    public static void ApplySetting(string key, string value, PosthasteOptions options)
    {
        if (key.StartsWith($"{VersionsKey}:", StringComparison.OrdinalIgnoreCase))
            options.Versions[key[(VersionsKey.Length + 1)..]] = value;
        else if (key.StartsWith($"{TlsKey}:", StringComparison.OrdinalIgnoreCase))
            TlsConfiguration.Apply(key[(TlsKey.Length + 1)..], value, options.Tls);
        else if (NumberSetting.All.FirstOrDefault(setting => Is(key, setting.Key)) is { } number)
            number.Read(value, options);
        else if (TextSetting.All.FirstOrDefault(setting => Is(key, setting.Key)) is { } text)
            text.Read(value, options);
        else
            throw new PosthasteConfigurationException(
                $"{Section}:{key} is no setting of Posthaste; these are: {string.Join(", ", Keys)}");
    }

    /// <summary>Fills a list of the options from values separated by commas.</summary>
    public static void Replace(IList<string> list, string values)
    {
        list.Clear();
        foreach (var value in values.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            list.Add(value);
    }

    private static void ApplySettings(IConfigurationSection entry, string key, PosthasteOptions options)
    {
        var isLeaf = true;
        foreach (var child in entry.GetChildren())
        {
            isLeaf = false;
            ApplySettings(child, $"{key}:{child.Key}", options);
        }

        if (isLeaf) ApplySetting(key, entry.Value ?? "", options);
    }

    private static void ApplyByListener(IConfigurationSection section, IDictionary<string, string> values)
    {
        foreach (var entry in section.GetChildren()) values[entry.Key] = entry.Value ?? "";
    }

    private static void ApplyPlace(IConfigurationSection data, IConfigurationSection memory, PosthasteOptions options)
    {
        var isMemory = false;
        if (memory.Value is not null && !bool.TryParse(memory.Value, out isMemory))
            throw new PosthasteConfigurationException($"{memory.Path} is '{memory.Value}'; it has to be true or false");
        // One of them would be silently ignored, and the wrong guess loses data.
        if (isMemory && data.Value is not null)
            throw new PosthasteConfigurationException(
                $"{memory.Path} and {data.Path} exclude each other; set one of them");

        if (isMemory) options.UseMemory();
        else if (data.Value is not null) options.UseDirectory(RequirePath(data));
    }

    private static string RequirePath(IConfigurationSection data) => !string.IsNullOrWhiteSpace(data.Value)
        ? data.Value
        : throw new PosthasteConfigurationException($"{data.Path} is empty; it has to be a directory");

    private static bool Is(IConfigurationSection entry, string key) => Is(entry.Key, key);

    private static bool Is(string given, string key) => given.Equals(key, StringComparison.OrdinalIgnoreCase);
}
