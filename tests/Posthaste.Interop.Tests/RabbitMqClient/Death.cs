using System.Text;
using RabbitMQ.Client;

namespace Posthaste.Interop.Tests.RabbitMqClient;

/// <summary>One entry of the `x-death` header, its types checked on the way.</summary>
internal sealed record Death(
    string Queue, string Reason, long Count, string Exchange, string[] RoutingKeys, string? OriginalExpiration)
{
    public static Death[] Of(IReadOnlyBasicProperties properties)
    {
        var entries = Assert.IsType<List<object?>>(properties.Headers!["x-death"]);
        return [.. entries.Select(entry => Read(Assert.IsType<Dictionary<string, object?>>(entry)))];
    }

    /// <summary>A header that the broker wrote as a long string.</summary>
    public static string? Text(IReadOnlyBasicProperties properties, string header) =>
        properties.Headers!.TryGetValue(header, out object? value) ? Text(value) : null;

    private static Death Read(Dictionary<string, object?> entry)
    {
        var time = Assert.IsType<AmqpTimestamp>(entry["time"]);
        TimeSpan age = DateTimeOffset.UtcNow - DateTimeOffset.FromUnixTimeSeconds(time.UnixTime);
        Assert.InRange(age, TimeSpan.FromSeconds(-2), TimeSpan.FromMinutes(2));
        return new Death(
            Text(entry["queue"]),
            Text(entry["reason"]),
            Assert.IsType<long>(entry["count"]),
            Text(entry["exchange"]),
            [.. Assert.IsType<List<object?>>(entry["routing-keys"]).Select(Text)],
            entry.TryGetValue("original-expiration", out object? expiration) ? Text(expiration) : null);
    }

    private static string Text(object? value) => Encoding.UTF8.GetString(Assert.IsType<byte[]>(value));
}
