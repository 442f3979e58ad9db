using System.Buffers;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>Frames: from the bytes of a read to the channels.</summary>
internal sealed partial class AmqpConnection
{
    protected override SequencePosition Process(in ReadOnlySequence<byte> buffer, ReadScope scope)
    {
        if (_hasOverdue && _state == ConnectionState.Running)
            CloseOverdue(scope);
        var rest = buffer;
        while (!rest.IsEmpty && CanGoOn())
        {
            var used = ProcessContiguous(rest.FirstSpan, scope);
            if (used == 0)
                used = ProcessCrossing(rest, scope);
            if (used == 0)
                break;
            rest = rest.Slice(used);
        }

        return _state == ConnectionState.Closed ? buffer.End : rest.Start;
    }

    private bool CanGoOn() => !IsHeld && _state != ConnectionState.Closed;

    private int ProcessContiguous(ReadOnlySpan<byte> span, ReadScope scope)
    {
        var at = 0;
        while (at < span.Length && CanGoOn())
        {
            var rest = span[at..];
            if (_state == ConnectionState.AwaitingHeader)
            {
                var used = AcceptHeader(rest);
                if (used == 0)
                    break;
                at += used;
                continue;
            }

            if (PublishReader.TryReadPublish(rest, Output.FrameBytesMax, out var publish, out var bytes)
                && _state == ConnectionState.Running)
            {
                at += bytes;
                HandlePublish(publish, scope);
                continue;
            }

            var status = FrameScanner.Scan(rest, Output.FrameBytesMax, out var frame, out bytes, out var error);
            if (status == FrameScanStatus.NeedMore)
                break;
            if (status == FrameScanStatus.Error)
            {
                FailFraming(error);
                break;
            }

            if (MustWaitBefore(frame))
                break;
            at += bytes;
            HandleFrame(frame, scope);
        }

        return at;
    }

    /// <summary>
    /// One frame (or protocol header) that crosses two blocks of the pipe: copied, then taken as usual.
    /// </summary>
    private int ProcessCrossing(in ReadOnlySequence<byte> rest, ReadScope scope)
    {
        if (rest.IsSingleSegment)
            return 0;

        // The announced length is judged before anything is waited for or copied.
        Span<byte> start = stackalloc byte[ProtocolHeader.SizeBytes];
        var startBytes = (int)long.Min(rest.Length, start.Length);
        rest.Slice(0, startBytes).CopyTo(start);
        start = start[..startBytes];
        if (_state == ConnectionState.AwaitingHeader)
            return AcceptHeader(start);

        var status = FrameScanner.Scan(start, Output.FrameBytesMax, out _, out var bytes, out var error);
        if (status == FrameScanStatus.Error)
        {
            FailFraming(error);
            return 0;
        }

        if (rest.Length < bytes)
            return 0;
        if (!scope.TryTake(bytes, out var copy))
        {
            // Only the batch points into the scratch between two frames.
            _publishPath?.Flush(scope);
            scope.Reset();
            copy = scope.Take(bytes);
        }

        rest.Slice(0, bytes).CopyTo(copy);
        return ProcessContiguous(copy, scope);
    }

    private void HandlePublish(in PublishView publish, ReadScope scope)
    {
        var channel = Find(publish.Channel);
        if (channel is null)
        {
            Fail(NotOpen(MethodId.BasicPublish));
            return;
        }

        var error = channel.Publish(publish, scope);
        if (error.Code != 0)
            Fail(channel, error, scope);
    }

    private void HandleFrame(in Frame frame, ReadScope scope)
    {
        if (frame.Type == FrameType.Heartbeat)
            return;
        if (frame.Channel == 0)
        {
            HandleMethodOfConnection(frame, scope);
            return;
        }

        if (_state != ConnectionState.Running)
        {
            if (_state < ConnectionState.Running)
                Fail(TooEarly(frame));
            return;
        }

        var channel = Find(frame.Channel);
        if (channel is null)
        {
            OpenChannel(frame);
            return;
        }

        var error = channel.Handle(frame, scope);
        if (error.Code != 0)
            Fail(channel, error, scope);
    }

    /// <summary>
    /// Whether the frame has to stay unread: what it causes is written without waiting in the channel's row of replies,
    /// and must not overtake them.
    /// </summary>
    private bool MustWaitBefore(in Frame frame)
    {
        if (frame.Method is not (MethodId.BasicConsume or MethodId.BasicGet) || frame.Type != FrameType.Method
            || Find(frame.Channel) is not { } channel || channel.Replies.IsEmpty)
        {
            return false;
        }

        HoldFor(channel);
        return true;
    }

    private AmqpChannel? Find(ushort number) => number < _channels.Length ? _channels[number] : null;

    private void OpenChannel(in Frame frame)
    {
        if (frame.Type != FrameType.Method)
            Fail(new WireError(ReplyCode.UnexpectedFrame, "expected method frame, got non method frame instead"));
        else if (frame.Method != MethodId.ChannelOpen)
            Fail(NotOpen(frame.Method));
        else if (!ChannelOpen.TryRead(frame.Payload, out _))
            Fail(WireError.MalformedMethod(MethodId.ChannelOpen));
        else if (frame.Channel > _channelMax)
            Fail(TooManyChannels());
        else
            AddChannel(frame.Channel);
    }

    private void AddChannel(ushort number)
    {
        try
        {
            Opened.OpenChannel();
        }
        catch (BrokerLimitException e)
        {
            Fail(new WireError(ReplyCode.NotAllowed, e.Message, MethodId.ChannelOpen));
            return;
        }

        if (number >= _channels.Length)
            Array.Resize(ref _channels, int.Min(_channelMax + 1, int.Max(number + 1, _channels.Length * 2)));
        var channel = new AmqpChannel(this, number);
        _channels[number] = channel;
        channel.Replies.Send(default(ChannelOpenOk));
        TouchOutput();
    }

    /// <summary>The channel's number is free again.</summary>
    internal void Remove(AmqpChannel channel)
    {
        _channels[channel.Number] = null;
        Opened.CloseChannel();
    }

    private static WireError TooEarly(in Frame frame) => new(
        ReplyCode.UnexpectedFrame, $"type {(byte)frame.Type} on channel {frame.Channel} before connection.open");

    private static WireError NotOpen(MethodId method) =>
        new(ReplyCode.ChannelError, "expected 'channel.open'", method);

    private WireError TooManyChannels() => new(
        ReplyCode.NotAllowed,
        $"number of channels opened ({_channels.Count(static channel => channel is not null)}) has reached the " +
        $"negotiated channel_max ({_channelMax})");
}
