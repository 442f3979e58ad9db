namespace Posthaste.Protocols.Stomp.Wire;

/// <summary>The commands that a client may send.</summary>
internal enum StompCommand : byte
{
    /// <summary>None of them.</summary>
    Unknown,
    Send,
    Ack,
    Nack,
    Subscribe,
    Unsubscribe,
    Begin,
    Commit,
    Abort,
    Connect,

    /// <summary>Another name for CONNECT, from 1.1 on.</summary>
    Stomp,
    Disconnect,
}

internal static class StompCommands
{
    /// <summary>Bytes of the longest command, UNSUBSCRIBE.</summary>
    public const int NameBytesMax = 11;

    /// <summary>Commands are case-sensitive.</summary>
    public static StompCommand Parse(ReadOnlySpan<byte> name) => name.Length switch
    {
        3 when name.SequenceEqual("ACK"u8) => StompCommand.Ack,
        4 when name.SequenceEqual("SEND"u8) => StompCommand.Send,
        4 when name.SequenceEqual("NACK"u8) => StompCommand.Nack,
        5 when name.SequenceEqual("BEGIN"u8) => StompCommand.Begin,
        5 when name.SequenceEqual("ABORT"u8) => StompCommand.Abort,
        5 when name.SequenceEqual("STOMP"u8) => StompCommand.Stomp,
        6 when name.SequenceEqual("COMMIT"u8) => StompCommand.Commit,
        7 when name.SequenceEqual("CONNECT"u8) => StompCommand.Connect,
        9 when name.SequenceEqual("SUBSCRIBE"u8) => StompCommand.Subscribe,
        10 when name.SequenceEqual("DISCONNECT"u8) => StompCommand.Disconnect,
        NameBytesMax when name.SequenceEqual("UNSUBSCRIBE"u8) => StompCommand.Unsubscribe,
        _ => StompCommand.Unknown,
    };

    /// <summary>As it stands on the wire, for messages to people.</summary>
    public static string WireName(this StompCommand command) => command.ToString().ToUpperInvariant();
}
