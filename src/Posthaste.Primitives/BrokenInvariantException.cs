namespace Posthaste.Primitives;

/// <summary>
/// An invariant of the product does not hold. Nothing catches this to go on: the strand, loop or process that
/// sees it stops, because its state can no longer be trusted.
/// </summary>
public sealed class BrokenInvariantException(string message) : Exception(message);
