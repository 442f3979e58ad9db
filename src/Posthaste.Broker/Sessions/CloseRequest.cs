namespace Posthaste.Broker.Sessions;

/// <summary>Who or what wants a session to end. Each protocol has its own codes for them.</summary>
public enum CloseCause
{
    /// <summary>The broker shuts down.</summary>
    Shutdown,

    /// <summary>An operator asked for it.</summary>
    Operator,

    /// <summary>The journal cannot be written: what was to be promised to the client will not be true.</summary>
    JournalFailed,

    /// <summary>The same client has connected again.</summary>
    TakenOver,

    /// <summary>The access token that the client has logged in with has expired.</summary>
    LoginExpired,
}

/// <summary>A request to end a session. A protocol derives from it what only its own answer needs to know.</summary>
/// <param name="Cause">Why.</param>
/// <param name="Text">Why, for the client and the log.</param>
public record CloseRequest(CloseCause Cause, string Text)
{
    /// <summary>The broker shuts down.</summary>
    public static CloseRequest Shutdown { get; } = new(CloseCause.Shutdown, "shutdown");

    /// <summary>The access token was not renewed in time.</summary>
    public static CloseRequest LoginExpired { get; } = new(CloseCause.LoginExpired, "the access token has expired");

    /// <summary>A reply was to wait for durability that will not come.</summary>
    public static CloseRequest JournalFailed { get; } = new(
        CloseCause.JournalFailed, "the journal cannot be written: nothing more becomes durable until a restart");
}
