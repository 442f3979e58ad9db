using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.Wire;

/// <summary>What no client library sends: wrong frames, wrong states, and what the broker refuses to do.</summary>
public sealed class ProtocolErrorTests(BrokerFixture broker)
{
    [BrokerFact]
    public async Task The_immediate_flag_is_540()
    {
        await using WireClient client = await WireClient.OpenAsync(broker);
        const int Immediate = 0b10;
        await client.SendMethodAsync(1, 60, 40,
            new WireWriter().Short(0).ShortString("").ShortString("key").Octet(Immediate));
        await client.SendFrameAsync(WireFrame.Header, 1, ContentHeader(0));
        await client.ExpectConnectionErrorAsync(540, "NOT_IMPLEMENTED - immediate=true");
    }

    [BrokerFact]
    public async Task Recover_with_requeue_returns_what_is_unacknowledged()
    {
        await using WireClient client = await WireClient.OpenAsync(broker);
        string queue = await client.DeclareExclusiveQueueAsync();
        await client.PublishAsync("", queue, [0, 0], "again"u8.ToArray());
        WireMessage first = await client.GetAsync(queue);
        Assert.Equal((1, false), (first.Tag, first.Redelivered));
        await client.SendMethodAsync(1, 60, 110, new WireWriter().Octet(1));
        await client.ExpectAsync(60, 111);
        WireMessage again = await client.GetAsync(queue);
        Assert.Equal((2, true), (again.Tag, again.Redelivered));
    }

    [BrokerFact]
    public async Task Recover_without_requeue_is_540()
    {
        await using WireClient client = await WireClient.OpenAsync(broker);
        await client.SendMethodAsync(1, 60, 110, new WireWriter().Octet(0));
        await client.ExpectConnectionErrorAsync(540, "NOT_IMPLEMENTED - requeue=false");
    }

    [BrokerFact]
    public async Task Stopping_the_flow_is_confirmed()
    {
        broker.SkipOnRabbitMq("active=false is the connection error 540");
        await using WireClient client = await WireClient.OpenAsync(broker);
        await client.SendMethodAsync(1, 20, 20, new WireWriter().Octet(0));
        Assert.Equal(0, (await client.ExpectAsync(20, 21)).Arguments[0]);
    }

    [BrokerFact]
    public async Task Starting_the_flow_is_confirmed()
    {
        await using WireClient client = await WireClient.OpenAsync(broker);
        await client.SendMethodAsync(1, 20, 20, new WireWriter().Octet(1));
        Assert.Equal(1, (await client.ExpectAsync(20, 21)).Arguments[0]);
    }

    [BrokerFact]
    public async Task Opening_a_channel_twice_is_504()
    {
        await using WireClient client = await WireClient.OpenAsync(broker);
        await client.SendMethodAsync(1, 20, 10, new WireWriter().ShortString(""));
        await client.ExpectConnectionErrorAsync(504, "CHANNEL_ERROR - second 'channel.open' seen");
    }

    [BrokerFact]
    public async Task Using_a_channel_that_is_not_open_is_504()
    {
        await using WireClient client = await WireClient.OpenAsync(broker);
        await client.SendMethodAsync(2, 60, 10, new WireWriter().Long(0).Short(1).Octet(0));
        await client.ExpectConnectionErrorAsync(504, "CHANNEL_ERROR - expected 'channel.open'");
    }

    [BrokerFact]
    public async Task A_header_without_a_method_is_505()
    {
        await using WireClient client = await WireClient.OpenAsync(broker);
        await client.SendFrameAsync(WireFrame.Header, 1, ContentHeader(0));
        await client.ExpectConnectionErrorAsync(505,
            "UNEXPECTED_FRAME - expected method frame, got non method frame instead");
    }

    [BrokerFact]
    public async Task A_method_in_the_middle_of_a_message_is_505()
    {
        await using WireClient client = await WireClient.OpenAsync(broker);
        await client.SendMethodAsync(1, 60, 40, new WireWriter().Short(0).ShortString("").ShortString("key").Octet(0));
        await client.SendMethodAsync(1, 60, 10, new WireWriter().Long(0).Short(1).Octet(0));
        await client.ExpectConnectionErrorAsync(505,
            "UNEXPECTED_FRAME - expected content header for class 60, got non content header frame instead");
    }

    [BrokerFact]
    public async Task A_body_longer_than_its_header_said_is_501()
    {
        broker.SkipOnRabbitMqBefore("4.0", "a body that is too long left the channel waiting");
        await using WireClient client = await WireClient.OpenAsync(broker);
        await client.SendMethodAsync(1, 60, 40, new WireWriter().Short(0).ShortString("").ShortString("key").Octet(0));
        await client.SendFrameAsync(WireFrame.Header, 1, ContentHeader(3));
        await client.SendFrameAsync(WireFrame.Body, 1, new byte[5]);
        await client.ExpectConnectionErrorAsync(501,
            "FRAME_ERROR - content body frame exceeds remaining content size");
    }

