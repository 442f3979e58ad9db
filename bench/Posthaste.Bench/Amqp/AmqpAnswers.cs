using System.Buffers.Binary;
using Posthaste.Bench.Load;

namespace Posthaste.Bench.Amqp;

/// <summary>Publisher confirms: anything but an acknowledgement fails the run.</summary>
internal sealed class AmqpAnswers(ConfirmWindow? window) : PublisherAnswers(window)
{
    public override void Take(ByteReceiver input)
    {
        while (Frame.TryRead(input.Unread, out Frame frame, out int consumed))
        {
            AmqpConnection.ThrowIfClosed(frame);
            Apply(frame);
            input.Skip(consumed);
        }
    }

    private void Apply(in Frame frame)
    {
        if (frame.Type == Frame.HeartbeatType)
        {
            return;
        }

        if (frame.Type != Frame.MethodType || frame.Method != Method.BasicAck)
        {
            string what = frame.Type == Frame.MethodType ? Describe(frame.Method) : $"frame type {frame.Type}";
            throw new WorkloadException($"the publisher got {what} instead of a confirm");
        }

        ReadOnlySpan<byte> arguments = frame.Arguments;
        Expect("a confirm").Acknowledge(BinaryPrimitives.ReadUInt64BigEndian(arguments), (arguments[8] & 1) != 0);
    }

    private static string Describe(uint method) => method switch
    {
        Method.BasicReturn => "basic.return (unroutable)",
        Method.BasicNack => "basic.nack",
        _ => $"method {method >> 16}.{method & 0xFFFF}",
    };
}
