namespace Posthaste.Simulation.Model;

/// <summary>
/// What clients may expect of the broker, from what they did and what they were told. It knows nothing of how the
/// broker works; where the
/// broker is free to do one thing or the other (before a confirm, in a crash) it waits to see which.
/// </summary>
internal sealed class BrokerModel
{
    private readonly List<ModelMessage> _messages = [];

    public Dictionary<string, ModelQueue> Queues { get; } = [];

    /// <summary>Deliveries that were checked.</summary>
    public long DeliveryCount { get; private set; }

    public int MessageCount => _messages.Count;

    /// <summary>Whether the power is off: what a broker does then nobody sees.</summary>
    public Func<bool> IsOff { get; init; } = static () => false;

    /// <summary>Whether the broker says that it can't read something that was damaged on purpose.</summary>
    public Func<bool> SeesDamage { get; init; } = static () => false;

    /// <summary>
    /// The broker has reported damage: what follows from lost records is allowed, invented messages are not.
    /// </summary>
    public bool IsDamaged
    {
        get => field |= SeesDamage();
        set;
    }

    public ModelMessage Publish(
        int producer, ulong seq, IEnumerable<ModelQueue> queues, bool isPersistent, byte priority, long ttlMs,
        int bodyBytes, ModelTransaction? transaction = null)
    {
        var message = new ModelMessage
        {
            Id = _messages.Count,
            Producer = producer,
            Seq = seq,
            IsPersistent = isPersistent,
            Priority = priority,
            TtlMs = ttlMs,
            BodyBytes = bodyBytes,
            Transaction = transaction,
        };
        _messages.Add(message);
        foreach (var queue in queues)
        {
            var copy = new ModelCopy(message, queue);
            message.Copies.Add(copy);
            queue.Copies.Add(copy);
            transaction?.Published.Add(copy);
        }

        return message;
    }

    /// <summary>The publisher was told that the message is safe, or that it is not.</summary>
    public static void Handled(ModelMessage message, bool accepted)
    {
        if (!accepted) return;
        foreach (var copy in message.Copies) BecomeCertain(copy);
    }

    /// <summary>The client was told that its transaction has happened.</summary>
    public static void Committed(ModelTransaction transaction)
    {
        transaction.Learn(true, "the commit was confirmed");
        foreach (var change in transaction.Noted) (change.IsInEffect, change.IsDurable) = (true, true);
        foreach (var copy in transaction.Published)
        {
            if (!copy.Place.RejectsPublish) BecomeCertain(copy);
        }

        foreach (var copy in transaction.Settled)
        {
            copy.IsDoneForGood |= copy.State == CopyState.Done && copy.DoneBy == transaction;
        }
    }

    /// <summary>The client was told that its transaction has failed: what it would have settled is back.</summary>
    /// <param name="isSure">
    /// Nothing of it is recorded; else the journal has failed, and after a restart it may be found to have happened.
    /// </param>
    public static void NotCommitted(ModelTransaction transaction, bool isSure)
    {
        if (isSure) transaction.Learn(false, "the commit was refused");
        foreach (var copy in transaction.Settled)
        {
            if (copy.State != CopyState.Done || copy.DoneBy != transaction) continue;
            copy.DoneBy = null;
            copy.DoubtedBy = isSure ? null : transaction;
            Returned(copy, countsAsFailure: false);
        }
    }

    /// <summary>A consumer was given a message. Checks everything that can be known from that.</summary>
    public ModelCopy Delivered(ModelQueue from, ReadOnlySpan<byte> body, bool redelivered)
    {
        DeliveryCount++;
        var id = ModelMessage.IdOf(body);
        SimulationFailure.Unless(id >= 0 && id < _messages.Count, $"{from.Name}: a message was invented");
        var message = _messages[id];
        SimulationFailure.Unless(message.IsBody(body), $"{from.Name}: {message} has another body");
        var copy = message.Copies.Find(copy => copy.Place == from)
            ?? message.Copies.Find(copy => copy.Place.DeadLetters == from);
        if (copy is null) throw new SimulationFailure($"{from.Name}: {message} was never routed here");
        if (IsDamaged)
        {
            MoveTo(copy, from);
        }
        else
        {
            if (copy.Place != from) FoundDead(copy, from);
            CheckDelivery(copy, redelivered);
            copy.DoneBy?.Learn(false, $"{copy} came back");
            message.Transaction?.Learn(true, $"{copy} was delivered");
        }

        from.NoteLeft(copy);
        copy.State = CopyState.Out;
        copy.WasDelivered = true;
        copy.IsDoneForGood = false;
        copy.DoneBy = null;
        copy.IsCertain = true;
        copy.MayBeDone = false;
        return copy;
    }