    [BrokerTheory]
    [InlineData(60, 999)]
    [InlineData(999, 10)]
    public async Task An_unknown_method_is_answered_before_the_connection_ends(int classId, int methodId)
    {
        broker.SkipOnRabbitMq("an unknown method ends the socket without a word");
        await using WireClient client = await WireClient.OpenAsync(broker);
        await client.SendMethodAsync(1, classId, methodId, new WireWriter());
        WireFrame close = await client.ExpectAsync(10, 50);
        Assert.Contains(close.Reason.Code, (int[])[503, 540, 541]);
    }

    [BrokerFact]
    public async Task A_frame_without_its_end_marker_is_501()
    {
        await using WireClient client = await WireClient.OpenAsync(broker);
        byte[] frame = new WireFrame(WireFrame.Method, 1, new byte[8]).Encode();
        frame[^1] = 0;
        await client.SendAsync(frame);
        Assert.Equal(501, (await client.ExpectAsync(10, 50)).Reason.Code);
    }

    [BrokerFact]
    public async Task A_frame_above_the_maximum_is_501_before_it_is_read()
    {
        await using WireClient client = await WireClient.OpenAsync(broker);
        await client.SendAsync(new WireWriter().Octet(WireFrame.Body).Short(1).Long(500_000_000).ToArray());
        Assert.Equal(501, (await client.ExpectAsync(10, 50)).Reason.Code);
    }

    [BrokerFact]
    public async Task A_heartbeat_on_a_channel_is_505()
    {
        await using WireClient client = await WireClient.OpenAsync(broker);
        await client.SendFrameAsync(WireFrame.Heartbeat, 1, []);
        Assert.Equal(505, (await client.ExpectAsync(10, 50)).Reason.Code);
    }

    [BrokerFact]
    public async Task Truncated_arguments_end_the_connection()
    {
        await using WireClient client = await WireClient.OpenAsync(broker);
        await client.SendMethodAsync(1, 50, 10, new WireWriter().Short(0).Octet(200).Raw("short"u8));
        WireFrame close = await client.ExpectAsync(10, 50);
        Assert.Contains(close.Reason.Code, (int[])[501, 502]);
    }

    [BrokerFact]
    public async Task Access_request_is_answered_for_old_clients()
    {
        await using WireClient client = await WireClient.OpenAsync(broker);
        await client.SendMethodAsync(1, 30, 10, new WireWriter().ShortString("/data").Octet(0));
        await client.ExpectAsync(30, 11);
    }

    [BrokerFact]
    public async Task Confirms_cannot_follow_transactions()
    {
        await using WireClient client = await WireClient.OpenAsync(broker);
        await client.SendMethodAsync(1, 90, 10, new WireWriter());
        await client.ExpectAsync(90, 11);
        await client.SendMethodAsync(1, 85, 10, new WireWriter().Octet(0));
        await client.ExpectChannelErrorAsync(406, "PRECONDITION_FAILED - cannot switch from tx to confirm mode");
    }

    [BrokerFact]
    public async Task Frames_after_a_channel_error_are_ignored_until_the_close_is_confirmed()
    {
        string missing = $"wire.missing.{Guid.NewGuid():N}";
        await using WireClient client = await WireClient.OpenAsync(broker);
        WireWriter passive = new WireWriter().Short(0).ShortString(missing).Octet(1).EmptyTable();
        await client.SendMethodAsync(1, 50, 10, passive);
        await client.SendMethodAsync(1, 50, 10, passive);
        await client.SendMethodAsync(1, 60, 40, new WireWriter().Short(0).ShortString("").ShortString("key").Octet(0));
        await client.SendFrameAsync(WireFrame.Header, 1, ContentHeader(0));
        await client.ExpectChannelErrorAsync(404, $"NOT_FOUND - no queue '{missing}' in vhost '/'");
    }

    [BrokerFact]
    public async Task A_message_may_arrive_one_byte_at_a_time_and_in_many_body_frames()
    {
        await using WireClient client = await WireClient.OpenAsync(broker);
        string queue = await client.DeclareExclusiveQueueAsync();
        byte[] message =
        [
            .. new WireFrame(WireFrame.Method, 1, new WireWriter()
                .Short(60).Short(40).Short(0).ShortString("").ShortString(queue).Octet(0).ToArray()).Encode(),
            .. new WireFrame(WireFrame.Header, 1, ContentHeader(4)).Encode(),
            .. new WireFrame(WireFrame.Body, 1, "ab"u8.ToArray()).Encode(),
            .. new WireFrame(WireFrame.Body, 1, []).Encode(),
            .. new WireFrame(WireFrame.Body, 1, "cd"u8.ToArray()).Encode(),
        ];
        foreach (byte piece in message)
            await client.SendAsync([piece]);
        Assert.Equal("abcd"u8.ToArray(), (await client.GetAsync(queue)).Body);
    }

    /// <summary>A content header of class 60 without properties.</summary>
    private static byte[] ContentHeader(long bodySize) =>
        new WireWriter().Short(60).Short(0).LongLong(bodySize).Short(0).ToArray();
}
