using System.Buffers;
using System.Text;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Client;

/// <summary>The receiving half: frames to answers, messages and confirms.</summary>
internal sealed partial class AmqpClient
{
    /// <summary>Bytes of a body that is announced at most, before memory is spent on it.</summary>
    private const int BodyBytesMax = 512 << 20;

    // A content in the making: the method that opened it, then its header, then its body frames.
    private byte[] _contentMethod = [];
    private byte[] _contentProperties = [];
    private byte[] _contentBody = [];
    private int _contentMethodBytes;
    private int _contentPropertiesBytes;
    private int _contentBodyBytes;
    private int _contentReceivedBytes;
    private bool _hasContentHeader;

    private byte[] _scratch = [];

    /// <summary>
    /// Waits for bytes and hands over everything complete among them.
    /// </summary>
    /// <exception cref="AmqpClientException">
    /// The broker closed the channel or the connection; the message says why.
    /// </exception>
    public async ValueTask ReceiveAsync(IAmqpReceiver receiver, CancellationToken cancellation)
    {
        var result = await ReadAsync(cancellation);
        var consumed = 0L;
        while (TryTakeFrame(result.Buffer, ref consumed, out var frame)) Dispatch(frame, receiver);
        _input.AdvanceTo(result.Buffer.GetPosition(consumed), result.Buffer.End);
    }

    /// <summary>Sends what is in the output, waits for the answer and returns its payload.</summary>
    private async ValueTask<byte[]> CallAsync(MethodId answer, CancellationToken cancellation)
    {
        await FlushAsync(cancellation);
        return await SkipToAsync(answer, cancellation);
    }

    private async ValueTask<byte[]> SkipToAsync(MethodId method, CancellationToken cancellation)
    {
        while (true)
        {
            var result = await ReadAsync(cancellation);
            var found = SkipTo(method, result.Buffer, out var consumed);
            var taken = result.Buffer.GetPosition(consumed);
            // With the answer in hand the rest has not been looked at; without it, only more bytes can help.
            _input.AdvanceTo(taken, found is null ? result.Buffer.End : taken);
            if (found is not null) return found;
        }
    }

    private byte[]? SkipTo(MethodId method, ReadOnlySequence<byte> buffer, out long consumed)
    {
        consumed = 0;
        while (TryTakeFrame(buffer, ref consumed, out var frame))
        {
            if (frame.Type != FrameType.Method) continue;
            if (frame.Method == method) return frame.Payload.ToArray();
            ThrowIfClosed(frame);
        }

        return null;
    }

