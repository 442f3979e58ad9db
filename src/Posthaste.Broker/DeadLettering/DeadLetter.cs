using Posthaste.Core.Queues;

namespace Posthaste.Broker.DeadLettering;

/// <summary>An entry that has died and is to be moved to its queue's dead-letter exchange.</summary>
internal readonly record struct DeadLetter(EntryId Id, DeadLetterReason Reason);
