namespace Posthaste.Management;

/// <summary>An address that the broker listens on, for showing.</summary>
/// <param name="Protocol">Name of the listener.</param>
/// <param name="Address">IP address.</param>
/// <param name="Port">Port that it really got.</param>
public sealed record ListenerRow(string Protocol, string Address, int Port);
