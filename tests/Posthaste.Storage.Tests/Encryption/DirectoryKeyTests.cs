using Posthaste.Storage.Devices;
using Posthaste.Storage.Encryption;

namespace Posthaste.Storage.Tests.Encryption;

/// <summary>Which key opens which directory, and what is left when files or power fail.</summary>
public sealed class DirectoryKeyTests : IDisposable
{
    private readonly MemoryDevice _device = new();

    public void Dispose() => _device.Dispose();

    [Fact]
    public void Only_its_key_opens_a_directory()
    {
        DataDirectory.Open(_device, newId: 5, TestKeys.Master).Dispose();
        Assert.True(DataDirectory.IsEncrypted(_device));
        DataDirectory.Open(_device, newId: 6, TestKeys.Master).Dispose();

        AssertRefused("encrypted with another key", TestKeys.Other);
        AssertRefused("no key is given", null);
        Assert.Equal(2, DataDirectory.ReadEpoch(_device));
    }

    [Fact]
    public void A_key_is_refused_where_nothing_is_encrypted()
    {
        DataDirectory.Open(_device, newId: 5).Dispose();
        AssertRefused("is not encrypted", TestKeys.Master);
        Assert.False(DataDirectory.IsEncrypted(_device));
    }

    [Fact]
    public void A_copy_of_the_key_is_mended_and_without_any_nothing_is_concluded()
    {
        DataDirectory.Open(_device, newId: 5, TestKeys.Master).Dispose();
        foreach (string name in (string[])["key", "key.copy"])
        {
            _device.Delete(name);
            DataDirectory.Open(_device, newId: 6, TestKeys.Master).Dispose();
            TestFiles.FlipBit(_device, name, 60, 1);
            DataDirectory.Open(_device, newId: 6, TestKeys.Master).Dispose();
        }
        TestFiles.FlipBit(_device, "key", 60, 1);
        TestFiles.FlipBit(_device, "key.copy", 60, 1);
        Assert.Throws<StorageDamagedException>(() => DataDirectory.Open(_device, newId: 6, TestKeys.Master));
    }

    [Fact]
    public void The_key_of_another_directory_opens_nothing()
    {
        DataDirectory.Open(_device, newId: 5, TestKeys.Master).Dispose();
        using var other = new MemoryDevice();
        DataDirectory.Open(other, newId: 6, TestKeys.Master).Dispose();
        foreach (string name in (string[])["key", "key.copy"])
        {
            _device.Delete(name);
            using IStorageFile from = other.Open(name, writable: false);
            using IStorageFile to = _device.Create(name, 0);
            var bytes = new byte[from.LengthBytes];
            from.Read(0, bytes);
            to.Write(0, bytes);
        }
        AssertRefused("encrypted with another key", TestKeys.Master);
    }

    [Fact]
    public void Another_key_takes_the_place_of_the_first_and_the_data_stays()
    {
        using (DataDirectory directory = DataDirectory.Open(_device, newId: 5, TestKeys.Master))
        {
            Assert.Throws<DataDirectoryInUseException>(
                () => DataDirectory.ReplaceKey(_device, TestKeys.Master, TestKeys.Other));
            using IStorageFile file = directory.Device.Create("journal/1", 0);
            file.Write(0, [1, 2, 3]);
        }
        DataDirectory.ReplaceKey(_device, TestKeys.Master, TestKeys.Other);
        AssertRefused("encrypted with another key", TestKeys.Master);
        using DataDirectory again = DataDirectory.Open(_device, newId: 6, TestKeys.Other);
        using IStorageFile read = again.Device.Open("journal/1", writable: false);
        var bytes = new byte[3];
        read.Read(0, bytes);
        Assert.Equal([1, 2, 3], bytes);
    }

    [Fact]
    public void The_power_may_go_off_while_a_directory_is_made_or_its_key_replaced()
    {
        for (long at = 1; at < 60; at++)
        {
            FaultyDevice device = new(seed: (ulong)at) { PowerOffAtChange = at };
            try
            {
                DataDirectory.Open(device, newId: 5, TestKeys.Master).Dispose();
                DataDirectory.ReplaceKey(device, TestKeys.Master, TestKeys.Other);
            }
            catch (IOException)
            {
                // The power is off: what is left is looked at below.
            }
            using FaultyDevice left = device.Crash();
            Assert.True(Opens(left, TestKeys.Master) || Opens(left, TestKeys.Other), $"change {at}");
        }
    }

    private static bool Opens(IStorageDevice device, MasterKey key)
    {
        try
        {
            DataDirectory.Open(device, newId: 6, key).Dispose();
            return true;
        }
        catch (StorageException e) when (e is not StorageDamagedException)
        {
            return false;
        }
    }

    private void AssertRefused(string because, MasterKey? key)
    {
        var e = Assert.ThrowsAny<StorageException>(() => DataDirectory.Open(_device, newId: 9, key));
        Assert.Contains(because, e.Message, StringComparison.Ordinal);
    }
}
