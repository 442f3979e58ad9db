using System.Text;
using Posthaste.Bench.Load;

namespace Posthaste.Bench.Stomp;

/// <summary>SENDs to one destination; the persistent ones ask for a receipt that is the message's number.</summary>
internal sealed class StompRing : MessageRing
{
    private const int ReceiptDigits = 12;
    private readonly int _receiptOffset;

    /// <param name="destination">Where to send.</param>
    /// <param name="bodyBytes">Size of each body, 16 or more.</param>
    /// <param name="persistent">With <c>persistent:true</c> and a receipt.</param>
    public StompRing(string destination, int bodyBytes, bool persistent)
        : base(Encode(destination, bodyBytes, persistent), numbersMessages: persistent)
    {
        // The receipt is the last header: its digits, two line feeds, the body, NUL.
        _receiptOffset = SlotBytes - 1 - bodyBytes - 2 - ReceiptDigits;
    }

    /// <summary>The tag that <see cref="ConfirmWindow"/> gives the message of a receipt.</summary>
    public static ulong Tag(ReadOnlySpan<byte> receipt) => (ulong)StompFrame.Number(receipt) + 1;

    protected override void Number(Span<byte> slot, long sequence)
    {
        for (int i = ReceiptDigits - 1; i >= 0; i--, sequence /= 10)
        {
            slot[_receiptOffset + i] = (byte)('0' + (sequence % 10));
        }
    }

    private static EncodedMessages Encode(string destination, int bodyBytes, bool persistent)
    {
        string persistence = persistent ? $"persistent:true\nreceipt:{new string('0', ReceiptDigits)}\n" : "";
        string head = $"SEND\ndestination:{destination}\ncontent-length:{bodyBytes}\n{persistence}\n";
        return Repeat(
            [.. Encoding.UTF8.GetBytes(head), .. CreateBody(bodyBytes), 0], Encoding.UTF8.GetByteCount(head));
    }
}
