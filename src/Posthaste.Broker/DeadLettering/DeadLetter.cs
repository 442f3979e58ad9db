using Posthaste.Core.Queues;

namespace Posthaste.Broker.DeadLettering;

/// <summary>An entry that has died and is to be moved to its queue's dead-letter exchange.</summary>
/// <param name="MoveTurn">What <c>MoveGate.Enter</c> gave when the entry left its queue.</param>
internal readonly record struct DeadLetter(EntryId Id, QueueEntry Entry, DeadLetterReason Reason, int MoveTurn);
