using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Posthaste.Broker.Pipeline;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Storage;
using Posthaste.Broker.Transactions;
using Posthaste.Core.Messages;
using Posthaste.Core.Queues;
using Posthaste.Core.Routing;

namespace Posthaste.Broker.DeadLettering;

/// <summary>
/// Moves entries that have died to their queue's dead-letter exchange: settlement here and arrival there are one
/// journal record, so a crash finds the message in one place and never in both or neither. Any thread, never on a
/// strand.
/// </summary>
internal sealed partial class DeadLetterer
{
    private readonly MessageBroker _broker;
    private readonly ILogger _log;
    private readonly DelayReleaser _releaser;

    [ThreadStatic]
    private static RouteResult? _routes;

    public DeadLetterer(MessageBroker broker)
    {
        _broker = broker;
        _log = broker.Loggers.CreateLogger<DeadLetterer>();
        _releaser = new DelayReleaser(broker);
    }

    /// <summary>Moves an entry, or has its queue keep it for another try.</summary>
    /// <returns>
    /// False when its bytes have to be read first, or too much is on its way to the disk; then the line goes on by
    /// itself.
    /// </returns>
    public bool TryTransfer(BrokerQueue queue, DeadLetterLine line, in DeadLetter letter, FlushSet flushes)
    {
        var pipeline = _broker.Pipeline;
        if (pipeline.IsCongested && !pipeline.IsFailed)
        {
            pipeline.Post(line);
            return false;
        }

        if (!queue.TryTakeDead(in letter, flushes, out var entry, out var copyCount)) return true;
        var lease = default(BlockLease);
        if (!_broker.Store.TryRead(entry.Location, entry.Length, ref lease, out var bytes))
        {
            var (id, location, length) = (letter.Id, entry.Location, entry.Length);
            _broker.Loader.Post(loading => Load(queue, line, id, location, length, loading));
            return false;
        }

        var isOnItsWay = TryTransfer(queue, in letter, in entry, bytes, new Recorded(queue, letter, entry, copyCount));
        lease.Release();
        if (!isOnItsWay) queue.KeepDead(in letter, in entry, flushes);
        return true;
    }

    /// <summary>
    /// Adds a message that dies by a transaction to what that publishes. Reads its bytes from disk if they are not in
    /// memory: clients reject what they have got a moment ago, so they are.
    /// </summary>
    /// <param name="entry">Out, its bytes held.</param>
    /// <returns>
    /// False when it can't go with the transaction: it has to stay until there is a target that takes it, it is too
    /// large for the transaction, or its bytes can't be read.
    /// </returns>
    public bool TryAddTo(
        TransactionBuffer transaction, BrokerQueue queue, in QueueEntry entry, DeadLetterReason reason)
    {
        if (transaction.WouldOverflow(entry.Length)) return false;
        var lease = default(BlockLease);
        try
        {
            if (!_broker.Store.TryRead(entry.Location, entry.Length, ref lease, out var bytes))
            {
                _broker.Store.Load(entry.Location, entry.Length);
                if (!_broker.Store.TryRead(entry.Location, entry.Length, ref lease, out bytes)) return false;
            }

            return TryPublish(queue, queue.Machine.Settings, new MessageView(bytes), reason, id: null, messages =>
            {
                foreach (ref readonly var message in messages) transaction.Publish(in message);
            });
        }
        catch (IOException)
        {
            // Or moved meanwhile. The rejection by itself comes across it again, and says so if it is still unreadable.
            return false;
        }
        finally
        {
            lease.Release();
        }
    }

    /// <summary>
    /// Dead-letters a message that a full queue has refused (`reject-publish-dlx`): it was never in the queue.
    /// </summary>
    public void TransferRefused(BrokerQueue queue, in OutgoingPublish message)
    {
        var settings = queue.Machine.Settings;
        if (settings.DeadLetterExchange is null) return;
        var view = message.View(_broker.NowMs);
        TryPublish(
            queue, settings, view, DeadLetterReason.MaxLength, id: null,
            messages => _broker.Pipeline.AppendCompound([], messages, null, callback: null, _broker.NowMs));
    }

    private void Load(
        BrokerQueue queue, DeadLetterLine line, EntryId id, MessageLocation location, int length, FlushSet flushes)
    {
        try
        {
            _broker.Store.Load(location, length);
        }
        catch (IOException e)
        {
            // Unless they were moved meanwhile. Not settled: the entry is there again after a restart, when the disk
            // may have come back.
            if (queue.LoseDead(id, location)) LogUnreadable(e, queue.Name, location.ToString());
        }

        line.Continue(flushes);
    }

    private bool TryTransfer(
        BrokerQueue queue, in DeadLetter letter, in QueueEntry entry, ReadOnlySpan<byte> bytes, Recorded callback)
    {
        QueueSettlement[] settlements = [];
        if (entry.Is(EntryFlags.Persistent))
        {
            var ranges = new EntryRanges();
            ranges.Add(letter.Id);
            settlements = [new QueueSettlement(queue.Id, ranges)];
        }

        var message = new MessageView(bytes);
        return queue.IsForDelayed
            ? _releaser.TryRelease(queue, letter.Id, message, settlements, callback)
            : TryPublish(
                queue, queue.Machine.Settings, message, letter.Reason, letter.Id,
                messages => _broker.Pipeline.AppendCompound(settlements, messages, null, callback, _broker.NowMs));
    }

