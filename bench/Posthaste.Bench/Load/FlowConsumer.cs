namespace Posthaste.Bench.Load;

/// <summary>One consuming connection: checks each delivery and acknowledges in bulk. One thread.</summary>
/// <param name="connection">An open connection with its subscriptions.</param>
/// <param name="delivered">Counts the checked deliveries.</param>
internal abstract class FlowConsumer(LoadConnection connection, Counter delivered)
{
    public LoadConnection Connection => connection;

    protected long DeliveredCount { get; set; } = delivered.Value;

    /// <summary>Consumes until <paramref name="stop"/>, then acknowledges what it has.</summary>
    public void Run(StopSignal stop)
    {
        Drain(isLast: false);
        do
        {
            connection.Input.Receive();
            Drain(isLast: false);
        }
        while (!stop.IsSet);

        Drain(isLast: true);
    }

    /// <summary>Takes every complete delivery in the buffer.</summary>
    protected abstract void Take(ByteReceiver input);

    /// <summary>Acknowledges what is due, at the end all that is not acknowledged yet.</summary>
    protected abstract void Acknowledge(bool isLast);

    private void Drain(bool isLast)
    {
        Take(connection.Input);
        delivered.Value = DeliveredCount;
        Acknowledge(isLast);
    }
}
