namespace Posthaste.Bench.Load;

/// <summary>The broker closed, refused or said something that the protocol does not allow.</summary>
internal sealed class ConnectionException : Exception
{
    public ConnectionException(string message)
        : base(message)
    {
    }

    public ConnectionException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
