using Posthaste.Broker.Security.Access;

namespace Posthaste.Protocols.Stomp.Tests.Session;

/// <summary>For any permissions STOMP's answer is the model's, by destinations that name what there is.</summary>
public sealed class AccessMatrixTests
{
    [Fact]
    public async Task Any_permissions_mean_what_the_table_says()
    {
        await using var host = new BrokerHost();
        foreach (var queue in AccessMatrix.Queues)
        {
            var setup = await host.OpenAsync();
            await setup.PublishAsync($"/queue/{queue}", "x");
            await setup.FenceAsync();
        }

        AccessMatrix.Check(
            [Operation.Publish, Operation.Consume], [AccessMatrix.TopicExchange, "amq.direct"],
            entry => IsAllowedAsync(host, entry));
    }

    private static async Task<bool> IsAllowedAsync(BrokerHost host, AccessCase entry)
    {
        var users = host.Broker.Users;
        Assert.Null(users.SetPermission(
            "guest", "/", Permission.Create(entry.Configure.Text, entry.Write.Text, entry.Read.Text)));
        Assert.Null(users.SetTopicPermission(
            "guest", "/", AccessMatrix.TopicExchange,
            entry.TopicWrite is { } write ? new TopicPermission(write.Text, entry.TopicRead!.Text) : null));
        await using var client = await host.OpenAsync();
        var frame = entry.Operation == Operation.Publish
            ? $"SEND\ndestination:/exchange/{entry.Exchange}/{entry.Key}\nreceipt:r\n\nx\0"
            : $"SUBSCRIBE\nid:0\nack:client\ndestination:/amq/queue/{entry.Queue}\nreceipt:r\n\n\0";
        await client.SendAsync(frame);
        while (true)
        {
            var answer = await client.ReadAsync() ?? throw new InvalidDataException("the connection was closed");
            if (answer.Command == "RECEIPT") return true;
            if (answer.Command != "ERROR") continue;
            Assert.Equal("access_refused", answer["message"]);
            return false;
        }
    }
}
