namespace Posthaste.Protocols.Amqp091.Wire.Methods;

/// <summary>
/// A method in the buffer that it came in, or on its way into one: names and tables are spans that the method does
/// not own. A table is its content without the 4 byte length.
/// </summary>
/// <typeparam name="TSelf">The method itself.</typeparam>
public interface IMethod<TSelf>
    where TSelf : IMethod<TSelf>, allows ref struct
{
    /// <summary>The number that stands for the method on the wire.</summary>
    static abstract MethodId Id { get; }

    /// <summary>Exactly as many bytes as <see cref="WriteArguments"/> writes.</summary>
    int ArgumentBytes { get; }

    /// <summary>
    /// Reads a method frame's payload, which begins with the method's id and must end with its last argument.
    /// False means malformed: another id, a length beyond the payload, bytes left over, a name that is not UTF-8, a
    /// damaged table. What is in <paramref name="method"/> then has no meaning.
    /// </summary>
    static abstract bool TryRead(ReadOnlySpan<byte> payload, out TSelf method);

    /// <summary>Writes the arguments, without the id. Short strings must not exceed 255 bytes.</summary>
    void WriteArguments(ref WireWriter writer);
}
