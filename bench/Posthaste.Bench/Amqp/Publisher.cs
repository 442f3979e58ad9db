using Posthaste.Bench.Load;

namespace Posthaste.Bench.Amqp;

/// <summary>
/// One publishing connection: sends runs of ready-made messages as fast as the confirm window and the in-flight limit
/// allow.
/// One thread sends and reads the confirms: with at most a window of 21-byte confirms outstanding, neither side can
/// block the other.
/// </summary>
/// <param name="connection">An open connection whose channel <see cref="PublishRing.Channel"/> is open (and selected
/// for confirms).</param>
/// <param name="ring">The messages.</param>
/// <param name="confirmWindow">The most unconfirmed messages; 0 to publish without confirms.</param>
/// <param name="published">Counts what was handed to the socket.</param>
internal sealed class Publisher(AmqpConnection connection, PublishRing ring, int confirmWindow, Counter published)
{
    private const int PauseMs = 1;
    private readonly ConfirmWindow? _window = confirmWindow > 0 ? new ConfirmWindow(confirmWindow) : null;

    /// <summary>
    /// Publishes until <paramref name="stop"/>, or up to <paramref name="countMax"/> messages, then waits for every
    /// confirm.
    /// </summary>
    public void Run(StopSignal stop, IFlowGate gate, long countMax = long.MaxValue)
    {
        long sequence = published.Value;
        while (!stop.IsSet && sequence < countMax)
        {
            int count = (int)Math.Min(ring.RunCountMax, Math.Min(gate.Room, countMax - sequence));
            if (count <= 0)
            {
                // Sleeping, not spinning: the cores belong to the broker and the consumers.
                Thread.Sleep(PauseMs);
                ReadConfirms();
            }
            else if (_window is { FreeCount: 0 })
            {
                WaitForConfirms();
            }
            else
            {
                sequence += SendRun(sequence, _window is null ? count : Math.Min(count, _window.FreeCount));
                published.Value = sequence;
                ReadConfirms();
            }
        }

        while (_window is { OutstandingCount: > 0 })
        {
            WaitForConfirms();
        }
    }

    private int SendRun(long sequence, int count)
    {
        ReadOnlySpan<byte> bytes = ring.Stamp(sequence, count, stamp: 0, out int stampedCount);
        _window?.Published(stampedCount);
        connection.Send(bytes);
        return stampedCount;
    }

    private void WaitForConfirms()
    {
        _window!.Apply(connection.NextFrame());
        ApplyBuffered();
    }

    /// <summary>
    /// Takes what has already arrived, without waiting. Without confirms that can only be the broker's complaint.
    /// </summary>
    private void ReadConfirms()
    {
        if (connection.Socket.Available > 0)
        {
            connection.Frames.Receive();
            ApplyBuffered();
        }
    }

    private void ApplyBuffered()
    {
        while (connection.Frames.TryTake(out Frame frame))
        {
            AmqpConnection.ThrowIfClosed(frame);
            if (_window is null)
            {
                throw new WorkloadException("the publisher got a frame that it did not ask for");
            }

            _window.Apply(frame);
        }
    }
}
