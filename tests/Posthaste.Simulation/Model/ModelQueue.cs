using Posthaste.Core.Catalog;
using Posthaste.Primitives.Tables;

namespace Posthaste.Simulation.Model;

/// <summary>A queue as the model knows it: its rules, and the copies of messages that are in it.</summary>
internal sealed class ModelQueue(string name)
{
    private readonly Dictionary<(int Level, int Producer), ulong> _lastFirstDelivery = [];
    private readonly Dictionary<(int Level, int Producer), SortedSet<ulong>> _waiting = [];

    public string Name => name;

    public bool IsDurable { get; init; } = true;

    public bool IsQuorum { get; init; }

    public int? LengthMax { get; init; }

    /// <summary>Refuses instead of dropping from the head.</summary>
    public bool RejectsPublish { get; init; }

    public long? TtlMs { get; init; }

    public int? DeliveryLimit { get; init; }

    public byte PriorityMax { get; init; }

    public bool IsSingleActive { get; init; }

    public bool IsAtLeastOnce { get; init; }

    /// <summary>Where the dead go; null when they are dropped.</summary>
    public ModelQueue? DeadLetters { get; init; }

    /// <summary>It holds what died elsewhere, in the order of dying.</summary>
    public bool IsForDeadLetters { get; init; }

    /// <summary>Messages may leave without a consumer's doing.</summary>
    public bool LetsGo => TtlMs is not null || (LengthMax is not null && !RejectsPublish);

    /// <summary>Its declaration is on disk.</summary>
    public bool IsDeclaredForGood { get; set; }

    public HashSet<ModelCopy> Copies { get; } = [];

    public FieldTable Arguments
    {
        get
        {
            var arguments = FieldTable.Empty;
            if (IsQuorum) arguments = arguments.With(QueueArguments.Type, "quorum");
            if (LengthMax is { } length) arguments = arguments.With(QueueArguments.LengthMax, length);
            if (RejectsPublish) arguments = arguments.With(QueueArguments.Overflow, "reject-publish");
            if (TtlMs is { } ttl) arguments = arguments.With(QueueArguments.MessageTtl, ttl);
            if (IsQuorum) arguments = arguments.With(QueueArguments.DeliveryLimit, DeliveryLimit ?? -1);
            if (PriorityMax > 0 && !IsQuorum) arguments = arguments.With(QueueArguments.PriorityMax, (int)PriorityMax);
            if (IsSingleActive) arguments = arguments.With(QueueArguments.SingleActiveConsumer, true);
            if (DeadLetters is { } dead)
            {
                arguments = arguments
                    .With(QueueArguments.DeadLetterExchange, "")
                    .With(QueueArguments.DeadLetterRoutingKey, dead.Name);
                if (IsAtLeastOnce) arguments = arguments.With(QueueArguments.DeadLetterStrategy, "at-least-once");
            }

            return arguments;
        }
    }

    public bool Keeps(ModelMessage message) => IsDurable && (IsQuorum || message.IsPersistent);

    public void ForgetWaiting() => _waiting.Clear();

    /// <summary>The copy is surely here and ready: nothing behind it of its publisher may overtake it.</summary>
    public void NoteWaiting(ModelCopy copy) => WaitingOf(copy).Add(copy.Message.Seq);

    public void NoteLeft(ModelCopy copy) => WaitingOf(copy).Remove(copy.Message.Seq);

    /// <summary>Checks a delivery against the order in which its publisher published.</summary>
    /// <param name="mayBeLate">It had left, and a crash has brought it back: then others have gone ahead.</param>
    public void CheckOrder(ModelCopy copy, bool mayBeLate)
    {
        if (IsForDeadLetters) return;
        var key = KeyOf(copy);
        var seq = copy.Message.Seq;
        if (!copy.WasDelivered && !mayBeLate)
        {
            SimulationFailure.Unless(
                !_lastFirstDelivery.TryGetValue(key, out var last) || seq > last,
                $"{name}: {copy.Message} comes after number {last} of the same publisher");
            _lastFirstDelivery[key] = seq;
        }

        var waiting = WaitingOf(copy);
        SimulationFailure.Unless(
            waiting.Count == 0 || waiting.Min >= seq,
            $"{name}: {copy.Message} overtakes number {(waiting.Count == 0 ? 0 : waiting.Min)} of the same publisher");
    }

    private (int Level, int Producer) KeyOf(ModelCopy copy) =>
        (Math.Min(copy.Message.Priority, IsQuorum ? (byte)31 : PriorityMax), copy.Message.Producer);

    private SortedSet<ulong> WaitingOf(ModelCopy copy)
    {
        var key = KeyOf(copy);
        if (!_waiting.TryGetValue(key, out var waiting)) _waiting.Add(key, waiting = []);
        return waiting;
    }
}