    public static void Settled(ModelCopy copy, ModelTransaction? by = null)
    {
        copy.State = CopyState.Done;
        copy.DoneBy = by;
        by?.Settled.Add(copy);
    }

    public static void Returned(ModelCopy copy, bool countsAsFailure)
    {
        copy.State = CopyState.Ready;
        if (countsAsFailure) copy.FailureCount++;
        if (copy.FailureCount > (copy.Place.DeliveryLimit ?? int.MaxValue)) copy.MayHaveLeft = true;
        copy.MayHaveLeft |= !IsBoundToStay(copy);
        if (!copy.MayHaveLeft) copy.Place.NoteWaiting(copy);
    }

    public static void Rejected(ModelCopy copy) =>
        copy.State = copy.Place.DeadLetters is null ? CopyState.Done : CopyState.Dying;

    /// <summary>All ready messages of the queue were removed.</summary>
    public void Purged(ModelQueue queue)
    {
        // What had died unseen went with it.
        foreach (var source in Queues.Values.Where(source => source.DeadLetters == queue))
        {
            foreach (var copy in source.Copies.Where(MayBeDead)) (copy.IsCertain, copy.MayBeDone) = (false, true);
        }

        foreach (var copy in queue.Copies)
        {
            if (copy.State != CopyState.Ready) continue;
            queue.NoteLeft(copy);
            copy.DoneBy = null;
            if (MayBeDead(copy)) (copy.IsCertain, copy.MayHaveLeft) = (false, true);
            else copy.State = CopyState.Done;
        }
    }

    /// <summary>The queue is gone, and its messages with it.</summary>
    public void Deleted(ModelQueue queue)
    {
        Queues.Remove(queue.Name);
        foreach (var copy in queue.Copies.ToArray())
        {
            if (queue.DeadLetters is { } dead && MayBeDead(copy))
            {
                MoveTo(copy, dead);
                (copy.IsCertain, copy.MayHaveLeft) = (false, true);
                continue;
            }

            copy.State = CopyState.Done;
            copy.IsDoneForGood = true;
        }
    }

    /// <summary>The broker has come to rest and its journal works: all that was done is applied and on disk.</summary>
    /// <param name="holdsDead">Whether the queue still has dead messages whose target could not take them.</param>
    public void AtRest(Func<ModelQueue, bool> holdsDead)
    {
        foreach (var queue in Queues.Values.ToArray())
        {
            queue.IsDeclaredForGood = true;
            foreach (var copy in queue.Copies.ToArray())
            {
                switch (copy.State)
                {
                    case CopyState.Done when !copy.IsUnrecorded:
                        copy.IsDoneForGood = true;
                        copy.DoneBy?.Learn(true, $"{copy} was settled");
                        queue.Copies.Remove(copy);
                        break;
                    case CopyState.Dying when !holdsDead(queue):
                        MoveTo(copy, queue.DeadLetters!);
                        break;
                }
            }
        }
    }

    /// <summary>The disk is full: settlements may go unrecorded.</summary>
    public void AtRestWithoutRoom()
    {
        foreach (var queue in Queues.Values)
        {
            foreach (var copy in queue.Copies) copy.IsUnrecorded |= copy.State is CopyState.Done && !copy.IsDoneForGood;
        }
    }

    /// <summary>The broker has stopped, in order or not, and comes up again on what is left.</summary>
    public void Restarted()
    {
        foreach (var queue in Queues.Values.ToArray())
        {
            if (!queue.IsDurable)
            {
                Deleted(queue);
                continue;
            }

            queue.ForgetWaiting();
            foreach (var copy in queue.Copies.ToArray()) Restarted(copy);
        }
    }

    /// <summary>Compares the numbers of a queue at rest with what has to be there.</summary>
    public static void CheckCounts(ModelQueue queue, long ready, long unacked)
    {
        var (surelyReady, maybeReady, surelyOut) = (0, 0, 0);
        foreach (var copy in queue.Copies)
        {
            if (copy.State == CopyState.Out) surelyOut++;
            if (copy.State != CopyState.Ready) continue;
            if (copy.IsCertain && !copy.MayHaveLeft && IsBoundToStay(copy)) surelyReady++;
            else maybeReady++;
        }

        if (queue.IsForDeadLetters) maybeReady = int.MaxValue / 2;
        SimulationFailure.Unless(
            ready >= surelyReady && ready <= surelyReady + maybeReady,
            $"{queue.Name}: {ready} messages are ready, {surelyReady} to {surelyReady + maybeReady} have to be");
        SimulationFailure.Unless(
            unacked == surelyOut, $"{queue.Name}: {unacked} messages are out, {surelyOut} have to be");
    }

