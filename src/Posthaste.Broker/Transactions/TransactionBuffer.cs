using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Notes;
using Posthaste.Broker.Pipeline;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Replies;
using Posthaste.Broker.Taps;
using Posthaste.Core.Messages;
using Posthaste.Core.Notes;
using Posthaste.Core.Queues;
using Posthaste.Primitives;

namespace Posthaste.Broker.Transactions;

/// <summary>
/// What a session has published, settled and noted since its last commit. Committed as one journal record,
/// so it holds across queues: after a crash all of it has happened or nothing. Owned by the session's reader.
/// </summary>
/// <remarks>
/// Memory: messages are copied to pooled buffers until the commit; <see cref="BytesMax"/> bounds them, and the dead
/// letters that its rejections make. Replies to requesters without a queue leave when the rest is durable; a crash
/// loses them, as it does outside of transactions.
/// </remarks>
public sealed class TransactionBuffer
{
    /// <summary>
    /// Bytes of messages in one transaction. 64 MiB: a journal file; what is larger should be a stream of confirmed
    /// messages.
    /// </summary>
    public const int BytesMax = 64 << 20;

    /// <summary>
    /// What a message costs beside its bytes, counted too: many empty ones are no way around the limit.
    /// </summary>
    private const int MessageOverheadBytes = 128;

    private readonly VirtualHost _host;
    private readonly MessageBroker _broker;
    private readonly BrokerConnection? _by;
    private readonly PinnedSpace _memory;
    private readonly List<(byte[] Name, byte[] Message)> _replies = [];
    private TransactionSettlements? _settlements;
    private NoteChanges? _notes;
    private OutgoingPublish[] _messages = [];
    private int _messageCount;
    private long _bytes;

    internal TransactionBuffer(VirtualHost host, BrokerConnection? by)
    {
        _host = host;
        _by = by;
        _broker = host.Broker;
        _memory = new PinnedSpace(_broker.Buffers);
    }

    /// <summary>Whether a message of this many bytes more would be too many.</summary>
    public bool WouldOverflow(int bytes) => _bytes + bytes + MessageOverheadBytes > BytesMax;

