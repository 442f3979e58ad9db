using Posthaste.Core.Collections;
using Posthaste.Core.Messages;

namespace Posthaste.Core.Retained;

/// <summary>
/// The retained messages of a virtual host, by routing key, within bounds; found by patterns of words. Not thread-safe.
/// </summary>
/// <remarks>
/// One sorted map instead of a trie of words: a message costs its own bytes and some 50 more, and a pattern is matched
/// by seeking from one candidate to the next (see <see cref="RetainedCursor"/>), where a trie has nodes and tables of
/// several hundred bytes a topic. What is on its way through the pipeline holds its room ahead.
/// </remarks>
/// <param name="countMax">Messages at most.</param>
/// <param name="bytesMax">Bytes of messages at most, with 48 for each.</param>
public sealed class RetainedStore(long countMax, long bytesMax)
{
    private SortedMap<RetainedMessage> _messages = new();
    private byte[] _sweptThrough = [];
    private int _expiringCount;
    private long _heldCount;
    private long _heldBytes;

    public int Count => _messages.Count;

    /// <summary>What the messages cost in memory.</summary>
    public long Bytes { get; private set; }

    public bool TryGet(ReadOnlySpan<byte> routingKey, long nowMs, out RetainedMessage message) =>
        _messages.TryGet(routingKey, out message) && !message.IsExpired(nowMs);

    /// <summary>
    /// Holds room for a message that is to be retained; <see cref="LetGo"/> gives back what is returned in
    /// <paramref name="held"/>.
    /// </summary>
    public RetainRefusal Hold(ReadOnlySpan<byte> routingKey, int messageBytes, out RetainedHold held)
    {
        var takesPlace = _messages.TryGet(routingKey, out var known);
        held = new RetainedHold(takesPlace ? 0 : 1, RetainedMessage.OverheadBytes + messageBytes);
        if (Count + _heldCount + held.Count > countMax) return RetainRefusal.TooMany;
        var freed = takesPlace ? known.Cost : 0;
        if (Bytes + _heldBytes + held.Bytes - freed > bytesMax) return RetainRefusal.TooManyBytes;
        _heldCount += held.Count;
        _heldBytes += held.Bytes;
        return RetainRefusal.None;
    }

    /// <summary>Gives back the room held for a message, because it is there now or never comes.</summary>
    public void LetGo(RetainedHold held)
    {
        _heldCount -= held.Count;
        _heldBytes -= held.Bytes;
    }

    /// <summary>
    /// Retains a message in the place of the one with its routing key; one with an empty body only takes that away.
    /// Limits play no part: they are asked before.
    /// </summary>
    /// <param name="message">As stored; belongs to the store from now on.</param>
    /// <param name="ttlMs">Time to live from its arrival; -1 for none.</param>
    public void Apply(byte[] message, long ttlMs)
    {
        var view = new MessageView(message);
        if (view.Body.IsEmpty)
        {
            if (_messages.Remove(view.RoutingKey, out var removed)) Forget(in removed);
            return;
        }

        var added = new RetainedMessage(message, ttlMs < 0 ? 0 : view.ReceivedAtMs + ttlMs);
        Bytes += added.Cost;
        if (added.ExpiresAtMs != 0) _expiringCount++;
        if (_messages.Set(in added, out var replaced)) Forget(in replaced);
    }

    /// <summary>Removes all messages. What is held stays held until it is let go of.</summary>
    public void Clear()
    {
        _messages = new SortedMap<RetainedMessage>();
        _sweptThrough = [];
        _expiringCount = 0;
        Bytes = 0;
    }

    /// <summary>Adds the next matches to a list, in the order of routing keys.</summary>
    /// <param name="matchesMax">Messages to add at most.</param>
    /// <param name="stepsMax">Keys to look at at most: bounds the time also where little matches.</param>
    /// <returns>False when there are no more.</returns>
    public bool Read(RetainedCursor cursor, List<RetainedMessage> into, int matchesMax, int stepsMax, long nowMs)
    {
        if (cursor.IsAtEnd) return false;
        var at = cursor.Resume(_messages);
        for (var steps = 0; steps < stepsMax && matchesMax > 0; steps++)
        {
            if (_messages.IsAtEnd(at))
            {
                cursor.IsAtEnd = true;
                return false;
            }

            var verdict = cursor.Judge(_messages[at].Key);
            if (verdict == RetainedVerdict.Match && !_messages[at].IsExpired(nowMs))
            {
                into.Add(_messages[at]);
                matchesMax--;
            }

            if (cursor.IsAtEnd) return false;
            at = verdict == RetainedVerdict.Seek ? _messages.Seek(cursor.Target) : _messages.Next(at);
        }

        if (_messages.IsAtEnd(at)) cursor.IsAtEnd = true;
        else cursor.Pause(_messages[at].Key);
        return !cursor.IsAtEnd;
    }

    /// <summary>Removes expired messages among the next keys, round and round.</summary>
    /// <param name="stepsMax">Keys to look at.</param>
    /// <returns>How many were removed.</returns>
    public int Sweep(long nowMs, int stepsMax)
    {
        if (_expiringCount == 0) return 0;
        var removedCount = 0;
        var at = _messages.Seek(_sweptThrough);
        for (var steps = 0; steps < stepsMax && !_messages.IsAtEnd(at); steps++)
        {
            var message = _messages[at];
            if (message.IsExpired(nowMs))
            {
                at = _messages.RemoveAt(at);
                Forget(in message);
                removedCount++;
            }
            else
            {
                at = _messages.Next(at);
            }
        }

        _sweptThrough = _messages.IsAtEnd(at) ? [] : _messages[at].Key.ToArray();
        return removedCount;
    }

    private void Forget(in RetainedMessage message)
    {
        Bytes -= message.Cost;
        if (message.ExpiresAtMs != 0) _expiringCount--;
    }
}

/// <summary>Room held for a message on its way.</summary>
public readonly record struct RetainedHold(int Count, long Bytes);
