using System.Buffers;
using System.Buffers.Binary;
using System.Text.Unicode;

namespace Posthaste.Server.WebSockets;

/// <summary>Why <see cref="FrameDecoder.Decode"/> came back.</summary>
internal enum Decoded
{
    /// <summary>Everything that can be read was read; more input is needed.</summary>
    NeedsMore,

    /// <summary>As much was written as one call may; there is more to read.</summary>
    IsFull,

    /// <summary>A ping, whose payload is in <see cref="FrameDecoder.Control"/>.</summary>
    Ping,

    /// <summary>The peer closes, with <see cref="FrameDecoder.Code"/>. Nothing follows.</summary>
    Closed,

    /// <summary>The peer broke a rule; the answer is <see cref="FrameDecoder.Code"/>. Nothing follows.</summary>
    Failed,
}

/// <summary>
/// A client's frames in, the bytes that they carry out [RFC 6455, 5]. Where messages begin and end is lost on purpose:
/// to the protocols inside they are one stream. No input or output; owned by the connection's reader.
/// <para>
/// Memory: none of a payload's length, whatever it announces: pieces go out as they come in. A control frame is taken
/// when all of its 125 bytes at most are there.
/// </para>
/// </summary>
/// <param name="takesText">Whether text messages are taken as well as binary ones.</param>
internal sealed class FrameDecoder(bool takesText)
{
    /// <summary>
    /// Bytes written in one call: four blocks, so that a session gets its share before the socket's whole buffer has
    /// been copied.
    /// </summary>
    public const int OutputBytesMax = 256 << 10;

    // The message under way; Continuation when there is none.
    private Opcode _message;
    private bool _isLastFrame;
    private long _payloadLeft;
    private uint _mask;
    private Utf8Check _text;

    /// <summary>Payload of the ping that was read last.</summary>
    public byte[] Control { get; private set; } = [];

    /// <summary>The code that the peer closed with, or that it is to be refused with.</summary>
    public CloseCode Code { get; private set; }

    /// <summary>What rule the peer broke, for the log.</summary>
    public string Fault { get; private set; } = "";

    /// <summary>Reads frames until something has to be done or nothing can be.</summary>
    /// <param name="output">Where payloads go, unmasked; null throws them away.</param>
    /// <param name="consumed">Up to where the input has been read.</param>
    public Decoded Decode(in ReadOnlySequence<byte> input, IBufferWriter<byte>? output, out SequencePosition consumed)
    {
        var reader = new SequenceReader<byte>(input);
        var room = OutputBytesMax;
        Decoded result;
        do
        {
            result = _payloadLeft > 0 ? ReadPayload(ref reader, output, ref room) : ReadFrame(ref reader);
        }
        while (result == Decoded.IsFull && room > 0);
        consumed = reader.Position;
        return result;
    }

    // Here and in ReadFrame IsFull says: go on, unless the room is used up.
    private Decoded ReadPayload(ref SequenceReader<byte> reader, IBufferWriter<byte>? output, ref int room)
    {
        var source = reader.UnreadSpan;
        if (source.IsEmpty) return Decoded.NeedsMore;
        source = source[..(int)Math.Min(source.Length, Math.Min(_payloadLeft, room))];
        if (output is not null)
        {
            var target = output.GetSpan(1);
            if (source.Length > target.Length) source = source[..target.Length];
            _mask = Masking.Copy(source, target, _mask);
            if (_message == Opcode.Text && !_text.Append(target[..source.Length])) return FailText();
            output.Advance(source.Length);
        }

        reader.Advance(source.Length);
        room -= source.Length;
        _payloadLeft -= source.Length;
        return _payloadLeft > 0 ? Decoded.IsFull : EndFrame(output is not null);
    }