    private async ValueTask<System.IO.Pipelines.ReadResult> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            var result = await _input.ReadAsync(cancellation);
            if (!result.IsCompleted || !result.Buffer.IsEmpty) return result;
        }
        catch (IOException exception)
        {
            throw Broken(exception);
        }

        throw Broken(null);
    }

    private AmqpClientException Broken(IOException? exception)
    {
        _isClosed = true;
        return new AmqpClientException($"{_address} closed the connection without a reason", exception);
    }

    /// <summary>Takes the next whole frame; its payload lasts until the next call.</summary>
    private bool TryTakeFrame(ReadOnlySequence<byte> buffer, ref long consumed, out Frame frame)
    {
        var rest = buffer.Slice(consumed);
        var first = rest.FirstSpan;
        var status = FrameScanner.Scan(first, _frameBytesMax, out frame, out var bytes, out var error);
        if (status == FrameScanStatus.NeedMore && rest.Length > first.Length)
        {
            // The frame's header, then the frame itself, may lie across segments.
            status = FrameScanner.Scan(Copy(rest, bytes), _frameBytesMax, out frame, out bytes, out error);
            if (status == FrameScanStatus.NeedMore && rest.Length >= bytes)
                status = FrameScanner.Scan(Copy(rest, bytes), _frameBytesMax, out frame, out bytes, out error);
        }

        if (status == FrameScanStatus.Error)
            throw new AmqpClientException($"{_address} is no AMQP 0-9-1 broker: {error.Detail}");
        if (status == FrameScanStatus.NeedMore) return false;
        consumed += bytes;
        return true;
    }

    private ReadOnlySpan<byte> Copy(ReadOnlySequence<byte> source, int bytes)
    {
        var count = (int)Math.Min(bytes, source.Length);
        if (_scratch.Length < count) _scratch = new byte[Math.Max(count, FrameBytesMax)];
        source.Slice(0, count).CopyTo(_scratch);
        return _scratch.AsSpan(0, count);
    }

    private void Dispatch(Frame frame, IAmqpReceiver receiver)
    {
        switch (frame.Type)
        {
            case FrameType.Method:
                DispatchMethod(frame, receiver);
                break;
            case FrameType.Header:
                BeginContent(frame.Payload, receiver);
                break;
            case FrameType.Body:
                AddToContent(frame.Payload, receiver);
                break;
        }
    }

    private void DispatchMethod(Frame frame, IAmqpReceiver receiver)
    {
        switch (frame.Method)
        {
            case MethodId.BasicDeliver or MethodId.BasicReturn:
                _contentMethodBytes = Keep(frame.Payload, ref _contentMethod);
                _hasContentHeader = false;
                break;
            case MethodId.BasicAck when BasicAck.TryRead(frame.Payload, out var ack):
                receiver.Confirmed(ack.DeliveryTag, ack.Multiple, isAccepted: true);
                break;
            case MethodId.BasicNack when BasicNack.TryRead(frame.Payload, out var nack):
                receiver.Confirmed(nack.DeliveryTag, nack.Multiple, isAccepted: false);
                break;
            case MethodId.BasicCancel:
                throw new AmqpClientException($"{_address} cancelled the consumer: its queue was deleted");
            default:
                ThrowIfClosed(frame);
                break;
        }
    }

    private void BeginContent(ReadOnlySpan<byte> payload, IAmqpReceiver receiver)
    {
        if (!ContentHeader.TryRead(payload, out var header) || header.BodyBytes > BodyBytesMax) throw Malformed();
        _contentPropertiesBytes = Keep(header.Properties, ref _contentProperties);
        _contentBodyBytes = (int)header.BodyBytes;
        _contentReceivedBytes = 0;
        _hasContentHeader = true;
        if (_contentBodyBytes == 0) FinishContent([], receiver);
    }

    private void AddToContent(ReadOnlySpan<byte> part, IAmqpReceiver receiver)
    {
        if (!_hasContentHeader || part.Length > _contentBodyBytes - _contentReceivedBytes) throw Malformed();
        if (part.Length == _contentBodyBytes)
        {
            // The usual body is one frame and needs no copy.
            FinishContent(part, receiver);
            return;
        }

        if (_contentBody.Length < _contentBodyBytes) _contentBody = new byte[_contentBodyBytes];
        part.CopyTo(_contentBody.AsSpan(_contentReceivedBytes));
        _contentReceivedBytes += part.Length;
        if (_contentReceivedBytes < _contentBodyBytes) return;
        FinishContent(_contentBody.AsSpan(0, _contentBodyBytes), receiver);
    }

    private void FinishContent(ReadOnlySpan<byte> body, IAmqpReceiver receiver)
    {
        _hasContentHeader = false;
        var method = _contentMethod.AsSpan(0, _contentMethodBytes);
        var properties = _contentProperties.AsSpan(0, _contentPropertiesBytes);
        if (BasicDeliver.TryRead(method, out var deliver))
        {
            receiver.Delivered(new ReceivedMessage
            {
                DeliveryTag = deliver.DeliveryTag,
                IsRedelivered = deliver.Redelivered,
                Exchange = deliver.Exchange,
                RoutingKey = deliver.RoutingKey,
                Properties = properties,
                Body = body,
                ReturnedBecause = "",
            });
        }
        else if (BasicReturn.TryRead(method, out var returned))
        {
            receiver.Returned(new ReceivedMessage
            {
                Exchange = returned.Exchange,
                RoutingKey = returned.RoutingKey,
                Properties = properties,
                Body = body,
                ReturnedBecause = Encoding.UTF8.GetString(returned.ReplyText),
            });
        }
        else
        {
            throw Malformed();
        }
    }

    private void ThrowIfClosed(Frame frame)
    {
        if (frame.Method == MethodId.ConnectionClose && ConnectionClose.TryRead(frame.Payload, out var connection))
        {
            _isClosed = true;
            throw Refused(connection.ReplyCode, connection.ReplyText);
        }

        if (frame.Method == MethodId.ChannelClose && ChannelClose.TryRead(frame.Payload, out var channel))
            throw Refused(channel.ReplyCode, channel.ReplyText);
    }

    private AmqpClientException Refused(ushort code, ReadOnlySpan<byte> text) =>
        new($"{_address} refused with {code} {Encoding.UTF8.GetString(text)}");

    private static int Keep(ReadOnlySpan<byte> bytes, ref byte[] buffer)
    {
        if (buffer.Length < bytes.Length) buffer = new byte[bytes.Length * 2];
        bytes.CopyTo(buffer);
        return bytes.Length;
    }
}
