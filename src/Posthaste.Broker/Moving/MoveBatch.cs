using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Posthaste.Broker.Formats;
using Posthaste.Broker.Pipeline;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Transactions;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;
using Posthaste.Primitives;

namespace Posthaste.Broker.Moving;

/// <summary>
/// Messages that change their queue together: one record settles them here and publishes them there, so a crash finds
/// each in one of both. Owned by one caller; used once.
/// </summary>
internal sealed class MoveBatch(BrokerQueue from)
{
    /// <summary>Messages of one record.</summary>
    public const int CountMax = 256;

    /// <summary>Bytes after which a record has enough: a block of the journal.</summary>
    private const int BytesEnough = 1 << 20;

    private readonly MessageBroker _broker = from.Host.Broker;
    private readonly List<OutgoingPublish> _messages = [];
    private readonly PinnedSpace _memory = new(from.Host.Broker.Buffers);
    private readonly TransactionSettlements _settlements = new();
    private long _bytes;

    public int Count => _messages.Count;

    public bool IsFull => Count == CountMax || _bytes >= BytesEnough;

    /// <summary>Takes a message out of its queue and copies it, to be published.</summary>
    /// <param name="route">To one queue, with the exchange and key that the message has there.</param>
    /// <param name="to">That queue, which has let it in.</param>
    /// <returns>False when somebody else has it meanwhile.</returns>
    public bool TryAdd(EntryId id, in MessageView message, Route route, BrokerQueue to, FlushSet flushes)
    {
        if (!from.TryTake(id, flushes))
        {
            to.DoesNotArrive(message.Body.Length);
            return false;
        }

        _messages.Add(Copy(in message, route));
        _settlements.Add(from, id, by: null);
        return true;
    }

    /// <summary>Makes the record; what it moves leaves its queue when that is durable.</summary>
    /// <returns>False when it could not be made: then all is where it was.</returns>
    public async Task<bool> CommitAsync()
    {
        var done = new Completion();
        var callback = _settlements.Before(done);
        var messages = CollectionsMarshal.AsSpan(_messages);
        if (_settlements.TryPrepare())
            _broker.Pipeline.AppendCompound(_settlements.Recorded, messages, null, callback, _broker.NowMs);
        else
            _broker.Pipeline.RefuseCompound(messages, callback);
        _memory.Release();
        return await done.Task.ConfigureAwait(false);
    }

    private unsafe OutgoingPublish Copy(in MessageView message, Route route)
    {
        var format = _broker.Formats.For(message.Format);
        var bytes = message.Properties.Length + message.Annotations.Length + message.Body.Length;
        var target = _memory.Take(bytes);
        message.Properties.CopyTo(target);
        message.Annotations.CopyTo(target[message.Properties.Length..]);
        message.Body.CopyTo(target[(message.Properties.Length + message.Annotations.Length)..]);
        _bytes += bytes;
        var start = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(target));
        return new OutgoingPublish
        {
            Route = route,
            TtlMs = format.ReadTtl(in message),
            Format = message.Format,
            Flags = message.Flags & ~MessageFlags.Retained,
            Priority = format.ReadPriority(in message),
            Properties = start,
            PropertiesLength = message.Properties.Length,
            Annotations = start + message.Properties.Length,
            AnnotationsLength = message.Annotations.Length,
            Body = start + message.Properties.Length + message.Annotations.Length,
            BodyLength = message.Body.Length,
        };
    }

    private sealed class Completion : PipelineCallback
    {
        private readonly TaskCompletionSource<bool> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<bool> Task => _done.Task;

        protected internal override void Applied(bool durable, FlushSet flushes) => _done.SetResult(durable);
    }
}
