namespace Posthaste.Bench.Load;

/// <summary>
/// One publishing connection: sends runs of ready-made messages as fast as the confirm window and the in-flight limit
/// allow.
/// One thread sends and reads the confirms: with at most a window of small confirms outstanding, neither side can
/// block the other.
/// </summary>
/// <param name="connection">An open connection, ready to publish.</param>
/// <param name="ring">The messages.</param>
/// <param name="answers">Understands the broker; its window says how many messages may be unconfirmed.</param>
/// <param name="published">Counts what was handed to the socket.</param>
internal sealed class Publisher(
    LoadConnection connection, MessageRing ring, PublisherAnswers answers, Counter published)
{
    private const int PauseMs = 1;
    private readonly ConfirmWindow? _window = answers.Window;

    public LoadConnection Connection => connection;

    public MessageRing Ring => ring;

    public PublisherAnswers Answers => answers;

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

    /// <summary>Waits until something arrives and takes the confirms in it.</summary>
    public void WaitForConfirms()
    {
        connection.WaitForInput();
        answers.Take(connection.Input);
    }

    private int SendRun(long sequence, int count)
    {
        ReadOnlySpan<byte> bytes = ring.Stamp(sequence, count, stamp: 0, out int stampedCount);
        _window?.Published(stampedCount);
        connection.Send(bytes);
        return stampedCount;
    }

    /// <summary>
    /// Takes what has already arrived, without waiting. Without confirms that can only be the broker's complaint.
    /// </summary>
    private void ReadConfirms()
    {
        if (connection.Socket.Available > 0)
        {
            connection.Input.Receive();
            answers.Take(connection.Input);
        }
    }
}
