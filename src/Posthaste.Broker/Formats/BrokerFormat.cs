using System.Buffers.Binary;
using Posthaste.Core.Messages;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.Formats;

/// <summary>
/// The properties of messages that the broker publishes itself, in no protocol's words: every consumer gets them by
/// way of the canonical form.
/// <code>
///  0                8
/// +----------------+------------------------------+
/// | made at, s     | headers: content of a field  |
/// | since 1970     | table, as AMQP 0-9-1 has it, |
/// | (u64, LE),     | without its length           |
/// | 0 for untold   |                              |
/// +----------------+------------------------------+
/// </code>
/// </summary>
internal sealed class BrokerFormat : CanonicalFormat
{
    private const int TimestampBytes = sizeof(ulong);

    public override PropertyFormat Format => PropertyFormat.Broker;

    /// <summary>Bytes of properties with these headers.</summary>
    public static int GetBytes(FieldTable headers) => TimestampBytes + FieldTableCodec.GetContentBytes(headers);

    /// <param name="target">As long as <see cref="GetBytes"/> says.</param>
    /// <param name="timestampS">Seconds since 1970; 0 for none.</param>
    /// <param name="headers">What the message says.</param>
    public static void Write(Span<byte> target, ulong timestampS, FieldTable headers)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(target, timestampS);
        FieldTableCodec.WriteContent(headers, target[TimestampBytes..]);
    }

    public override void ReadProperties(in MessageView message, MessageProperties into)
    {
        var timestampS = BinaryPrimitives.ReadUInt64LittleEndian(message.Properties);
        if (timestampS != 0) into.TimestampS = timestampS;
        into.AddHeaders(message.Properties[TimestampBytes..]);
    }
}