    /// <summary>Every queue has been emptied: whatever had to be there has come.</summary>
    public void CheckNothingMissing()
    {
        foreach (var message in _messages)
        {
            foreach (var copy in message.Copies)
            {
                var mustHaveCome = copy.IsCertain && copy.State is not CopyState.Done
                    && (copy.Place.DeadLetters is not null || (!copy.MayHaveLeft && IsBoundToStay(copy)));
                SimulationFailure.Unless(!mustHaveCome, $"lost: {copy}");
                if (IsMissing(copy)) message.Transaction?.Learn(false, $"{copy} is missing");
            }
        }
    }

    /// <summary>Whether no rule lets the broker take the copy out of its place by itself.</summary>
    private static bool IsBoundToStay(ModelCopy copy) =>
        !copy.Place.LetsGo && (copy.Message.TtlMs < 0 || copy.Place.IsForDeadLetters);

    private static bool IsMissing(ModelCopy copy) =>
        copy is { State: CopyState.Ready, IsCertain: false, MayHaveLeft: false, MayBeDone: false }
        && !copy.Place.RejectsPublish && copy.IsKept && IsBoundToStay(copy);

    private static void BecomeCertain(ModelCopy copy)
    {
        if (copy.IsCertain) return;
        copy.IsCertain = true;
        if (copy.State == CopyState.Ready && IsBoundToStay(copy) && !copy.WasDelivered) copy.Place.NoteWaiting(copy);
    }

    private static void CheckDelivery(ModelCopy copy, bool redelivered)
    {
        SimulationFailure.Unless(copy.State != CopyState.Out, $"delivered while it was out: {copy}");
        SimulationFailure.Unless(copy.State != CopyState.Done, $"delivered after it was settled: {copy}");
        SimulationFailure.Unless(copy.State != CopyState.Dying, $"delivered after it was rejected: {copy}");
        SimulationFailure.Unless(!copy.WasDelivered || redelivered, $"delivered again without saying so: {copy}");
        copy.Place.CheckOrder(copy, copy.MayBeLate || copy.MayBeDone || copy.MayHaveLeft || !IsBoundToStay(copy));
    }

    private static void FoundDead(ModelCopy copy, ModelQueue deadLetters)
    {
        SimulationFailure.Unless(MayBeDead(copy), $"dead without a reason: {copy}");
        MoveTo(copy, deadLetters);
    }

    /// <summary>Whether it may have gone to the dead letters already.</summary>
    private static bool MayBeDead(ModelCopy copy) => copy.Place.DeadLetters is not null
        && (copy.State == CopyState.Dying
            || (copy.State == CopyState.Ready && (copy.MayHaveLeft || !IsBoundToStay(copy))));

    private static void MoveTo(ModelCopy copy, ModelQueue place)
    {
        copy.Place.NoteLeft(copy);
        copy.Place.Copies.Remove(copy);
        place.Copies.Add(copy);
        copy.Place = place;
        copy.State = CopyState.Ready;
        copy.WasDelivered = false;
        copy.MayHaveLeft = false;
        copy.FailureCount = 0;
    }

    private static void Restarted(ModelCopy copy)
    {
        if (!copy.IsKept)
        {
            copy.State = CopyState.Done;
            copy.IsDoneForGood = true;
            copy.Place.Copies.Remove(copy);
            return;
        }

        if (copy.DoubtedBy is { } doubted)
        {
            (copy.IsCertain, copy.MayBeDone) = (false, true);
            (copy.DoneBy, copy.DoubtedBy) = (doubted, null);
        }

        // Where it may have gone to, it may have been forgotten.
        copy.IsCertain &= !MayBeDead(copy) || copy.Place.DeadLetters!.Keeps(copy.Message);
        switch (copy.State)
        {
            case CopyState.Out:
                copy.State = CopyState.Ready;
                break;
            case CopyState.Dying:
                // It is here or with the dead letters, by one record.
                copy.State = CopyState.Ready;
                copy.MayHaveLeft = true;
                break;
            case CopyState.Done when !copy.IsDoneForGood:
                // Nobody waited for the settlement: it may be forgotten.
                copy.State = CopyState.Ready;
                copy.IsUnrecorded = false;
                copy.IsCertain = false;
                copy.MayBeDone = true;
                break;
        }

        // Refused when the journal failed, it may be found after all, behind later ones that needed no journal.
        copy.MayBeLate |= !copy.IsCertain;
        var stays = copy.IsCertain && !copy.MayHaveLeft && IsBoundToStay(copy);
        if (stays && copy.State == CopyState.Ready) copy.Place.NoteWaiting(copy);
    }
}