    /// <summary>Notes a message; its bytes are copied.</summary>
    public unsafe void Publish(in OutgoingPublish message)
    {
        var bytes = message.PropertiesLength + message.AnnotationsLength + message.BodyLength;
        var copy = _memory.Take(bytes);
        message.PropertiesSpan.CopyTo(copy);
        message.AnnotationsSpan.CopyTo(copy[message.PropertiesLength..]);
        message.BodySpan.CopyTo(copy[^message.BodyLength..]);
        _bytes += bytes + MessageOverheadBytes;
        if (_messageCount == _messages.Length) Array.Resize(ref _messages, Math.Max(8, _messageCount * 2));
        ref var kept = ref _messages[_messageCount++];
        kept = message;
        var start = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(copy));
        kept.Properties = start;
        kept.Annotations = start + message.PropertiesLength;
        kept.Body = start + bytes - message.BodyLength;
        kept.Source = null;
    }

    /// <summary>Notes a reply to a requester of <see cref="DirectReplies"/>; its bytes are copied.</summary>
    /// <returns>False if there is no such requester: the reply is unroutable.</returns>
    public bool TryReply(ReadOnlySpan<byte> name, in MessageView message)
    {
        if (!_broker.Replies.Exists(name)) return false;
        var bytes = new byte[MessageWriter.Size(
            message.Exchange.Length, message.RoutingKey.Length, message.Properties.Length, 0, message.Body.Length)];
        MessageWriter.Write(
            bytes, message.Format, message.Flags, message.ReceivedAtMs, message.Exchange, message.RoutingKey,
            message.Properties, default, message.Body);
        _replies.Add((name.ToArray(), bytes));
        _bytes += bytes.Length;
        return true;
    }

    /// <summary>Acknowledges an entry that is out; it stays so until the commit is durable.</summary>
    public void Settle(BrokerQueue queue, EntryId id, Subscription? by) => Settlements.Add(queue, id, by);

    /// <summary>Puts an entry that is out back to its place when the commit is durable.</summary>
    /// <param name="countsAsFailure">Whether the delivery counts against the delivery limit.</param>
    public void Return(BrokerQueue queue, EntryId id, Subscription? by, bool countsAsFailure) =>
        Settlements.Add(queue, id, by, countsAsFailure ? Ending.ReturnFailed : Ending.Return);

    /// <summary>
    /// Rejects an entry that is out for good: it is dropped or with its dead-letter targets when the commit is durable.
    /// One that may only go to a target that takes it (at-least-once) and finds none, or is too large for the
    /// transaction, dies behind the commit, in a record of its own.
    /// </summary>
    public void Reject(BrokerQueue queue, EntryId id, Subscription? by) =>
        Settlements.Add(queue, id, by, Ending.Reject);

    /// <summary>Sets a note of the virtual host with the commit.</summary>
    /// <returns>Why not; then the transaction is as it was.</returns>
    public NoteRefusal SetNote(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (WouldOverflow(key.Length + value.Length)) return NoteRefusal.TooManyBytes;
        var refusal = Notes.Set(key, value);
        if (refusal == NoteRefusal.None) _bytes += key.Length + value.Length;
        return refusal;
    }

    /// <summary>Removes a note of the virtual host with the commit.</summary>
    /// <returns>Why not; then the transaction is as it was.</returns>
    public NoteRefusal RemoveNote(ReadOnlySpan<byte> key)
    {
        if (WouldOverflow(key.Length)) return NoteRefusal.TooManyBytes;
        var refusal = Notes.Remove(key);
        if (refusal == NoteRefusal.None) _bytes += key.Length;
        return refusal;
    }

    /// <summary>
    /// Commits; <paramref name="reply"/> is called when it is durable and applied. Notes hold at once, unless nothing
    /// of the transaction could be recorded. The buffer is empty afterwards.
    /// </summary>
    public void Commit(TransactionReply reply)
    {
        if (_host.Tap is { } tap) Show(tap);
        _messageCount = AdmitAll(reply);
        RouteCounts.Count(_messages.AsSpan(0, _messageCount));
        _settlements?.Decide(this, _broker.DeadLetterer);
        var admitted = _messages.AsSpan(0, _messageCount);
        var notes = _notes is { Count: > 0 } ? _notes : null;
        PipelineCallback callback = _replies.Count == 0 ? reply : new RepliesFirst(_broker, [.. _replies], reply);
        if (_host.IsDeleted)
        {
            // Nothing of it would be there: whoever waits is not told that it were.
            _broker.Pipeline.RefuseCompound(admitted, _settlements?.Before(callback) ?? callback);
        }
        else if (_settlements is null)
        {
            _broker.Pipeline.AppendCompound([], admitted, notes, callback, _broker.NowMs);
        }
        else
        {
            callback = _settlements.Before(callback);
            if (_settlements.TryPrepare())
                _broker.Pipeline.AppendCompound(_settlements.Recorded, admitted, notes, callback, _broker.NowMs);
            else
                _broker.Pipeline.RefuseCompound(admitted, callback);
        }

        Clear();
    }

    /// <summary>
    /// Forgets messages, settlements and notes; the entries stay with the session, unsettled. A session that ends has
    /// to call it too: notes hold room until the end of their transaction.
    /// </summary>
    public void Rollback() => Clear();

    /// <summary>The messages are published now; only a tap has put a source to them.</summary>
    private void Show(MessageTap tap)
    {
        var flushes = FlushSet.ForThisThread;
        tap.Published(_messages.AsSpan(0, _messageCount), _by, flushes);
        flushes.FlushAll();
    }

    private TransactionSettlements Settlements => _settlements ??= new TransactionSettlements();

    private NoteChanges Notes => _notes ??= new NoteChanges(_host.Notes, _host.Id);

    /// <summary>Keeps the messages that a queue has room for, and tells the reply of those that one refused.</summary>
    private int AdmitAll(TransactionReply reply)
    {
        List<ulong>? refused = null;
        var admitted = 0;
        for (var i = 0; i < _messageCount; i++)
        {
            ref var message = ref _messages[i];
            if (message.Route.HasRefusing)
            {
                var by = Admission.Ask(ref message, _broker);
                if (by != Admitted.ByAll) (refused ??= []).Add(message.Seq);
                if (by == Admitted.ByNone && message.Retained is null)
                {
                    message.Source?.Handled(
                        message.Seq, message.Seq, accepted: false, FlushSet.ForThisThread);
                    continue;
                }
            }

            _messages[admitted++] = message;
        }

        if (refused is not null) reply.Refused = refused;
        return admitted;
    }

    private void Clear()
    {
        for (var i = 0; i < _messageCount; i++) _messages[i].Retained?.Abandon();
        _memory.Release();
        _replies.Clear();
        _settlements = null;
        _notes?.Clear();
        Array.Clear(_messages);
        _messageCount = 0;
        _bytes = 0;
    }

    /// <summary>What requesters wait for leaves before the publisher hears that it has.</summary>
    private sealed class RepliesFirst(
        MessageBroker broker, (byte[] Name, byte[] Message)[] replies, TransactionReply then) : PipelineCallback
    {
        protected internal override void Applied(bool durable, FlushSet flushes)
        {
            if (durable)
            {
                foreach (var (name, message) in replies)
                    broker.Replies.TryDeliver(name, new MessageView(message), flushes);
            }

            then.Applied(durable, flushes);
        }
    }
}
