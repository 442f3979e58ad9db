using Posthaste.Storage.Devices;
using Posthaste.Storage.Encryption;
using Posthaste.Storage.Journaling;
using Posthaste.Storage.Segments;
using Posthaste.Storage.Snapshots;

namespace Posthaste.Broker.Storage;

/// <summary>
/// The data directory of a broker and what is open in it; or nothing, for a broker that lives in memory.
/// </summary>
internal sealed class DataStore : IDisposable
{
    private readonly DataDirectory? _directory;

    private DataStore(DataDirectory? directory, MessageBrokerOptions options)
    {
        _directory = directory;
        if (directory is null) return;
        Snapshots = new SnapshotStore(directory.Device);
        Segments = new SegmentStore(directory.Device, new SegmentOptions { CacheBytesMax = options.ReadCacheBytesMax });
    }

    public bool IsDurable => _directory is not null;

    /// <summary>The directory was made just now.</summary>
    public bool IsNew => _directory is { Epoch: 1 };

    public long Epoch => _directory?.Epoch ?? 0;

    public IStorageDevice? Device => _directory?.Device;

    /// <summary>Null in memory, and before recovery has opened it.</summary>
    public Journal? Journal { get; private set; }

    public SegmentStore? Segments { get; }

    public SnapshotStore? Snapshots { get; }

    public static DataStore InMemory(MessageBrokerOptions options) => new(null, options);

    /// <summary>Takes the directory for this process.</summary>
    /// <exception cref="IOException">
    /// It is in use, of a newer version, encrypted with another key, or can't be read or written.
    /// </exception>
    public static DataStore Lock(IStorageDevice device, MessageBrokerOptions options)
    {
        Span<byte> id = stackalloc byte[sizeof(ulong)];
        options.FillRandom(id);
        var key = options.EncryptionKey
            ?? (options.EncryptionKeyFile is { } file ? MasterKey.Read(file) : null);
        return new DataStore(
            DataDirectory.Open(device, BitConverter.ToUInt64(id), key, options.FillRandom), options);
    }

    /// <summary>Opens the journal and replays it.</summary>
    public RecoveryReport OpenJournal(MessageBrokerOptions options, long replayFrom, IJournalReplay replay)
    {
        var settings = new JournalOptions
        {
            Epoch = _directory!.Epoch,
            Salt = _directory.Id,
            FileBytes = options.JournalFileBytes,
            ResidentBytesMax = options.ResidentBytesMax,
            LoadedBytesMax = options.ReadCacheBytesMax,
        };
        Journal = Journal.Open(_directory.Device, settings, replayFrom, replay, out var report);
        return report;
    }

    public void Dispose()
    {
        Journal?.Dispose();
        Segments?.Dispose();
        _directory?.Dispose();
        _directory?.Device.Dispose();
    }
}
