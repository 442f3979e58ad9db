using System.Globalization;

namespace Posthaste.Server.Configuration;

/// <summary>What a number counts, so that it is read and printed in units that people use.</summary>
public enum SettingUnit
{
    /// <summary>Things: connections, index entries.</summary>
    Count,

    /// <summary>Bytes; may be written as <c>64MiB</c>.</summary>
    Bytes,

    /// <summary>Milliseconds.</summary>
    Milliseconds,

    /// <summary>Seconds, where the protocol counts in them.</summary>
    Seconds,
}

/// <summary>
/// One number of the configuration with its range: the one place that names its key, reads it, checks it and
/// documents it.
/// </summary>
/// <param name="Key">Key under section <c>Posthaste</c>; <c>Mqtt:ReceiveMax</c> for one of a protocol.</param>
/// <param name="Min">Smallest value that makes sense.</param>
/// <param name="Max">Largest value that makes sense.</param>
/// <param name="Meaning">What it bounds and why the default is what it is, for the documentation.</param>
public sealed record NumberSetting(
    string Key,
    SettingUnit Unit,
    long Min,
    long Max,
    Func<PosthasteOptions, long> Get,
    Action<PosthasteOptions, long> Set,
    string Meaning)
{
    internal const long KiB = 1L << 10;
    internal const long MiB = 1L << 20;
    internal const long GiB = 1L << 30;
    internal const long TiB = 1L << 40;

    private static readonly (string Suffix, long Factor)[] Suffixes =
        [("TiB", TiB), ("GiB", GiB), ("MiB", MiB), ("KiB", KiB), ("B", 1)];

    /// <summary>Every number that can be set, in the order of the documentation.</summary>
    public static IReadOnlyList<NumberSetting> All { get; } =
        [
            .. BrokerNumbers.All, .. TelemetryNumbers.All, .. AmqpNumbers.All, .. MqttNumbers.All, .. StompNumbers.All,
        ];

    /// <summary>The default in words, where it depends on the machine; else null.</summary>
    public string? DefaultText { get; init; }

    /// <summary>The settings as the table of docs/operating.md.</summary>
    public static string ToMarkdown()
    {
        var defaults = new PosthasteOptions();
        var rows = All.Select(setting =>
            $"| `{setting.Key}` | {setting.DefaultText ?? setting.Format(setting.Get(defaults))} " +
            $"| {setting.Format(setting.Min)} to {setting.Format(setting.Max)} | {setting.Meaning} |");
        string[] head = ["| Setting | Default | Range | What it bounds |", "|---|---|---|---|"];
        return string.Join('\n', head.Concat(rows));
    }

    /// <summary>Reads the number from text and applies it.</summary>
    /// <exception cref="PosthasteConfigurationException">The text is no such number, or it is out of range.</exception>
    public void Read(string text, PosthasteOptions options)
    {
        if (!TryParse(text, out var value)) throw Refuse($"'{text}'");
        if (value < Min || value > Max) throw Refuse(text);
        Set(options, value);
    }

    /// <exception cref="PosthasteConfigurationException">The number is out of range.</exception>
    public void Check(PosthasteOptions options)
    {
        var value = Get(options);
        if (value < Min || value > Max) throw Refuse(value.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The number as people write it: <c>64 MiB</c> for 67108864 bytes.</summary>
    public string Format(long value)
    {
        if (Unit != SettingUnit.Bytes)
        {
            var number = value.ToString("#,0", CultureInfo.InvariantCulture);
            return Unit switch
            {
                SettingUnit.Milliseconds => $"{number} ms",
                SettingUnit.Seconds => $"{number} s",
                _ => number,
            };
        }

        foreach (var (suffix, factor) in Suffixes)
        {
            if (value >= factor && value % factor == 0) return $"{value / factor} {suffix}";
        }

        return $"{value} B";
    }

    private PosthasteConfigurationException Refuse(string value) =>
        new($"{PosthasteConfiguration.Section}:{Key} is {value}; it has to be {Format(Min)} to {Format(Max)}");

    private bool TryParse(string text, out long value)
    {
        var digits = text.AsSpan().Trim();
        var factor = 1L;
        if (Unit == SettingUnit.Bytes)
        {
            foreach (var (suffix, size) in Suffixes)
            {
                if (!digits.EndsWith(suffix, StringComparison.OrdinalIgnoreCase)) continue;
                digits = digits[..^suffix.Length].TrimEnd();
                factor = size;
                break;
            }
        }

        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value)) return false;
        if (value > long.MaxValue / factor) return false;
        value *= factor;
        return true;
    }
}
