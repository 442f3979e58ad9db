namespace Posthaste.Bench.Amqp;

/// <summary>The broker closed, refused or said something that the protocol does not allow.</summary>
internal sealed class AmqpException : Exception
{
    public AmqpException(string message)
        : base(message)
    {
    }

    public AmqpException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
