using Posthaste.Storage.Devices;

namespace Posthaste.Storage.Tests;

/// <summary>Changes files behind storage's back.</summary>
internal static class TestFiles
{
    public static void FlipBit(IStorageDevice device, string name, long offset, int bit)
    {
        using IStorageFile file = device.Open(name, writable: true);
        var one = new byte[1];
        Assert.Equal(1, file.Read(offset, one));
        one[0] ^= (byte)(1 << bit);
        file.Write(offset, one);
    }
}
