using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Posthaste.Primitives;
using Posthaste.Storage.Devices;
using Posthaste.Storage.Encryption;

namespace Posthaste.Storage.Tests.Encryption;

public sealed class EncryptedDeviceTests
{
    [Fact]
    public void Any_writes_read_back_as_from_a_device_that_encrypts_nothing() =>
        Prop.ForAll<int>(seed =>
        {
            var random = new SeededRandom((ulong)seed);
            using var below = new MemoryDevice();
            using var device = new EncryptedDevice(below, TestKeys.DataKey, random.Fill);
            using var expected = new MemoryDevice();
            long room = random.Chance(0.5) ? 0 : random.Below(300);
            using IStorageFile file = device.Create("a/1", room);
            using IStorageFile model = expected.Create("a/1", room);
            for (int step = 0; step < 30; step++)
            {
                var bytes = new byte[1 + (random.Below(10) == 0 ? random.Below(200_000) : random.Below(60))];
                random.Fill(bytes);
                long offset = random.Below(4) switch
                {
                    0 => model.LengthBytes,
                    1 => model.LengthBytes + random.Below(50),
                    _ => random.Below((int)model.LengthBytes + 1),
                };
                file.Write(offset, bytes);
                model.Write(offset, bytes);
                Assert.Equal(model.LengthBytes, file.LengthBytes);
                AssertSame(model, file, random);
            }
            file.Sync();
            using IStorageFile again = device.Open("a/1", writable: false);
            AssertSame(model, again, random);
            Assert.Equal(expected.List("a"), device.List("a"));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void What_is_below_shows_nothing_of_the_content()
    {
        using var below = new MemoryDevice();
        byte[] secret = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("the password is swordfish; ", 40)));
        using (DataDirectory directory = DataDirectory.Open(below, newId: 1, TestKeys.Master))
        {
            using IStorageFile file = directory.Device.Create("journal/1", 0);
            file.Write(0, secret);
        }
        using IStorageFile raw = below.Open("journal/1", writable: false);
        var bytes = new byte[raw.LengthBytes];
        raw.Read(0, bytes);
        Assert.Equal(-1, bytes.AsSpan().IndexOf("swordfish"u8));
        Assert.Equal(EncryptedFileHeader.PageBytes + secret.Length, bytes.Length);
    }

    [Fact]
    public void One_good_copy_of_the_header_is_enough_and_none_is_damage()
    {
        using var below = new MemoryDevice();
        using var device = new EncryptedDevice(below, TestKeys.DataKey, new SeededRandom(1).Fill);
        using (IStorageFile file = device.Create("a/1", 0)) file.Write(0, [1, 2, 3]);
        TestFiles.FlipBit(below, "a/1", 17, 3);
        using (IStorageFile file = device.Open("a/1", writable: false))
        {
            var bytes = new byte[3];
            Assert.Equal(3, file.Read(0, bytes));
            Assert.Equal([1, 2, 3], bytes);
        }
        TestFiles.FlipBit(below, "a/1", 2048 + 17, 3);
        var e = Assert.Throws<StorageDamagedException>(() => device.Open("a/1", writable: false));
        Assert.Contains("a/1", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_a_crash_left_without_a_header_can_be_used()
    {
        using var below = new MemoryDevice();
        using var device = new EncryptedDevice(below, TestKeys.DataKey, new SeededRandom(1).Fill);
        below.Create("a/short", 100).Dispose();
        below.Create("a/long", 8192).Dispose();
        foreach ((string name, int length) in (ReadOnlySpan<(string, int)>)[("a/short", 0), ("a/long", 4096)])
        {
            using (IStorageFile seen = device.Open(name, writable: false))
            {
                Assert.Equal(length, seen.LengthBytes);
                var zeros = new byte[length];
                Assert.Equal(length, seen.Read(0, zeros));
                Assert.Equal(-1, zeros.AsSpan().IndexOfAnyExcept((byte)0));
            }
            using (IStorageFile file = device.Open(name, writable: true)) file.Write(0, [7]);
            using IStorageFile again = device.Open(name, writable: false);
            var one = new byte[1];
            Assert.Equal(1, again.Read(0, one));
            Assert.Equal(7, one[0]);
        }
    }

    private static void AssertSame(IStorageFile expected, IStorageFile actual, SeededRandom random)
    {
        long from = random.Below((int)expected.LengthBytes + 1);
        var wanted = new byte[random.Chance(0.5) ? random.Below(100) : (int)expected.LengthBytes];
        var found = new byte[wanted.Length];
        int count = expected.Read(from, wanted);
        Assert.Equal(count, actual.Read(from, found));
        Assert.True(wanted.AsSpan(0, count).SequenceEqual(found.AsSpan(0, count)));
    }
}
