using Posthaste.Storage.Devices;

namespace Posthaste.Simulation;

/// <summary>What one run is to be.</summary>
internal sealed record SimulationOptions
{
    public required ulong Seed { get; init; }

    /// <summary>Things that clients, time and fate do.</summary>
    public int StepCount { get; init; } = 400;

    /// <summary>Bits of stored files are flipped now and then.</summary>
    public bool FlipsBits { get; init; }

    /// <summary>The data directory is encrypted. Default: for every fourth seed.</summary>
    public bool IsEncrypted => Seed % 4 == 3;

    /// <summary>Told what happens, step by step.</summary>
    public Action<string>? Trace { get; init; }

    /// <summary>Puts something between broker and disk: a test of the simulator makes it lie.</summary>
    public Func<IStorageDevice, IStorageDevice>? Wrap { get; init; }

    /// <summary>Settlements that are kept from the broker: the other test of the simulator.</summary>
    public bool ForgetsSettlements { get; init; }

    /// <summary>
    /// Notes of packet identifiers that are taken from the broker: what it has received with QoS 2 it forgets.
    /// </summary>
    public bool ForgetsPacketIds { get; init; }
}
