using System.Text.Json.Nodes;
using Posthaste.Commands.Manage.Doctor;

namespace Posthaste.Server.Tests.Executable;

/// <summary>What the doctor makes of facts that a healthy machine doesn't have.</summary>
public sealed class DoctorTests
{
    [Theory]
    [InlineData("1024", Verdict.Doubtful)]
    [InlineData("16384", Verdict.Good)]
    [InlineData("unlimited", Verdict.Good)]
    public void Few_open_files_are_doubtful(string soft, object verdict)
    {
        string[] limits =
        [
            "Limit                     Soft Limit           Hard Limit           Units",
            $"Max open files            {soft}                 1048576              files",
        ];
        Assert.Equal((Verdict)verdict, MachineChecks.Files(limits).Verdict);
    }

    [Theory]
    [InlineData(256L << 20, Verdict.Doubtful)]
    [InlineData(4L << 30, Verdict.Good)]
    public void Little_memory_is_doubtful(long bytes, object verdict) =>
        Assert.Equal((Verdict)verdict, MachineChecks.Memory(bytes).Verdict);

    [Theory]
    [InlineData(10, true, Verdict.Good)]
    [InlineData(10, null, Verdict.Good)]
    [InlineData(10, false, Verdict.Doubtful)]
    [InlineData(-10, true, Verdict.Bad)]
    public void A_clock_that_nothing_keeps_right_is_doubtful_and_one_from_the_past_bad(
        int daysSinceMade, bool? isSynchronized, object verdict)
    {
        var made = new DateTime(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        var finding = MachineChecks.Clock(new DateTimeOffset(made).AddDays(daysSinceMade), made, isSynchronized);
        Assert.Equal((Verdict)verdict, finding.Verdict);
    }

    [Theory]
    [InlineData(-90, Verdict.Doubtful)]
    [InlineData(90, Verdict.Doubtful)]
    [InlineData(2, Verdict.Good)]
    public void Clocks_that_are_apart_are_doubtful(int seconds, object verdict)
    {
        var here = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal((Verdict)verdict, BrokerChecks.Clock(here.AddSeconds(seconds), here).Verdict);
    }

    [Theory]
    [InlineData("amqp", "127.0.0.1", Verdict.Good)]
    [InlineData("amqp", "::1", Verdict.Good)]
    [InlineData("amqps", "0.0.0.0", Verdict.Good)]
    [InlineData("amqp", "0.0.0.0", Verdict.Doubtful)]
    [InlineData("mqtt", "10.0.0.7", Verdict.Doubtful)]
    public void What_others_reach_in_the_clear_is_doubtful(string protocol, string address, object verdict)
    {
        var listener = new JsonObject { ["protocol"] = protocol, ["ip_address"] = address, ["port"] = 1 };
        Assert.Equal((Verdict)verdict, BrokerChecks.Exposure(new JsonArray(listener)).Verdict);
    }

    [Theory]
    [InlineData(3_600_000, Verdict.Doubtful)]
    [InlineData(60_000, Verdict.Good)]
    public void A_message_that_is_out_for_long_is_doubtful_and_its_holder_named(long ageMs, object verdict)
    {
        var node = JsonNode.Parse(
            """
            {"pinned":{"longest_unacknowledged":{"vhost":"/","queue":"orders","oldest_unacknowledged":{"age_ms":AGE,
            "consumer_tag":"t","connection":"a -> b","channel":"a -> b (1)","user":"shop"}}}}
            """.Replace("AGE", $"{ageMs}", StringComparison.Ordinal))!.AsObject();
        var finding = BrokerChecks.Unacknowledged(node);
        Assert.Equal((Verdict)verdict, finding.Verdict);
        Assert.EndsWith("queue 'orders' in '/', a -> b (1) of user 'shop'", finding.Fact, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, Verdict.Doubtful)]
    [InlineData(0, Verdict.Good)]
    public void Connections_that_wait_for_a_quota_are_doubtful(long held, object verdict) => Assert.Equal(
        (Verdict)verdict,
        BrokerChecks.Throttled(new JsonObject { ["quota_held_connections"] = held }).Verdict);

    [Theory]
    [InlineData(2_000_000, 0, Verdict.Doubtful)]
    [InlineData(2_000_000, 1, Verdict.Good)]
    [InlineData(10, 0, Verdict.Good)]
    public void A_long_backlog_that_nobody_consumes_is_doubtful(long ready, int consumers, object verdict)
    {
        var overview = JsonNode.Parse(
            "{\"queue_totals\":{\"messages_ready\":" + ready +
            "},\"object_totals\":{\"consumers\":" + consumers + "}}");
        Assert.Equal((Verdict)verdict, BrokerChecks.Waiting(overview!.AsObject()).Verdict);
    }
}
