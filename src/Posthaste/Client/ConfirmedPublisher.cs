namespace Posthaste.Client;

/// <summary>
/// Publishes with a bounded number of messages on their way: the next one is put out when there is room, and nobody
/// waits for a single confirm. One task only; nothing is allocated per message.
/// </summary>
internal sealed class ConfirmedPublisher : IAmqpReceiver
{
    /// <summary>
    /// Messages sent and not yet confirmed: enough to share a sync, and few to be unsure of when all breaks.
    /// </summary>
    public const int DefaultWindow = 1_000;

    private readonly AmqpClient _client;

    // Confirms may come in any order. All outstanding numbers lie within one window, so each has a place of its own
    // in it.
    private readonly bool[] _isHandled;
    private ulong _handledUpTo;
    private long _earlyCount;

    /// <param name="client">A client whose confirms have been selected and that has published nothing yet.</param>
    /// <param name="window">Messages sent and not yet confirmed at most.</param>
    public ConfirmedPublisher(AmqpClient client, int window = DefaultWindow)
    {
        _client = client;
        _isHandled = new bool[window];
    }

    public long PublishedCount { get; private set; }

    public long RefusedCount { get; private set; }

    public long ReturnedCount { get; private set; }

    /// <summary>Why the first returned message came back.</summary>
    public string ReturnReason { get; private set; } = "";

    /// <summary>Messages that the broker answers for: neither refused nor returned.</summary>
    public long ConfirmedCount => (long)_handledUpTo + _earlyCount - RefusedCount - ReturnedCount;

    private long UnconfirmedCount => PublishedCount - (long)_handledUpTo;

    public async ValueTask PublishAsync(
        ReadOnlyMemory<byte> exchange,
        ReadOnlyMemory<byte> key,
        ReadOnlyMemory<byte> properties,
        ReadOnlyMemory<byte> body,
        CancellationToken cancellation)
    {
        if (UnconfirmedCount == _isHandled.Length)
        {
            // Half a window at a time: the other half keeps the broker busy meanwhile.
            await _client.FlushAsync(cancellation);
            while (UnconfirmedCount > _isHandled.Length / 2) await _client.ReceiveAsync(this, cancellation);
        }

        _client.Publish(exchange.Span, key.Span, isMandatory: true, properties.Span, body.Span);
        PublishedCount++;
    }

    public async ValueTask WaitForConfirmsAsync(CancellationToken cancellation)
    {
        await _client.FlushAsync(cancellation);
        while (UnconfirmedCount > 0) await _client.ReceiveAsync(this, cancellation);
    }

    void IAmqpReceiver.Delivered(in ReceivedMessage message) =>
        throw new AmqpClientException("the broker delivers to a client that consumes nothing");

    void IAmqpReceiver.Returned(in ReceivedMessage message)
    {
        if (ReturnedCount++ == 0) ReturnReason = message.ReturnedBecause;
    }

    void IAmqpReceiver.Confirmed(ulong publishNumber, bool multiple, bool isAccepted)
    {
        if (publishNumber > (ulong)PublishedCount)
            throw new AmqpClientException($"the broker confirms message {publishNumber} of {PublishedCount}");

        var window = (ulong)_isHandled.Length;
        for (var number = multiple ? _handledUpTo + 1 : publishNumber; number <= publishNumber; number++)
        {
            ref var isHandled = ref _isHandled[number % window];
            if (isHandled || number <= _handledUpTo) continue;
            isHandled = true;
            _earlyCount++;
            if (!isAccepted) RefusedCount++;
        }

        while (_earlyCount > 0 && _isHandled[(_handledUpTo + 1) % window])
        {
            _isHandled[++_handledUpTo % window] = false;
            _earlyCount--;
        }
    }
}
