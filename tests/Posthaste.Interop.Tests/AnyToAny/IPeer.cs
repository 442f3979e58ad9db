namespace Posthaste.Interop.Tests.AnyToAny;

/// <summary>
/// A client of some protocol that publishes to the topic exchange and receives from it, asks and answers, in the words
/// of its own protocol.
/// </summary>
internal interface IPeer : IAsyncDisposable
{
    /// <summary>Receives what is published with this key from now on.</summary>
    Task SubscribeAsync(string key);

    /// <summary>Publishes.</summary>
    Task PublishAsync(AnyMessage message);

    /// <summary>
    /// Answers what is published with this key: to the address that it is shown, with "re: " and the body.
    /// </summary>
    Task RespondAsync(string key);

    /// <summary>Publishes a request; the answer comes by <see cref="ReceiveAsync"/>.</summary>
    Task RequestAsync(AnyMessage request);

    /// <summary>The next message.</summary>
    Task<AnyMessage> ReceiveAsync();
}
