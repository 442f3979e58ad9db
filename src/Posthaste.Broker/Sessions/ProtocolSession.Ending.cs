namespace Posthaste.Broker.Sessions;

/// <summary>The end of a connection: what it holds goes back, the last bytes leave, the transport ends.</summary>
public abstract partial class ProtocolSession
{
    /// <summary>
    /// Milliseconds for which a peer that has been told to go is still read: several of the longest round trips, so
    /// that one which closes when it is told does so first; short, since one that waits for the broker to close waits
    /// that long.
    /// </summary>
    public const int LingerMsMax = 1_000;

    /// <summary>Milliseconds that the last bytes get to leave.</summary>
    protected abstract int DrainMsMax { get; }

    /// <summary>
    /// Whether the last word was the broker's, so that the peer may still be writing. A socket that is closed on bytes
    /// which nobody has read is reset, and the reset overtakes what was sent: so the peer is read until it closes, for
    /// <see cref="LingerMsMax"/> at most, and what it sends is thrown away. Asked when the session has ended.
    /// </summary>
    protected abstract bool MustLinger { get; }

    private void LetGo()
    {
        OnEnded();
        _expiryTicks?.Dispose();
        ReturnAll();
        if (_opened is not { } opened)
            return;
        opened.CloseRequested -= OnOperatorRequest;
        opened.Dispose();
    }

    private async Task DrainAsync()
    {
        var limit = TimeSpan.FromMilliseconds(DrainMsMax);
        await Output.WhenDrained()
            .WaitAsync(limit, Broker.Options.ConnectionTime, CancellationToken.None).ConfigureAwait(false);
    }

    private async Task LingerAsync()
    {
        using var limit = new CancellationTokenSource(
            TimeSpan.FromMilliseconds(LingerMsMax), Broker.Options.ConnectionTime);
        try
        {
            while (true)
            {
                var result = await _input.ReadAsync(limit.Token).ConfigureAwait(false);
                _input.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                    return;
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // Its time is over, or it has reset the connection: either way it has had its chance to read.
        }
    }

    private async Task EndAsync()
    {
        Output.Kill();
        LetGo();
        try
        {
            await _input.CompleteAsync().ConfigureAwait(false);
            await Transport.Transport.Output.CompleteAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // The transport was cut under a flush that had not ended: there is nobody left to tell.
            SessionLog.Cut(Log, _protocol, Peer, e.Message);
        }
    }
}
