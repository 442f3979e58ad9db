using System.Buffers;
using Posthaste.Broker.Sessions;
using Posthaste.Protocols.Amqp091.Wire;
using Posthaste.Protocols.Amqp091.Wire.Content;
using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Session;

/// <summary>
/// A publish that comes in several frames or reads: collected until it is whole. The method's names and the properties
/// are kept together, the body grows as it arrives, so that an announced size costs nothing before the bytes are there.
/// </summary>
internal sealed class ContentAssembly
{
    // Bytes of body rented at first: half of what most large messages of a channel need, never what a lie costs.
    private const int FirstBodyBytes = 64 * 1024;

    private byte[] _head = [];
    private byte[] _body = [];
    private int _exchangeBytes;
    private int _keyBytes;
    private int _propertiesBytes;
    private int _bodyBytes;
    private int _announcedBytes;
    private bool _isMandatory;
    private bool _isImmediate;
    private bool _hasHeader;

    /// <summary>The method has come and the content is not whole yet.</summary>
    public bool IsCollecting { get; private set; }

    private bool IsWhole => _hasHeader && _bodyBytes == _announcedBytes;

    /// <summary>Starts with the method.</summary>
    public void Begin(in BasicPublish publish)
    {
        IsCollecting = true;
        _hasHeader = false;
        _isMandatory = publish.Mandatory;
        _isImmediate = publish.Immediate;
        _exchangeBytes = publish.Exchange.Length;
        _keyBytes = publish.RoutingKey.Length;
        _head = ArrayPool<byte>.Shared.Rent(_exchangeBytes + _keyBytes);
        publish.Exchange.CopyTo(_head);
        publish.RoutingKey.CopyTo(_head.AsSpan(_exchangeBytes));
    }

    /// <summary>Takes the header frame; the body it announces has been found small enough.</summary>
    /// <returns>Whether the content is whole.</returns>
    public bool Add(in ContentHeader header)
    {
        var namesBytes = _exchangeBytes + _keyBytes;
        var head = ArrayPool<byte>.Shared.Rent(namesBytes + header.Properties.Length);
        _head.AsSpan(0, namesBytes).CopyTo(head);
        header.Properties.CopyTo(head.AsSpan(namesBytes));
        ArrayPool<byte>.Shared.Return(_head);
        _head = head;
        _propertiesBytes = header.Properties.Length;
        _announcedBytes = (int)header.BodyBytes;
        _bodyBytes = 0;
        _hasHeader = true;
        if (_announcedBytes > 0)
            _body = ArrayPool<byte>.Shared.Rent(int.Min(_announcedBytes, FirstBodyBytes));
        return IsWhole;
    }

    /// <summary>Takes a body frame's payload.</summary>
    /// <returns>An error if it is more than was announced.</returns>
    public WireError Add(ReadOnlySpan<byte> payload, out bool isWhole)
    {
        isWhole = false;
        if (payload.Length > _announcedBytes - _bodyBytes)
            return new(
                ReplyCode.FrameError, "content body frame exceeds remaining content size", MethodId.BasicPublish);
        if (_body.Length - _bodyBytes < payload.Length)
            GrowBody(_bodyBytes + payload.Length);
        payload.CopyTo(_body.AsSpan(_bodyBytes));
        _bodyBytes += payload.Length;
        isWhole = IsWhole;
        return default;
    }

    /// <summary>A frame that does not belong here.</summary>
    public WireError Unexpected() => new(
        ReplyCode.UnexpectedFrame,
        _hasHeader
            ? "expected content body, got non content body frame instead"
            : "expected content header for class 60, got non content header frame instead",
        MethodId.BasicPublish);

    public bool AwaitsHeader => IsCollecting && !_hasHeader;

    /// <summary>Hands the whole content to the channel and lets go of the memory.</summary>
    public unsafe WireError Publish(AmqpChannel channel, ushort number, ReadScope scope)
    {
        IsCollecting = false;

        // Small ones join the batch, from the scratch; large ones are handed over before their memory is let go of.
        var headBytes = _exchangeBytes + _keyBytes + _propertiesBytes;
        WireError error;
        if (scope.TryTake(headBytes + _bodyBytes, out var copy))
        {
            _head.AsSpan(0, headBytes).CopyTo(copy);
            _body.AsSpan(0, _bodyBytes).CopyTo(copy[headBytes..]);
            error = channel.Publish(View(number, copy[..headBytes], copy[headBytes..]), scope);
        }
        else
        {
            fixed (byte* head = _head)
            fixed (byte* body = _body)
            {
                error = channel.Publish(
                    View(number, new ReadOnlySpan<byte>(head, headBytes), new ReadOnlySpan<byte>(body, _bodyBytes)),
                    scope);
                channel.Owner.PublishPath.Flush(scope);
            }
        }

        Abandon();
        return error;
    }

    /// <summary>Lets go of what has been collected.</summary>
    public void Abandon()
    {
        IsCollecting = false;
        if (_head.Length > 0)
            ArrayPool<byte>.Shared.Return(_head);
        if (_body.Length > 0)
            ArrayPool<byte>.Shared.Return(_body);
        _head = [];
        _body = [];
    }

    private PublishView View(ushort channel, ReadOnlySpan<byte> head, ReadOnlySpan<byte> body) => new()
    {
        Channel = channel,
        Mandatory = _isMandatory,
        Immediate = _isImmediate,
        Exchange = head[.._exchangeBytes],
        RoutingKey = head.Slice(_exchangeBytes, _keyBytes),
        Properties = head[(_exchangeBytes + _keyBytes)..],
        Body = body,
    };

    private void GrowBody(int needed)
    {
        var larger = ArrayPool<byte>.Shared.Rent(int.Min(_announcedBytes, int.Max(needed, _body.Length * 2)));
        _body.AsSpan(0, _bodyBytes).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_body);
        _body = larger;
    }
}
