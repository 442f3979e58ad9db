using System.Net;
using System.Text.Json.Nodes;
using Posthaste.Broker.Security.Access;
using Posthaste.Broker.Statistics;

namespace Posthaste.Management.Tests;

/// <summary>Counts, rates and samples over HTTP, in RabbitMQ's shapes.</summary>
public sealed class StatisticsTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task A_queue_and_its_exchange_show_what_came_and_how_fast()
    {
        await api.PutAsync("queues/%2F/counted", new JsonObject());
        await PublishAsync("counted", 10);
        api.Sample();

        var queue = await api.GetAsync(
            "queues/%2F/counted?lengths_age=60&lengths_incr=5&msg_rates_age=60&msg_rates_incr=5");
        Assert.Equal(10, (long)queue["messages"]!);
        Assert.Equal(2, (double)queue["messages_details"]!["rate"]!, precision: 2);
        Assert.Equal(10, (long)queue["message_stats"]!["publish"]!);
        Assert.Equal(2, (double)queue["message_stats"]!["publish_details"]!["rate"]!, precision: 2);
        var samples = queue["messages_ready_details"]!["samples"]!.AsArray();
        Assert.Equal(10, (long)samples[0]!["sample"]!);
        Assert.Equal(0, (long)samples[1]!["sample"]!);
        Assert.True((long)samples[0]!["timestamp"]! > 0);
        Assert.Equal(10, (long)queue["message_stats"]!["publish_details"]!["samples"]![0]!["sample"]!);
        Assert.Equal(30, (long)queue["message_bytes_ready"]!);

        await api.PostAsync("queues/%2F/counted/get", new JsonObject
        {
            ["count"] = 4,
            ["ackmode"] = "ack_requeue_false",
            ["encoding"] = "auto",
        });
        var after = await api.GetAsync("queues/%2F/counted");
        Assert.Equal(6, (long)after["messages"]!);
        Assert.Equal(4, (long)after["message_stats"]!["deliver_get"]!);

        var exchange = await api.GetAsync("exchanges/%2F/amq.default");
        Assert.True((long)exchange["message_stats"]!["publish_in"]! >= 10);
        Assert.True((long)exchange["message_stats"]!["publish_out"]! >= 10);
        var host = await api.GetAsync("vhosts/%2F");
        Assert.True((long)host["messages_ready"]! >= 6);
        var overview = await api.GetAsync("overview?columns=queue_totals,message_stats.deliver_get");
        Assert.True((long)overview["queue_totals"]!["messages"]! >= 6);
        Assert.True((long)overview["message_stats"]!["deliver_get"]! >= 4);
        Assert.Null(overview["node"]);
    }

    [Fact]
    public async Task Connections_channels_and_consumers_are_listed_and_found()
    {
        await api.PutAsync("queues/%2F/consumed", new JsonObject());
        using var client = new FakeClient(api.Broker, "consumed");
        client.Channel.PublishedCount = 20;

        // As a session does after a read: what is looked at is counted.
        Assert.Equal(20, client.Connection.Meter.Now.Of(Metric.Published));
        api.Sample();
        const string Connection = "127.0.0.1%3A40000%20-%3E%20127.0.0.1%3A5672";

        var channel = await api.GetAsync($"channels/{Connection}%20(1)");
        Assert.Equal(1, (int)channel["number"]!);
        Assert.True((bool)channel["confirm"]!);
        Assert.Equal(7, (int)channel["prefetch_count"]!);
        Assert.Equal(2, (int)channel["messages_unconfirmed"]!);
        Assert.Equal(20, (long)channel["message_stats"]!["publish"]!);
        Assert.Equal("tag", (string?)channel["consumer_details"]![0]!["consumer_tag"]);
        Assert.Single((await api.GetAsync("channels")).AsArray());
        Assert.Single((await api.GetAsync("vhosts/%2F/channels")).AsArray());
        Assert.Single((await api.GetAsync($"connections/{Connection}/channels")).AsArray());

        var connection = await api.GetAsync($"connections/{Connection}");
        Assert.Equal(1, (int)connection["channels"]!);
        Assert.Equal(4, (double)connection["message_stats"]!["publish_details"]!["rate"]!, precision: 2);

        var consumer = Assert.Single((await api.GetAsync("consumers/%2F")).AsArray())!;
        Assert.Equal("consumed", (string?)consumer["queue"]!["name"]);
        Assert.True((bool)consumer["ack_required"]!);
        Assert.Equal("up", (string?)consumer["activity_status"]);
        Assert.EndsWith("(1)", (string?)consumer["channel_details"]!["name"], StringComparison.Ordinal);
        var queue = await api.GetAsync("queues/%2F/consumed");
        Assert.Equal("tag", (string?)queue["consumer_details"]![0]!["consumer_tag"]);
        var totals = (await api.GetAsync("overview"))["object_totals"]!;
        Assert.Equal(1, (int)totals["channels"]!);
        Assert.Equal(1, (int)totals["consumers"]!);
    }

    [Fact]
    public async Task A_window_that_is_none_is_refused()
    {
        var (status, body) = await api.SendAsync(HttpMethod.Get, "queues?lengths_age=x&lengths_incr=5");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("lengths_age", (string?)body!["reason"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_sees_one_virtual_host_gets_its_sums_only()
    {
        api.Broker.AddVirtualHost("apart");
        api.AddUser("narrow", "management");
        api.Broker.Users.SetPermission("narrow", "apart", Permission.Full);
        await api.PutAsync("queues/%2F/elsewhere", new JsonObject());
        await PublishAsync("elsewhere", 3);

        var overview = await api.GetAsync("overview", user: "narrow");
        Assert.Equal(0, (long)overview["queue_totals"]!["messages"]!);
        Assert.Equal(0, (long)overview["message_stats"]!["deliver_get"]!);
        Assert.Equal(0, (double)overview["message_stats"]!["publish_details"]!["rate"]!);
    }

    private async Task PublishAsync(string queue, int count)
    {
        for (var i = 0; i < count; i++)
        {
            await api.PostAsync("exchanges/%2F/amq.default/publish", new JsonObject
            {
                ["routing_key"] = queue,
                ["payload"] = "abc",
                ["payload_encoding"] = "string",
                ["properties"] = new JsonObject(),
            });
        }
    }
}
