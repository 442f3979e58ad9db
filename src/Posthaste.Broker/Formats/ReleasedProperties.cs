namespace Posthaste.Broker.Formats;

/// <summary>How a message goes on when its delay is over.</summary>
/// <param name="Properties">Its properties from now on; null for those that it has.</param>
/// <param name="ExtraKeys">Routing keys beside its own (CC and BCC); empty for nearly all.</param>
public readonly record struct ReleasedProperties(byte[]? Properties, IReadOnlyList<byte[]> ExtraKeys);
