namespace Posthaste.Bench.Operating;

/// <summary>
/// What an operator sets: the user of the load may do what the load does and not everything, and every queue has
/// policies. Nothing of it stops the load; all of it has to be looked at.
/// </summary>
internal static class Guards
{
    public static void Set(ManagementClient client)
    {
        // Expressions that have to be matched, instead of the ".*" that a broker knows to allow everything. The names
        // are those of the workloads, of queues that the broker names itself and of the exchanges of the protocols.
        client.Put(
            "/api/permissions/%2F/guest",
            """
            {"configure":"^(bench\\.|amq\\.|mqtt|stomp)", "write":"^(bench\\.|amq\\.|mqtt|stomp)",
             "read":"^(bench\\.|amq\\.|mqtt|stomp)"}
            """);
        client.Put(
            "/api/topic-permissions/%2F/guest",
            """{"exchange":"amq.topic", "write":"^bench\\.[0-9]+$", "read":"^bench\\."}""");
        client.Put(
            "/api/policies/%2F/bench",
            """{"pattern":"^(bench|mqtt|amq)", "definition":{"max-length":100000000}, "priority":1}""");
        client.Put(
            "/api/policies/%2F/others",
            """{"pattern":".*", "definition":{"expires":86400000}, "priority":0}""");
        client.Put(
            "/api/operator-policies/%2F/bench",
            """{"pattern":".*", "definition":{"max-length-bytes":100000000000}, "apply-to":"queues"}""");
        foreach (string limits in (string[])["/api/vhost-limits/%2F", "/api/user-limits/guest"])
        {
            client.Put($"{limits}/max-connections", """{"value":10000}""");
            client.Put($"{limits}/max-messages-per-second", """{"value":1000000000}""");
            client.Put($"{limits}/max-bytes-per-second", """{"value":1000000000000}""");
        }

        client.Put("/api/vhost-limits/%2F/max-queues", """{"value":100000}""");
        client.Put("/api/user-limits/guest/max-channels", """{"value":100000}""");
    }
}
