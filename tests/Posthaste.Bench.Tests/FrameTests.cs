using Posthaste.Bench.Amqp;
using Posthaste.Bench.Load;

namespace Posthaste.Bench.Tests;

public sealed class FrameTests
{
    [Fact]
    public void A_frame_is_read_only_once_all_of_it_is_there()
    {
        byte[] bytes = [1, 0, 7, 0, 0, 0, 5, 0, 60, 0, 80, 42, Frame.End];
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.False(Frame.TryRead(bytes.AsSpan(0, length), out _, out int none));
            Assert.Equal(0, none);
        }

        Assert.True(Frame.TryRead([.. bytes, 99, 99], out Frame frame, out int consumed));
        Assert.Equal(bytes.Length, consumed);
        Assert.Equal(7, frame.Channel);
        Assert.Equal(Method.BasicAck, frame.Method);
        Assert.Equal([42], frame.Arguments.ToArray());
    }

    [Fact]
    public void A_frame_without_its_end_octet_is_refused()
    {
        byte[] bytes = [1, 0, 7, 0, 0, 0, 1, 0, 0xCD];
        Assert.Throws<ConnectionException>(() => Frame.TryRead(bytes, out _, out _));
    }

    [Fact]
    public void A_string_is_found_behind_fields_of_other_types()
    {
        FrameWriter nested = new();
        nested.Table(("version", "not this one"));
        FrameWriter fields = new();
        fields.ShortString("capabilities").Octet((byte)'F').Raw(nested.Written)
            .ShortString("yes").Octet((byte)'t').Octet(1)
            .ShortString("count").Octet((byte)'l').LongLong(1)
            .ShortString("version").Octet((byte)'S').LongString("1.2.3");
        FrameWriter table = new();
        table.Long((uint)fields.Length).Raw(fields.Written);

        Assert.Equal("1.2.3", FieldTable.FindString(table.Written, "version"));
        Assert.Null(FieldTable.FindString(table.Written, "product"));
    }
}
