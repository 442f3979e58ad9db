using Posthaste.Broker.Security.Access;
using Posthaste.Protocols.Mqtt.Wire;

namespace Posthaste.Protocols.Mqtt.Tests.Session;

/// <summary>
/// For any permissions MQTT's answer is the model's: a publish is one to `amq.topic`, a subscription of QoS 0 declares
/// a queue, binds it and consumes.
/// </summary>
public sealed class AccessMatrixTests
{
    private const string ClientId = "a";

    [Fact]
    public async Task Any_permissions_mean_what_the_table_says()
    {
        await using var host = new BrokerHost();
        AccessMatrix.Check(
            [Operation.Publish], [AccessMatrix.TopicExchange], entry => IsAllowedAsync(host, entry, client =>
                client.PublishAsync(TopicOf(entry.Key), "x", QoS.AtLeastOnce)));
    }

    [Fact]
    public async Task A_subscription_needs_all_that_it_does()
    {
        await using var host = new BrokerHost();
        AccessMatrix.Check([Operation.Bind], [AccessMatrix.TopicExchange], async entry =>
        {
            var queue = $"mqtt-subscription-{ClientId}qos0";
            var isAllowed = await IsAllowedAsync(host, entry, async client =>
                (await client.SubscribeForAckAsync(TopicOf(entry.Key))).Codes[0]);
            var expected = entry.Configure.Matches(queue) && entry.Read.Matches(queue)
                && (entry with { Queue = queue }).IsAllowed;
            Assert.Equal(expected, isAllowed);
            return entry.IsAllowed;
        });
    }

    private static async Task<bool> IsAllowedAsync(
        BrokerHost host, AccessCase entry, Func<TestClient, Task<ReasonCode>> act)
    {
        var users = host.Broker.Users;
        Assert.Null(users.SetPermission(
            "guest", "/", Permission.Create(entry.Configure.Text, entry.Write.Text, entry.Read.Text)));
        Assert.Null(users.SetTopicPermission(
            "guest", "/", AccessMatrix.TopicExchange,
            entry.TopicWrite is { } write ? new TopicPermission(write.Text, entry.TopicRead!.Text) : null));
        await using var client = await host.OpenAsync(ClientId);
        return await act(client) != ReasonCode.NotAuthorized;
    }

    private static string TopicOf(string key) => key.Replace('.', '/');
}
