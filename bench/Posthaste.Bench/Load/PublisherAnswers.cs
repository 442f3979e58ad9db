namespace Posthaste.Bench.Load;

/// <summary>Understands what a broker sends to a publisher: confirms, or complaints, which fail the run.</summary>
/// <param name="window">What is unconfirmed; null to publish without confirms.</param>
internal abstract class PublisherAnswers(ConfirmWindow? window)
{
    public ConfirmWindow? Window { get; } = window;

    /// <summary>Takes every complete answer that has arrived.</summary>
    public abstract void Take(ByteReceiver input);

    /// <summary>The window, for a confirm; throws if there was to be none.</summary>
    protected ConfirmWindow Expect(string what) =>
        Window ?? throw new WorkloadException($"the publisher got {what}, which it did not ask for");
}
