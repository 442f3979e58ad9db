using Posthaste.Primitives.Tables;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;
using static Posthaste.Fuzz.FuzzFindingException;

namespace Posthaste.Fuzz.Wire;

/// <summary>
/// The AMQP 0-9-1 codec, given a stream of bytes as a peer may send it. Beside never failing otherwise than by
/// saying so, it has to mean the same whichever way it is asked: fast or frame by frame, in place or as objects,
/// before and after being encoded again.
/// </summary>
public sealed class WireTarget : IFuzzTarget
{
    private const int FrameMax = Frame.MinMaxBytes;

    public string Name => "wire";

    public IReadOnlyList<byte[]> Corpus { get; } = WireCorpus.Create(FrameMax);

    public void Run(ReadOnlySpan<byte> input)
    {
        ProtocolHeader.Detect(input);
        CheckTable(input);
        CheckProperties(input);
        while (FrameScanner.Scan(input, FrameMax, out var frame, out var bytes, out var error) is var status
            && status == FrameScanStatus.Complete)
        {
            Require(bytes == Frame.OverheadBytes + frame.Payload.Length, "a frame is header, payload and end");
            Require(error.Code == 0, "a complete frame is no error");
            CheckFrame(frame);
            CheckPublish(input);
            input = input[bytes..];
        }

        CheckIncomplete(input);
    }

    // What cannot be read yet has to ask for more than there is, and for no more than was agreed.
    private static void CheckIncomplete(ReadOnlySpan<byte> rest)
    {
        var status = FrameScanner.Scan(rest, FrameMax, out _, out var bytes, out var error);
        if (status == FrameScanStatus.Error)
        {
            Require(error.Scope == ErrorScope.Connection, "a stream without frames ends the connection");
            return;
        }

        Require(bytes > rest.Length, "waiting for more has to wait for something");
        Require(bytes <= FrameMax + Frame.OverheadBytes, "nobody waits for a frame beyond the limit");
    }

    private static void CheckFrame(Frame frame)
    {
        WireText.Describe(frame);
        if (frame.Type == FrameType.Method && MethodCatalog.Find(frame.Method) is { } probe)
            CheckMethod(frame, probe);
        else if (frame.Type == FrameType.Header && ContentHeader.TryRead(frame.Payload, out var header))
            CheckProperties(header.Properties);
    }

    private static void CheckMethod(Frame frame, MethodProbe probe)
    {
        if (!probe.TryDescribe(frame.Payload, out var text))
            return;

        probe.TryRewrite(frame.Payload, frame.Channel, out var rewritten);
        var status = FrameScanner.Scan(rewritten, int.MaxValue, out var again, out var bytes, out _);
        Require(status == FrameScanStatus.Complete && bytes == rewritten.Length, "what is written is one frame");
        Require(again.Channel == frame.Channel, "on the same channel");
        Require(probe.TryDescribe(again.Payload, out var textAgain) && textAgain == text, "it says the same again");
        Require(again.Payload.Length == frame.Payload.Length, "and in as many bytes");
    }

    private static void CheckProperties(ReadOnlySpan<byte> encoded)
    {
        if (!BasicPropertiesReader.TryRead(encoded, out var properties))
            return;

        var edit = new BasicPropertiesEdit(properties);
        var copy = new byte[edit.Bytes];
        Require(edit.Write(copy) == copy.Length, "an edit has the size that it says");
        Require(encoded.SequenceEqual(copy), "an edit that changes nothing keeps every byte");
        CheckTable(properties.Headers);

        var isSound = BasicProperties.TryDecode(encoded, out var decoded);
        Require(isSound == FieldTableReader.IsValid(properties.Headers), "only headers can be wrong after the lengths");
        if (!isSound)
            return;
        edit.Remove(BasicProperty.Expiration);
        edit.SetHeaders(properties.Headers);
        edit.SetReplyTo("amq.rabbitmq.reply-to.x"u8);
        var edited = new byte[edit.Bytes];
        edit.Write(edited);
        Require(BasicProperties.TryDecode(edited, out var redecoded), "an edited list is sound");
        Require(redecoded!.Expiration is null, "what was removed is gone");
        Require(redecoded.MessageId == decoded!.MessageId, "what was not touched is the same");
    }

    private static void CheckTable(ReadOnlySpan<byte> content)
    {
        if (FieldTableCodec.Decode(content, FieldTableLimits.Default, out var table) != FieldTableFault.None)
            return;

        var encoded = FieldTableCodec.Encode(table);
        Require(encoded.Length == content.Length, "a table takes as many bytes again");
        Require(FieldTableCodec.TryDecode(encoded, out var again), "a table that was written is sound");
        Require(table.Equals(again), "it says exactly the same again");
        Require(table.EquivalentTo(again), "what is equal is equivalent");
        Require(table.GetHashCode() == again.GetHashCode(), "what is equal has one hash code");
        Require(encoded.AsSpan().SequenceEqual(FieldTableCodec.Encode(again)), "one table has one encoding");
    }

    // The fast way may decline, but what it takes has to be what the frame-by-frame way finds.
    private static void CheckPublish(ReadOnlySpan<byte> input)
    {
        if (!PublishReader.TryReadPublish(input, FrameMax, out var publish, out var consumed))
            return;

        var properties = publish.Properties;
        var size = ContentFrames.GetPublishSize(
            publish.Exchange.Length, publish.RoutingKey.Length, properties.Length, publish.Body.Length, FrameMax * 2);
        Require(size == consumed, "a publish is as long as the frames it is made of");
        var at = 0;
        foreach (var type in stackalloc[] { FrameType.Method, FrameType.Header, FrameType.Body })
        {
            if (at == consumed)
                break;
            var status = FrameScanner.Scan(input[at..], FrameMax, out var frame, out var bytes, out _);
            Require(status == FrameScanStatus.Complete && frame.Type == type, "a publish is method, header, body");
            Require(frame.Channel == publish.Channel, "on one channel");
            Require(!WireText.Describe(frame).Contains(" malformed ", StringComparison.Ordinal)
                || type != FrameType.Method, "with a sound method");
            at += bytes;
        }

        Require(at == consumed, "and nothing else");
    }
}
