using System.Net;
using System.Text.Json.Nodes;
using Posthaste.Broker.Security.Access;
using Posthaste.Testing;

namespace Posthaste.Management.Tests;

/// <summary>For any permissions the management API's answer is the model's.</summary>
public sealed class AccessMatrixTests(ApiHost api) : IClassFixture<ApiHost>
{
    private const string Host = "%2F";
    private const string User = "matrix";

    [Fact]
    public void Any_permissions_mean_what_the_table_says()
    {
        api.AddUser(User, "management");
        AccessMatrix.Check(
            [
                Operation.DeclareQueue, Operation.DeclareQueueWithDeadLetters, Operation.DeleteQueue,
                Operation.DeclareExchange, Operation.DeclareExchangeWithAlternate, Operation.DeleteExchange,
                Operation.Bind, Operation.Publish, Operation.Get, Operation.Purge,
            ],
            ["amq.default", AccessMatrix.TopicExchange, "x"], IsAllowedAsync);
    }

    private async Task<bool> IsAllowedAsync(AccessCase entry)
    {
        foreach (var queue in AccessMatrix.Queues) await api.PutAsync($"queues/{Host}/{queue}", new JsonObject());
        await api.PutAsync($"exchanges/{Host}/x", new JsonObject { ["type"] = "direct" });
        var users = api.Broker.Users;
        Assert.Null(users.SetPermission(
            User, "/", Permission.Create(entry.Configure.Text, entry.Write.Text, entry.Read.Text)));
        Assert.Null(users.SetTopicPermission(
            User, "/", AccessMatrix.TopicExchange,
            entry.TopicWrite is { } write ? new TopicPermission(write.Text, entry.TopicRead!.Text) : null));
        var (status, body) = await SendAsync(entry);
        return status switch
        {
            // Nobody may, whatever the permissions, which are asked before.
            HttpStatusCode.Unauthorized when $"{body}".Contains("deletion of system", StringComparison.Ordinal) => true,
            HttpStatusCode.Unauthorized => false,
            HttpStatusCode.BadRequest when $"{body}".Contains("refused for user", StringComparison.Ordinal) => false,
            _ => true,
        };
    }

    private Task<(HttpStatusCode Status, JsonNode? Body)> SendAsync(AccessCase entry)
    {
        var queue = $"queues/{Host}/{entry.Queue}";
        var exchange = $"exchanges/{Host}/{entry.Exchange}";
        return entry.Operation switch
        {
            Operation.DeclareQueue => api.PutAsync(queue, new JsonObject(), User),
            Operation.DeclareQueueWithDeadLetters => api.PutAsync(
                queue, With([], "x-dead-letter-exchange", entry.Other), User),
            Operation.DeleteQueue => api.SendAsync(HttpMethod.Delete, queue, user: User),
            Operation.DeclareExchange => api.PutAsync(exchange, new JsonObject { ["type"] = "direct" }, User),
            Operation.DeclareExchangeWithAlternate => api.PutAsync(
                exchange, With(new JsonObject { ["type"] = "direct" }, "alternate-exchange", entry.Other), User),
            Operation.DeleteExchange => api.SendAsync(HttpMethod.Delete, exchange, user: User),
            Operation.Bind => api.PostAsync(
                $"bindings/{Host}/e/{entry.Exchange}/q/{entry.Queue}",
                new JsonObject { ["routing_key"] = entry.Key }, User),
            Operation.Publish => api.PostAsync($"{exchange}/publish", new JsonObject
            {
                ["routing_key"] = entry.Key,
                ["payload"] = "x",
                ["payload_encoding"] = "string",
                ["properties"] = new JsonObject(),
            }, User),
            Operation.Get => api.PostAsync($"{queue}/get", new JsonObject
            {
                ["count"] = 1,
                ["ackmode"] = "ack_requeue_false",
                ["encoding"] = "auto",
            }, User),
            _ => api.SendAsync(HttpMethod.Delete, $"{queue}/contents", user: User),
        };
    }

    private static JsonObject With(JsonObject declaration, string argument, string value)
    {
        declaration["arguments"] = new JsonObject { [argument] = value };
        return declaration;
    }
}