    private Decoded ReadFrame(ref SequenceReader<byte> reader)
    {
        var before = reader;
        if (!FrameHeader.TryRead(ref reader, out var header)) return Decoded.NeedsMore;
        if (FindFault(header) is { } fault) return Fail(CloseCode.ProtocolError, fault);
        if (header.IsControl)
        {
            if (reader.Remaining >= header.PayloadBytes) return ReadControl(ref reader, header);
            reader = before;
            return Decoded.NeedsMore;
        }

        if (header.Opcode == Opcode.Text && !takesText)
            return Fail(CloseCode.UnsupportedData, "a text message where the protocol has binary ones only");
        if (header.Opcode != Opcode.Continuation) (_message, _text) = (header.Opcode, default);
        (_isLastFrame, _payloadLeft, _mask) = (header.IsFin, header.PayloadBytes, header.Mask);
        return _payloadLeft > 0 ? Decoded.IsFull : EndFrame(isChecked: true);
    }

    private string? FindFault(in FrameHeader header)
    {
        if (header.HasReservedBits) return "a reserved bit is set";
        if (!header.IsMasked) return "a frame is not masked";
        if (header.PayloadBytes < 0) return "a length has its top bit set";
        return header.Opcode switch
        {
            Opcode.Close or Opcode.Ping or Opcode.Pong when !header.IsFin => "a control frame is fragmented",
            Opcode.Close or Opcode.Ping or Opcode.Pong when header.PayloadBytes > FrameHeader.ControlBytesMax =>
                "a control frame is longer than 125 bytes",
            Opcode.Close or Opcode.Ping or Opcode.Pong => null,
            Opcode.Continuation when _message == Opcode.Continuation => "a continuation continues nothing",
            Opcode.Text or Opcode.Binary when _message != Opcode.Continuation =>
                "a message begins before the one before it has ended",
            Opcode.Continuation or Opcode.Text or Opcode.Binary => null,
            _ => $"opcode {(byte)header.Opcode} is reserved",
        };
    }

    private Decoded EndFrame(bool isChecked)
    {
        if (!_isLastFrame) return Decoded.IsFull;
        if (_message == Opcode.Text && isChecked && !_text.IsBetweenCharacters) return FailText();
        _message = Opcode.Continuation;
        return Decoded.IsFull;
    }

    private Decoded ReadControl(ref SequenceReader<byte> reader, in FrameHeader header)
    {
        var masked = reader.Sequence.Slice(reader.Position, header.PayloadBytes).ToArray();
        reader.Advance(masked.Length);
        var payload = new byte[masked.Length];
        Masking.Copy(masked, payload, header.Mask);
        switch (header.Opcode)
        {
            case Opcode.Close:
                return ReadClose(payload);
            case Opcode.Ping:
                Control = payload;
                return Decoded.Ping;
            default:
                // A pong that nobody asked for is a heartbeat of one direction [5.5.3].
                return Decoded.IsFull;
        }
    }

    /// <summary>A close frame is empty, or a code and a reason in UTF-8 [RFC 6455, 5.5.1].</summary>
    private Decoded ReadClose(byte[] payload)
    {
        if (payload.Length == 0)
        {
            Code = CloseCode.None;
            return Decoded.Closed;
        }

        if (payload.Length == 1) return Fail(CloseCode.ProtocolError, "a close code is one byte");
        var code = BinaryPrimitives.ReadUInt16BigEndian(payload);
        if (!CloseCodes.MayBeSent(code)) return Fail(CloseCode.ProtocolError, $"close code {code} is reserved");
        if (!Utf8.IsValid(payload.AsSpan(2))) return Fail(CloseCode.InvalidPayload, "a close reason is not UTF-8");
        Code = (CloseCode)code;
        return Decoded.Closed;
    }

    private Decoded FailText() => Fail(CloseCode.InvalidPayload, "a text message is not UTF-8");

    private Decoded Fail(CloseCode code, string fault)
    {
        (Code, Fault) = (code, fault);
        return Decoded.Failed;
    }
}
