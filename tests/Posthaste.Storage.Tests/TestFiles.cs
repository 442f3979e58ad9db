using System.Text;
using Posthaste.Primitives;
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

    /// <summary>Writes another identity with the checksum that belongs to it.</summary>
    public static void ReplaceIdentity(IStorageDevice device, string line)
    {
        device.Delete("format");
        using IStorageFile file = device.Create("format", 0);
        uint crc = Crc32C.Compute(Encoding.ASCII.GetBytes(line));
        file.Write(0, Encoding.ASCII.GetBytes($"{line}, crc32c {crc:x8}\n"));
    }
}
