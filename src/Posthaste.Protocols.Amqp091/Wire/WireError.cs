using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Protocols.Amqp091.Wire;

/// <summary>A breach of the protocol as a value: what to tell the peer, and about which method.</summary>
/// <param name="Code">The reply code, which also decides what the error ends.</param>
/// <param name="Detail">
/// English text without the code's name; null only in the default value, which is no error.
/// </param>
/// <param name="Method">The method that failed; <see cref="MethodId.None"/> if none did.</param>
public readonly record struct WireError(ReplyCode Code, string Detail, MethodId Method = MethodId.None)
{
    /// <summary>What the error ends.</summary>
    public ErrorScope Scope => Code.Scope();

    /// <summary>The text for the peer: <c>NOT_FOUND - no queue 'q' in vhost '/'</c>.</summary>
    public string ReplyText => $"{Code.WireName()} - {Detail}";

    /// <summary>A method whose arguments do not decode: truncated, too long, or a name that is not UTF-8.</summary>
    public static WireError MalformedMethod(MethodId method) =>
        new(ReplyCode.FrameError, $"cannot decode the arguments of {method.WireName()}", method);

    /// <summary>A content header that is not a class, a zero weight, a size and sound properties.</summary>
    public static WireError MalformedContentHeader(MethodId method) =>
        new(ReplyCode.FrameError, "cannot decode the content header", method);

    /// <summary>A class or method number that AMQP 0-9-1 and its extensions do not define.</summary>
    public static WireError UnknownMethod(ushort classId, ushort methodId) => new(
        ReplyCode.NotImplemented, $"unknown method {classId}.{methodId}", MethodIds.FromParts(classId, methodId));
}
