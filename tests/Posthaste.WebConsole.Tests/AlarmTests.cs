using Posthaste.Testing;

namespace Posthaste.WebConsole.Tests;

/// <summary>What is wrong with the broker is said on every page, with what helps.</summary>
public sealed class AlarmTests
{
    private const int TransientBytesMax = 1 << 20;

    [Fact]
    public async Task An_alarm_is_on_every_page_with_its_cause_and_what_to_do()
    {
        var time = new ManualTime();
        await using var broker = await ConsoleBroker.StartAsync(
            time, static options => options.TransientBytesMax = TransientBytesMax);
        using var visitor = new Visitor(broker.Url);
        await visitor.LogInAsync("guest", "guest");
        Assert.Contains("No alarms", await visitor.ReadAsync("/"), StringComparison.Ordinal);
        await broker.ApiAsync(HttpMethod.Put, "queues/%2F/full", "{}");
        var payload = new string('x', TransientBytesMax / 2);
        for (var i = 0; i < 3; i++)
        {
            await broker.ApiAsync(
                HttpMethod.Post, "exchanges/%2F/amq.default/publish",
                $$"""{"routing_key": "full", "payload": "{{payload}}", "properties": null}""");
        }

        time.Advance(TimeSpan.FromSeconds(5));
        foreach (var page in (string[])["/", "/queues", "/queue?vhost=%2F&name=full", "/users", "/dead-letters"])
        {
            var html = await visitor.ReadAsync(page);
            Assert.Contains("<strong>Low on memory</strong>: publishers are held back", html, StringComparison.Ordinal);
            Assert.Contains("<strong>Why:</strong> transient messages fill", html, StringComparison.Ordinal);
            Assert.Contains("<strong>What to do:</strong> consume or purge", html, StringComparison.Ordinal);
        }

        await broker.ApiAsync(HttpMethod.Delete, "queues/%2F/full/contents");
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Contains("No alarms", await visitor.ReadAsync("/"), StringComparison.Ordinal);
    }
}
