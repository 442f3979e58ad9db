using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Posthaste.Core.Messages;

namespace Posthaste.Broker.Replies;

/// <summary>Someone who waits for replies without having a queue for them: a session with a reply consumer.</summary>
public abstract class DirectReplyTarget
{
    /// <summary>
    /// Encodes the reply into the session's output. Called on the replier's thread; takes the output's lock only.
    /// Replies are delivered at most once: a target that cannot take any more drops it.
    /// </summary>
    /// <param name="message">Valid during the call only.</param>
    /// <param name="flushes">Where to register the output that was written to.</param>
    protected internal abstract void Deliver(in MessageView message, FlushSet flushes);
}

/// <summary>
/// Direct reply-to: names that stand for a requester's session instead of a queue. A reply published to the default
/// exchange with such a name as routing key goes straight to the session, whatever protocol it speaks: nothing is
/// declared, stored or journaled. Any thread.
/// </summary>
public sealed class DirectReplies
{
    /// <summary>What a requester consumes from and names as `reply-to`.</summary>
    public const string PseudoQueue = "amq.rabbitmq.reply-to";

    /// <summary>What all names given out begin with.</summary>
    public const string Prefix = PseudoQueue + ".";

    // 128 random bits: a reply needs no permission but knowing the name.
    private const int TokenBytes = 16;

    private readonly ConcurrentDictionary<string, DirectReplyTarget> _targets = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, DirectReplyTarget>.AlternateLookup<ReadOnlySpan<char>> _lookup;

    public DirectReplies() => _lookup = _targets.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Targets that are registered now.</summary>
    public int Count => _targets.Count;

    /// <summary>Whether a name stands for a requester, now or before, rather than for a queue.</summary>
    public static bool IsReplyName(ReadOnlySpan<byte> name) => name.StartsWith("amq.rabbitmq.reply-to."u8);

    /// <summary>Gives the target a name that nobody can guess, valid until <see cref="Unregister"/>.</summary>
    public string Register(DirectReplyTarget target)
    {
        var name = Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenBytes));
        _targets[name] = target;
        return name;
    }

    /// <summary>Replies to the name go nowhere from now on.</summary>
    public void Unregister(string name) => _targets.TryRemove(name, out _);

    /// <summary>Whether the requester is still there.</summary>
    public bool Exists(ReadOnlySpan<byte> name) => TryFind(name, out _);

    /// <summary>
    /// Hands a reply to the requester of that name; false if there is none any more: the reply is unroutable.
    /// </summary>
    public bool TryDeliver(ReadOnlySpan<byte> name, in MessageView message, FlushSet flushes)
    {
        if (!TryFind(name, out var target))
            return false;
        target.Deliver(message, flushes);
        return true;
    }

    private bool TryFind(
        ReadOnlySpan<byte> name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out DirectReplyTarget? target)
    {
        // Names are short strings on every wire; one with other than ASCII in it was not given out here.
        Span<char> chars = stackalloc char[byte.MaxValue];
        target = null;
        return name.Length <= chars.Length
            && Ascii.ToUtf16(name, chars, out var count) == System.Buffers.OperationStatus.Done
            && _lookup.TryGetValue(chars[..count], out target);
    }
}
