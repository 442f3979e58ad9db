using System.Text;
using Posthaste.Bench.Load;

namespace Posthaste.Bench.Stomp;

/// <summary>Receipts: anything else fails the run.</summary>
internal sealed class StompAnswers(ConfirmWindow? window) : PublisherAnswers(window)
{
    public override void Take(ByteReceiver input)
    {
        while (StompFrame.TryRead(input.Unread, out StompFrame frame, out int consumed))
        {
            frame.ThrowIfError();
            if (!frame.Command.SequenceEqual("RECEIPT"u8))
            {
                throw new WorkloadException($"the publisher got {Encoding.UTF8.GetString(frame.Command)}");
            }

            Expect("a receipt").Acknowledge(StompRing.Tag(frame.Header("\nreceipt-id:"u8)), multiple: false);
            input.Skip(consumed);
        }
    }
}
