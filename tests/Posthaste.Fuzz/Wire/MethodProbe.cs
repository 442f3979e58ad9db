using Posthaste.Protocols.Amqp091.Wire.Methods;

namespace Posthaste.Fuzz.Wire;

/// <summary>Shows the arguments of a decoded method as text.</summary>
public delegate string DescribeArguments<TMethod>(in TMethod method)
    where TMethod : allows ref struct;

/// <summary>What tests want to do with any method, whichever it is.</summary>
public abstract class MethodProbe(MethodId id, string schema)
{
    /// <summary>The method.</summary>
    public MethodId Id { get; } = id;

    /// <summary>
    /// The arguments in wire order as the specification lists them: <c>name:type</c> with the types u8, u16, u32, u64,
    /// bit, str (short string in UTF-8), bytes (short string of any bytes), lstr and table.
    /// </summary>
    public string Schema { get; } = schema;

    /// <summary>Decodes a payload and shows it; false if the codec calls it malformed.</summary>
    public abstract bool TryDescribe(ReadOnlySpan<byte> payload, out string text);

    /// <summary>Decodes a payload and encodes it again as a frame; false if the codec calls it malformed.</summary>
    public abstract bool TryRewrite(ReadOnlySpan<byte> payload, ushort channel, out byte[] frame);
}
