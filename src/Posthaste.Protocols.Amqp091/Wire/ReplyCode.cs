namespace Posthaste.Protocols.Amqp091.Wire;

/// <summary>
/// The reply codes of AMQP 0-9-1 (specification section 1.2 and RabbitMQ's errata), as close and return methods
/// carry them.
/// </summary>
public enum ReplyCode : ushort
{
    /// <summary>The operation succeeded, or the close is an ordinary one.</summary>
    ReplySuccess = 200,

    /// <summary>The content is larger than the peer takes.</summary>
    ContentTooLarge = 311,

    /// <summary>A mandatory message reached no queue (basic.return).</summary>
    NoRoute = 312,

    /// <summary>An immediate message reached no ready consumer (basic.return).</summary>
    NoConsumers = 313,

    /// <summary>An operator closed the connection, or the server shuts down.</summary>
    ConnectionForced = 320,

    /// <summary>The virtual host is unknown to the client's path.</summary>
    InvalidPath = 402,

    /// <summary>The user has no permission, or the name is reserved.</summary>
    AccessRefused = 403,

    /// <summary>The named entity does not exist.</summary>
    NotFound = 404,

    /// <summary>Another connection holds the entity exclusively.</summary>
    ResourceLocked = 405,

    /// <summary>The entity exists with other properties, or the request contradicts the channel's state.</summary>
    PreconditionFailed = 406,

    /// <summary>A frame that cannot be decoded.</summary>
    FrameError = 501,

    /// <summary>A frame with an illegal value in a field.</summary>
    SyntaxError = 502,

    /// <summary>A method at a moment where the protocol does not allow it.</summary>
    CommandInvalid = 503,

    /// <summary>A frame for a channel that is not open, or opened twice.</summary>
    ChannelError = 504,

    /// <summary>
    /// A frame of a kind that cannot come here: content without its method, or content on channel 0.
    /// </summary>
    UnexpectedFrame = 505,

    /// <summary>The server lacks the resources.</summary>
    ResourceError = 506,

    /// <summary>The request breaks a rule of the server, for example an unknown virtual host.</summary>
    NotAllowed = 530,

    /// <summary>The server does not have this feature.</summary>
    NotImplemented = 540,

    /// <summary>The server failed.</summary>
    InternalError = 541,
}

/// <summary>What an error ends: the channel it happened on, or the whole connection.</summary>
public enum ErrorScope
{
    /// <summary>A soft error: the answer is channel.close.</summary>
    Channel,

    /// <summary>A hard error: the answer is connection.close.</summary>
    Connection,
}

/// <summary>Names and scopes of the reply codes, as the specification fixes them.</summary>
public static class ReplyCodes
{
    /// <summary>Soft errors (311-313 and 403-406) end a channel; all others the connection.</summary>
    public static ErrorScope Scope(this ReplyCode code) => code
        is ReplyCode.ContentTooLarge or ReplyCode.NoRoute or ReplyCode.NoConsumers or ReplyCode.AccessRefused
        or ReplyCode.NotFound or ReplyCode.ResourceLocked or ReplyCode.PreconditionFailed
        ? ErrorScope.Channel
        : ErrorScope.Connection;

    /// <summary>
    /// The constant's name as reply texts begin with it (<c>NOT_FOUND</c>); client test suites match on it.
    /// </summary>
    public static string WireName(this ReplyCode code) => code switch
    {
        ReplyCode.ReplySuccess => "REPLY_SUCCESS",
        ReplyCode.ContentTooLarge => "CONTENT_TOO_LARGE",
        ReplyCode.NoRoute => "NO_ROUTE",
        ReplyCode.NoConsumers => "NO_CONSUMERS",
        ReplyCode.ConnectionForced => "CONNECTION_FORCED",
        ReplyCode.InvalidPath => "INVALID_PATH",
        ReplyCode.AccessRefused => "ACCESS_REFUSED",
        ReplyCode.NotFound => "NOT_FOUND",
        ReplyCode.ResourceLocked => "RESOURCE_LOCKED",
        ReplyCode.PreconditionFailed => "PRECONDITION_FAILED",
        ReplyCode.FrameError => "FRAME_ERROR",
        ReplyCode.SyntaxError => "SYNTAX_ERROR",
        ReplyCode.CommandInvalid => "COMMAND_INVALID",
        ReplyCode.ChannelError => "CHANNEL_ERROR",
        ReplyCode.UnexpectedFrame => "UNEXPECTED_FRAME",
        ReplyCode.ResourceError => "RESOURCE_ERROR",
        ReplyCode.NotAllowed => "NOT_ALLOWED",
        ReplyCode.NotImplemented => "NOT_IMPLEMENTED",
        ReplyCode.InternalError => "INTERNAL_ERROR",
        _ => throw new ArgumentOutOfRangeException(nameof(code), code, "not a reply code"),
    };
}
