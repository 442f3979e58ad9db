using System.Security.Cryptography;
using Posthaste.Storage.Devices;
using Posthaste.Storage.Encryption;

namespace Posthaste.Storage.Tests.Devices;

/// <summary>What every device promises, asked of each of them.</summary>
public sealed class DeviceContractTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public static TheoryData<string> Kinds => ["file", "memory", "faulty", "encrypted"];

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Bytes_read_back_at_their_positions(string kind)
    {
        using IStorageDevice device = NewDevice(kind);
        using IStorageFile file = device.Create("a/b.bin", 100_000);
        Assert.Equal(100_000, file.LengthBytes);
        file.Write(40_000, [new byte[] { 1, 2 }, new byte[] { 3 }, ReadOnlyMemory<byte>.Empty, new byte[] { 4 }]);
        file.Write(100_000, [9]);
        file.Sync();

        using IStorageFile other = device.Open("a/b.bin", writable: false);
        var bytes = new byte[6];
        Assert.Equal(6, other.Read(39_999, bytes));
        Assert.Equal([0, 1, 2, 3, 4, 0], bytes);
        Assert.Equal(1, other.Read(100_000, bytes));
        Assert.Equal(9, bytes[0]);
        Assert.Equal(0, other.Read(200_000, bytes));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Names_come_and_go(string kind)
    {
        using IStorageDevice device = NewDevice(kind);
        Assert.Empty(device.List("a"));
        device.Create("a/2", 0).Dispose();
        device.Create("a/1", 10).Dispose();
        device.Create("top", 0).Dispose();
        Assert.Throws<IOException>(() => device.Create("a/1", 0));
        Assert.Equal([new StorageFileInfo("a/1", 10), new StorageFileInfo("a/2", 0)], device.List("a"));
        Assert.Equal("top", Assert.Single(device.List("")).Name);

        device.Rename("a/1", "b/1");
        device.Rename("b/1", "a/2");
        device.SyncDirectory("a");
        Assert.Equal([new StorageFileInfo("a/2", 10)], device.List("a"));
        device.Delete("a/2");
        device.Delete("a/2");
        Assert.False(device.Exists("a/2"));
        Assert.Throws<FileNotFoundException>(() => device.Open("a/2", writable: false));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void One_broker_at_a_time_and_a_new_epoch_for_each(string kind)
    {
        using IStorageDevice device = NewDevice(kind);
        using (DataDirectory first = DataDirectory.Open(device, newId: 11))
        {
            Assert.Equal((11ul, 1L), (first.Id, first.Epoch));
            var e = Assert.Throws<DataDirectoryInUseException>(() => DataDirectory.Open(device, newId: 12));
            Assert.Contains("in use by another", e.Message, StringComparison.Ordinal);
        }
        using DataDirectory second = DataDirectory.Open(device, newId: 12);
        Assert.Equal((11ul, 2L), (second.Id, second.Epoch));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_newer_or_lost_identity_is_refused_in_words(string kind)
    {
        using IStorageDevice device = NewDevice(kind);
        DataDirectory.Open(device, newId: 1).Dispose();
        TestFiles.ReplaceIdentity(device, "posthaste data directory, format 2, id 0000000000000001");
        var e = Assert.Throws<DataDirectoryVersionException>(() => DataDirectory.Open(device, newId: 1));
        Assert.Contains("format 2, written by a newer version", e.Message, StringComparison.Ordinal);

        device.Delete("format");
        Assert.Throws<StorageDamagedException>(() => DataDirectory.Open(device, newId: 1));
        TestFiles.ReplaceIdentity(device, "posthaste data directory");
        Assert.Throws<StorageDamagedException>(() => DataDirectory.Open(device, newId: 1));
    }

    private IStorageDevice NewDevice(string kind) => kind switch
    {
        "file" => new FileDevice(_directory.Path),
        "memory" => new MemoryDevice(),
        "encrypted" => new EncryptedDevice(new MemoryDevice(), TestKeys.DataKey, RandomNumberGenerator.Fill),
        _ => new FaultyDevice(seed: 5),
    };
}
