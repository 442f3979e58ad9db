using FsCheck;
using FsCheck.Fluent;
using Posthaste.Primitives;
using Posthaste.Storage.Encryption;

namespace Posthaste.Storage.Tests.Encryption;

/// <summary>XTS against the vectors of IEEE 1619 (AES-256, vectors 10 and 11), and against itself.</summary>
public sealed class XtsCipherTests
{
    private const string Key1 = "2718281828459045235360287471352662497757247093699959574966967627";
    private const string Key2 = "3141592653589793238462643383279502884197169399375105820974944592";

    // A data unit is the number that the vectors give: units are 4,096 bytes apart here, 512 bytes long there.
    [Theory]
    [InlineData(0xFF, "1c3b3a102f770386e4836c99e370cf9bea00803f5e482357a4ae12d414a3e63b")]
    [InlineData(0xFFFF, "77a31251618a15e6b92d1d66dffe7b50b50bad552305ba0217a610688eff7e11")]
    public void The_standard_has_these_blocks(long unit, string expected)
    {
        using var cipher = new XtsCipher(Convert.FromHexString(Key1 + Key2 + new string('0', 64)));
        byte[] plain = [.. Enumerable.Range(0, 512).Select(static i => (byte)i)];
        var encrypted = new byte[512];
        cipher.Encrypt(file: 0, unit * 4096, plain, encrypted);
        Assert.Equal(expected, Convert.ToHexStringLower(encrypted)[..expected.Length]);
        var decrypted = new byte[512];
        cipher.Decrypt(0, unit * 4096, encrypted, decrypted);
        Assert.Equal(plain, decrypted);
    }

    [Fact]
    public void A_range_is_the_same_whatever_it_is_cut_into() =>
        Prop.ForAll<int>(seed =>
        {
            var random = new SeededRandom((ulong)seed);
            using var cipher = new XtsCipher(TestKeys.DataKey);
            var plain = new byte[random.Between(1, 20_000)];
            random.Fill(plain);
            long offset = random.Below(2_000) * 16L;
            var whole = new byte[plain.Length];
            cipher.Encrypt(7, offset, plain, whole);

            var pieces = new byte[plain.Length];
            for (int at = 0; at < plain.Length;)
            {
                int count = Math.Min(plain.Length - at, random.Between(1, 300) * 16);
                cipher.Encrypt(7, offset + at, plain.AsSpan(at, count), pieces.AsSpan(at, count));
                at += count;
            }
            Assert.Equal(whole, pieces);

            var back = new byte[plain.Length];
            cipher.Decrypt(7, offset, whole, back);
            Assert.Equal(plain, back);
        }).Check(Config.QuickThrowOnFailure);

    [Fact]
    public void The_same_bytes_look_different_at_each_place_and_in_each_file()
    {
        using var cipher = new XtsCipher(TestKeys.DataKey);
        var seen = new HashSet<string>();
        var plain = new byte[16 * 512];
        var encrypted = new byte[plain.Length];
        for (ulong file = 1; file <= 2; file++)
        {
            cipher.Encrypt(file, 0, plain, encrypted);
            for (int at = 0; at < encrypted.Length; at += 16)
            {
                Assert.True(seen.Add(Convert.ToHexString(encrypted, at, 16)));
            }
        }
    }

    [Fact]
    public void Blocks_that_were_never_written_are_zeros()
    {
        using var cipher = new XtsCipher(TestKeys.DataKey);
        var encrypted = new byte[48];
        byte[] block = [.. Enumerable.Range(1, 16).Select(static i => (byte)i)];
        cipher.Encrypt(3, 16, block, encrypted.AsSpan(16));
        var plain = new byte[48];
        cipher.Decrypt(3, 0, encrypted, plain);
        Assert.Equal([.. new byte[16], .. block, .. new byte[16]], plain);
    }
}
