namespace Posthaste.Protocols.Stomp.Wire;

/// <summary>
/// What an ERROR frame says. STOMP has no codes: the header `message` is short and always the same for one cause, the
/// body has the particulars. The default value is no error.
/// </summary>
/// <param name="Message">The header `message`.</param>
/// <param name="Detail">The body.</param>
internal readonly record struct StompError(string Message, string Detail)
{
    /// <summary>Whether there is an error at all.</summary>
    public bool IsError => Message is not null;

    /// <summary>Bytes that are no frame: nothing behind them can be read.</summary>
    public static StompError Malformed(string detail) => new("Malformed frame", detail);

    /// <summary>A limit of the connection was passed.</summary>
    public static StompError TooLarge(string detail) => new("Frame too large", detail);
}
