using System.Buffers;
using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Stomp.Wire;

namespace Posthaste.Protocols.Stomp.Session;

/// <summary>Frames: from the bytes of a read to the session.</summary>
internal sealed partial class StompConnection
{
    // Frames up to this size are waited for in the receive buffer, and copied into one piece where they cross its
    // blocks. The bodies of larger ones are collected as they come, so that the buffer can be read.
    private const int GatheredBytesMax = StompLimits.HeadBytesCeiling + 1024;

    // How much of a frame that crosses two blocks is looked at first: the heads of most.
    private const int CrossingBytesFirst = 1024;

    private BodyAssembly? _body;

    // Bytes that the next frame needs, as far as is known: with fewer there is no use in looking at it again.
    private long _awaitedBytes;

    protected override SequencePosition Process(in ReadOnlySequence<byte> buffer, ReadScope scope)
    {
        var rest = buffer;
        if (buffer.Length >= _awaitedBytes)
        {
            _awaitedBytes = 0;
            while (!rest.IsEmpty && CanGoOn())
            {
                var used = ProcessContiguous(rest.FirstSpan, rest.IsSingleSegment, scope);
                if (used == 0 && CanGoOn() && !rest.IsSingleSegment)
                    used = ProcessCrossing(rest, scope);
                if (used == 0)
                    break;
                rest = rest.Slice(used);
            }
        }

        return _state switch
        {
            ConnectionState.Failing => FinishFailing(buffer),
            ConnectionState.Closed => buffer.End,
            _ => rest.Start,
        };
    }

    private bool CanGoOn() => !IsHeld && _state < ConnectionState.Failing;

    /// <returns>Bytes used; what is left is the start of a frame that is not all there, or crosses a block.</returns>
    private int ProcessContiguous(ReadOnlySpan<byte> span, bool isAll, ReadScope scope)
    {
        var at = 0;
        while (at < span.Length && CanGoOn())
        {
            if (_body is { IsCollecting: true })
            {
                at += Collect(span[at..], scope);
                continue;
            }

            at += FrameScanner.CountNoise(span[at..]);
            var status = FrameScanner.Scan(span[at..], _version, _frameLimits, out var frame, out var count,
                out var error);
            if (status == ScanStatus.Error)
            {
                Fail(error, frame.Raw(KnownHeader.Receipt), scope);
                break;
            }

            if (status == ScanStatus.NeedMore || (status == ScanStatus.NeedBody && !isAll))
                break;
            if (status == ScanStatus.NeedBody)
            {
                at += AwaitBody(frame, span[at..], count, scope);
                if (_body is { IsCollecting: true })
                    continue;
                break;
            }

            if (!Handle(frame, scope))
                break;
            at += count;
        }

        return at;
    }

    /// <summary>
    /// One frame that crosses two blocks: more and more of it is copied into one piece until it is whole, or known to
    /// be too large for that.
    /// </summary>
    private int ProcessCrossing(in ReadOnlySequence<byte> rest, ReadScope scope)
    {
        var wanted = rest.FirstSpan.Length + CrossingBytesFirst;
        while (true)
        {
            var bytes = (int)long.Min(rest.Length, int.Min(wanted, GatheredBytesMax));
            var copy = TakeScratch(bytes, scope);
            rest.Slice(0, bytes).CopyTo(copy);
            if (FrameScanner.CountNoise(copy) is > 0 and var noise)
                return noise;
            var status = FrameScanner.Scan(copy, _version, _frameLimits, out var frame, out var count, out var error);
            switch (status)
            {
                case ScanStatus.Error:
                    Fail(error, frame.Raw(KnownHeader.Receipt), scope);
                    return 0;
                case ScanStatus.Whole:
                    return Handle(frame, scope) ? count : 0;
                case ScanStatus.NeedBody when bytes == rest.Length || bytes == GatheredBytesMax
                    || count + (long)frame.ContentLength >= GatheredBytesMax:
                    return AwaitBody(frame, copy, count, scope);
                case ScanStatus.NeedMore when bytes == rest.Length:
                    return 0;
            }

            wanted = frame.ContentLength >= 0 && status == ScanStatus.NeedBody
                ? count + frame.ContentLength + 1
                : bytes * 4;
        }
    }

    private Span<byte> TakeScratch(int bytes, ReadScope scope)
    {
        if (scope.TryTake(bytes, out var copy))
            return copy;

        // Only the batch points into the scratch between two frames.
        _session?.FlushSends(scope);
        scope.Reset();
        return scope.Take(bytes);
    }

    /// <summary>
    /// A frame whose head is there and whose body is not: it stays in the receive buffer if it fits, else its body is
    /// collected from now on.
    /// </summary>
    /// <returns>Bytes used: the head, if the body is collected.</returns>
    private int AwaitBody(scoped in StompFrame frame, ReadOnlySpan<byte> received, int headBytes, ReadScope scope)
    {
        var wholeBytes = frame.ContentLength >= 0 ? headBytes + (long)frame.ContentLength + 1 : received.Length + 1L;
        if (wholeBytes <= GatheredBytesMax)
        {
            _awaitedBytes = wholeBytes;
            return 0;
        }

        // Whoever has not logged in has no memory spent on what it sends.
        if (_session is null && !TryConnectImplicitly())
            return 0;
        (_body ??= new BodyAssembly()).Begin(received[..headBytes], frame.ContentLength);
        return headBytes;
    }

    private int Collect(ReadOnlySpan<byte> span, ReadScope scope)
    {
        var error = _body!.Add(span, _frameLimits, out var used, out var isWhole);
        if (error.IsError)
        {
            Fail(error, [], scope);
            return 0;
        }

        if (isWhole)
            HandleCollected(scope);
        return used;
    }

    private unsafe void HandleCollected(ReadScope scope)
    {
        fixed (byte* body = _body!.Body)
        {
            FrameScanner.Scan(_body.Head, _version, _frameLimits, out var frame, out _, out _);
            frame.Body = new ReadOnlySpan<byte>(body, _body.Body.Length);
            Handle(frame, scope);

            // Its memory is let go of; nothing may point to it any more.
            _session?.FlushSends(scope);
        }

        _body.Abandon();
    }

    /// <returns>False if the frame has to come again: something has to be finished before it.</returns>
    private bool Handle(scoped in StompFrame frame, ReadScope scope)
    {
        if (_session is null && frame.Command is StompCommand.Connect or StompCommand.Stomp)
        {
            Connect(frame);
            return true;
        }

        // Comes again when the default user has logged in.
        if (_session is null && !TryConnectImplicitly())
            return false;
        if (frame.Command == StompCommand.Disconnect)
            return Disconnect(frame, scope);
        var error = _session!.Handle(frame, scope);
        if (error.IsError)
            Fail(error, frame.Raw(KnownHeader.Receipt), scope);
        return true;
    }
}
