namespace Posthaste.Server;

/// <summary>Why a broker could not start. The message is one sentence for the person who started it.</summary>
public abstract class PosthasteException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// A setting is unknown, malformed or out of its range. The message names the key, the value and what is allowed.
/// </summary>
public sealed class PosthasteConfigurationException(string message, Exception? inner = null)
    : PosthasteException(message, inner);

/// <summary>The data directory is in use, of a newer version, damaged, or can't be read or written.</summary>
public sealed class PosthasteDataException(string message, Exception? inner = null)
    : PosthasteException(message, inner);

/// <summary>An address can't be listened on. The message names the protocol and the address.</summary>
public sealed class PosthasteListenException(string message, Exception? inner = null)
    : PosthasteException(message, inner);
