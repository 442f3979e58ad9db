using Posthaste.Core.Collections;
using Posthaste.Core.Messages;

namespace Posthaste.Core.Retained;

/// <summary>
/// The last message of a routing key, kept for whoever subscribes later. Immutable, so it can be kept as long as
/// somebody wants it.
/// </summary>
public readonly struct RetainedMessage : IKeyed
{
    /// <summary>
    /// What a message costs beside its bytes as stored: the array's head and its place in the map, 16 bytes in leaves
    /// that are two thirds full.
    /// </summary>
    internal const int OverheadBytes = 48;

    private readonly byte[] _bytes;

    /// <param name="bytes">The message as <see cref="MessageWriter"/> wrote it; belongs to this from now on.</param>
    /// <param name="expiresAtMs">Unix milliseconds; 0 for never.</param>
    internal RetainedMessage(byte[] bytes, long expiresAtMs)
    {
        _bytes = bytes;
        ExpiresAtMs = expiresAtMs;
    }

    /// <summary>When it is no longer to be shown, in unix milliseconds; 0 for never.</summary>
    public long ExpiresAtMs { get; }

    /// <summary>The whole message.</summary>
    public MessageView Message => new(_bytes);

    /// <summary>The message as stored.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Its routing key, found without reading the rest: searches ask for little else.</summary>
    public ReadOnlySpan<byte> Key => MessageView.ReadRoutingKey(_bytes);

    internal long Cost => OverheadBytes + _bytes.Length;

    internal bool IsExpired(long nowMs) => ExpiresAtMs != 0 && ExpiresAtMs <= nowMs;
}

/// <summary>Why a message is not retained.</summary>
public enum RetainRefusal
{
    None = 0,

    /// <summary>There are as many retained messages as there may be.</summary>
    TooMany,

    /// <summary>The retained messages are as large together as they may be.</summary>
    TooManyBytes,

    /// <summary>The virtual host is deleted.</summary>
    Deleted,
}
