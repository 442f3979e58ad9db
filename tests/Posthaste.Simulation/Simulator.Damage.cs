namespace Posthaste.Simulation;

/// <summary>Bits that flip on the disk.</summary>
internal sealed partial class Simulator
{
    /// <summary>
    /// Flips a bit somewhere: whatever the broker makes of it, it must not make messages up, and must say what it
    /// misses.
    /// </summary>
    private void FlipABit()
    {
        var device = _host.Faulty;
        var files = device.List("journal").Concat(device.List("segments")).Concat(device.List("state")).ToArray();
        if (files.Length == 0) return;
        var file = files[_random.Below(files.Length)];
        if (file.LengthBytes == 0) return;
        device.FlipBit(file.Name, (long)(_random.NextBits() % (ulong)file.LengthBytes), _random.Below(8));
        _model.IsDamaged = true;
    }
}
