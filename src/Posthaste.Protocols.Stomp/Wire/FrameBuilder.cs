using System.Buffers;
using System.Text;

namespace Posthaste.Protocols.Stomp.Wire;

/// <summary>
/// Builds the frames that are not sent per message: CONNECTED, RECEIPT, ERROR. Headers are escaped as the version of
/// the connection has it.
/// </summary>
internal sealed class FrameBuilder
{
    private readonly ArrayBufferWriter<byte> _bytes = new(128);
    private readonly StompVersion _version;
    private readonly bool _isEscaped;

    /// <param name="command">The command's name.</param>
    /// <param name="version">Whose escapes headers get.</param>
    /// <param name="isEscaped">False for CONNECTED, which any version has to be able to read.</param>
    public FrameBuilder(ReadOnlySpan<byte> command, StompVersion version, bool isEscaped = true)
    {
        _version = version;
        _isEscaped = isEscaped;
        _bytes.Write(command);
        _bytes.Write("\n"u8);
    }

    /// <summary>Adds a header.</summary>
    public FrameBuilder With(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
        WithRaw(name, _isEscaped ? HeaderText.Escaped(value, _version) : value);

    /// <summary>Adds a header.</summary>
    public FrameBuilder With(ReadOnlySpan<byte> name, string value) => With(name, Encoding.UTF8.GetBytes(value));

    /// <summary>Adds a header whose value has its escapes.</summary>
    public FrameBuilder WithRaw(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        _bytes.Write(name);
        _bytes.Write(":"u8);
        _bytes.Write(value);
        _bytes.Write("\n"u8);
        return this;
    }

    /// <summary>Ends the frame.</summary>
    public byte[] Build(ReadOnlySpan<byte> body = default)
    {
        _bytes.Write("\n"u8);
        _bytes.Write(body);
        _bytes.Write("\0"u8);
        return _bytes.WrittenSpan.ToArray();
    }
}
