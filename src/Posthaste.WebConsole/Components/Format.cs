using System.Globalization;

namespace Posthaste.WebConsole.Components;

/// <summary>Numbers for people.</summary>
internal static class Format
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>The protocols of clients, as the API names them.</summary>
    public static readonly string[] Protocols = ["amqp", "mqtt", "stomp"];

    /// <summary>A protocol as people write it.</summary>
    public static string Protocol(string? name) => name switch
    {
        "amqp" => "AMQP 0-9-1",
        null => "",
        _ => name.ToUpperInvariant(),
    };

    /// <summary>With thousands set apart: 12,345.</summary>
    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>Per second; small ones with a digit behind the point.</summary>
    public static string Rate(double perSecond) =>
        perSecond.ToString(perSecond is > 0 and < 10 ? "0.0" : "N0", CultureInfo.InvariantCulture);

    public static string Bytes(long bytes)
    {
        double size = bytes;
        var unit = 0;
        while (size >= 1024 && unit < Units.Length - 1)
        {
            size /= 1024;
            unit++;
        }

        return $"{size.ToString(unit == 0 || size >= 100 ? "N0" : "0.0", CultureInfo.InvariantCulture)} {Units[unit]}";
    }

    /// <summary>A moment as everybody understands it, in UTC.</summary>
    public static string Time(long unixMs) => DateTimeOffset.FromUnixTimeMilliseconds(unixMs)
        .ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>One or many: `1 message`, `2,000 messages`.</summary>
    public static string Count(long number, string one) => $"{Count(number)} {one}{(number == 1 ? "" : "s")}";

    /// <summary>The two largest units: `3 d 4 h`, `12 s`.</summary>
    public static string Span(long milliseconds)
    {
        var span = TimeSpan.FromMilliseconds(milliseconds);
        if (span.TotalDays >= 1) return $"{(int)span.TotalDays} d {span.Hours} h";
        if (span.TotalHours >= 1) return $"{span.Hours} h {span.Minutes} min";
        return span.TotalMinutes >= 1 ? $"{span.Minutes} min {span.Seconds} s" : $"{span.Seconds} s";
    }
}
