namespace Posthaste.Client;

/// <summary>The broker refused something, or went away; the message is for the person at the terminal.</summary>
internal sealed class AmqpClientException(string message, Exception? inner = null) : Exception(message, inner);
