using Posthaste.Storage.Devices;
using Posthaste.Storage.Verification;

namespace Posthaste.Simulation;

/// <summary>Bits that flip on the disk, and whether what is stored is whole.</summary>
internal sealed partial class Simulator
{
    private bool _hasFlipped;

    /// <summary>
    /// Flips a bit somewhere. All rules hold on until the broker says that something is damaged: what it loses it has
    /// to report.
    /// </summary>
    private void FlipABit()
    {
        var device = _host.Faulty;
        var files = device.List("journal").Concat(device.List("segments")).Concat(device.List("state")).ToArray();
        if (files.Length == 0) return;
        var file = files[_random.Below(files.Length)];
        if (file.LengthBytes == 0) return;
        device.FlipBit(file.Name, (long)(_random.NextBits() % (ulong)file.LengthBytes), _random.Below(8));
        _hasFlipped = true;
    }

    /// <summary>Comes up, and compares what the verifier found before with what the recovery says.</summary>
    private void VerifyAndOpen()
    {
        if (_options.Wrap is not null)
        {
            Open();
            return;
        }

        var verified = DataVerifier.Verify(DataDirectory.View(_host.Device!, _host.Options.EncryptionKey));
        Open();
        if (_hasFlipped) NoteDamage(verified);
        else CheckWhole(verified);
    }

    private bool SeesDamage() => _hasFlipped && !IsOff && _host.Errors.HasAny;

    private void NoteDamage(DataVerification verified)
    {
        var recovery = _host.Broker.Recovery;
        if (recovery.Damages.Count == 0 && recovery.TornTail is null) return;
        SimulationFailure.Unless(
            verified.Findings.Count > 0,
            $"the verifier has missed: {string.Join("; ", recovery.Damages)} {recovery.TornTail}");
        _model.IsDamaged = true;
    }

    private void CheckWhole(DataVerification verified)
    {
        var damages = verified.Findings.Where(static finding => finding.Kind == DataFindingKind.Damage
            && !finding.File.StartsWith("segments/", StringComparison.Ordinal));
        SimulationFailure.Unless(!damages.Any(), $"the stored data is damaged: {string.Join("; ", damages)}");
        SimulationFailure.Unless(
            _host.Broker.Recovery.Damages.Count == 0,
            $"damage without a flipped bit: {string.Join("; ", _host.Broker.Recovery.Damages)}");
        foreach (var queue in _host.Broker.Queues)
        {
            foreach (var (_, block) in queue.Machine.Blocks)
            {
                // What nothing refers to was never finished.
                var name = $"segments/{queue.Id:x16}-{block.SegmentId:x8}.seg";
                var finding = verified.Findings.FirstOrDefault(
                    finding => finding.File == name && finding.Offset < block.Offset + block.Length
                        && block.Offset < finding.Offset + finding.Length);
                SimulationFailure.Unless(
                    finding is null && _host.Device!.Exists(name),
                    $"{queue.Name} refers to a block that is not whole: {block}: {finding}");
            }
        }
    }
}