    /// <param name="queue">Where it died.</param>
    /// <param name="settings">
    /// The queue's, as they are now: a policy may have taken the dead-letter exchange away since the message died, and
    /// then it goes nowhere.
    /// </param>
    /// <param name="message">What died.</param>
    /// <param name="reason">Of what.</param>
    /// <param name="id">
    /// As which entry; null for one that was never in the queue, or leaves it by a transaction.
    /// </param>
    /// <param name="record">Records it with its settlement; gets no message if nothing takes it.</param>
    /// <returns>False when it has to stay because there is no target that takes it where none may miss it.</returns>
    private unsafe bool TryPublish(
        BrokerQueue queue, QueueSettings settings, MessageView message, DeadLetterReason reason,
        EntryId? id, RecordMessages record)
    {
        var history = DeathHistory.Read(message.Annotations);
        var targets = FindTargets(
            queue, settings, in message, reason, history, out var keys, out var routingKey, out var delayMs);
        targets.RemoveAll(static target => target.IsDeleted);
        var bytes = message.Body.Length;
        var mustArrive = settings.DeadLetterStrategy == DeadLetterStrategy.AtLeastOnce;
        if (mustArrive && (targets.Count == 0 || targets.Exists(target => target.IsFullFor(bytes)))) return false;
        targets.RemoveAll(target => !target.TryAdmit(bytes));
        if (targets.Count == 0)
        {
            record([]);
            return true;
        }

        var format = _broker.Formats.For(message.Format);
        long? expiration = (message.Flags & MessageFlags.ExpirationRemoved) == 0
            && long.TryParse(
                format.ReadExpiration(in message), NumberStyles.None, CultureInfo.InvariantCulture, out var ms)
            ? ms : null;
        var annotations = new ArrayBufferWriter<byte>(256);
        history
            .With(queue.Name, reason, Encoding.UTF8.GetString(message.Exchange), keys, _broker.NowMs, expiration)
            .Write(annotations);
        fixed (byte* properties = message.Properties)
        fixed (byte* notes = annotations.WrittenSpan)
        fixed (byte* body = message.Body)
        {
            var publish = new OutgoingPublish
            {
                Route = new Route(
                    Encoding.UTF8.GetBytes(settings.DeadLetterExchange!), routingKey, [.. targets], delayMs),
                TtlMs = -1,
                Format = message.Format,
                Flags = (message.Flags | MessageFlags.ExpirationRemoved) & ~MessageFlags.Retained,
                Priority = format.ReadPriority(in message),
                Properties = properties,
                PropertiesLength = message.Properties.Length,
                Annotations = notes,
                AnnotationsLength = annotations.WrittenCount,
                Body = body,
                BodyLength = message.Body.Length,
            };
            if (id is { } entry) publish.Source = queue.Host.Tap?.Moving(queue, entry, reason, in publish);
            record(new Span<OutgoingPublish>(ref publish));
            return true;
        }
    }

    /// <summary>
    /// The queues that a dead message goes to: by the queue's dead-letter key, or by all the keys it came with.
    /// </summary>
    /// <param name="originalKeys">The keys that it came with, for its history.</param>
    /// <param name="routingKey">The key that it has from now on.</param>
    /// <param name="delayMs">How long an exchange on the way delays it.</param>
    private List<BrokerQueue> FindTargets(
        BrokerQueue queue, QueueSettings settings, in MessageView message, DeadLetterReason reason,
        DeathHistory history, out List<string> originalKeys, out byte[] routingKey, out long delayMs)
    {
        delayMs = 0;
        var format = _broker.Formats.For(message.Format);
        var extraKeys = format.ReadExtraRoutingKeys(in message);
        originalKeys = [Encoding.UTF8.GetString(message.RoutingKey), .. extraKeys.Select(Encoding.UTF8.GetString)];
        routingKey =
            settings.DeadLetterRoutingKey is { } key ? Encoding.UTF8.GetBytes(key) : message.RoutingKey.ToArray();

        var found = new List<BrokerQueue>();
        var catalog = queue.Host.Catalog;
        if (settings.DeadLetterExchange is not { } name || !catalog.TryGetExchange(name, out var exchange))
            return found;
        var routes = _routes ??= new RouteResult();
        routes.Clear();
        var headers = new RouteHeaders(new StoredHeaders(format, in message));
        catalog.Route(exchange, routingKey, settings.DeadLetterRoutingKey is null ? extraKeys : [], in headers, routes);

        foreach (var target in routes.Queues)
        {
            if (history.With(queue.Name, reason, "", [], 0).IsCycle(target.Name))
            {
                LogCycle(queue.Name, target.Name);
                continue;
            }

            found.Add((BrokerQueue)target);
        }

        delayMs = routes.DelayMs;
        foreach (var delaying in routes.DelayedBy)
        {
            if (queue.Host.DelayQueueOf(delaying).Queue is { } delayed) found.Add(delayed);
        }

        routes.Clear();
        return found;
    }

    /// <summary>Makes the record of at most one message, whose bytes are valid for the call.</summary>
    private delegate void RecordMessages(Span<OutgoingPublish> messages);

    /// <summary>What becomes of a dead entry when its record is durable, or could not be made.</summary>
    private sealed class Recorded(BrokerQueue queue, DeadLetter letter, QueueEntry entry, int copyCount)
        : PipelineCallback
    {
        protected internal override void Applied(bool durable, FlushSet flushes)
        {
            if (durable) queue.BuryDead(in letter, in entry, copyCount, flushes);
            else queue.KeepDead(in letter, in entry, flushes);
        }
    }

    [LoggerMessage(EventId = 2201, Level = LogLevel.Error,
        Message = "Queue {Queue}: a message to be dead-lettered cannot be read at {Place}; it stays in the journal")]
    private partial void LogUnreadable(Exception cause, string queue, string place);

    [LoggerMessage(EventId = 2202, Level = LogLevel.Warning,
        Message = "Queue {Queue}: a message died and would go to {Target}, where it died before "
            + "without a rejection in between; dropped to end the circle")]
    private partial void LogCycle(string queue, string target);
}
