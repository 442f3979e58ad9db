namespace Posthaste.Primitives.Tests;

public sealed class Crc32CTests
{
    [Fact]
    public void It_is_the_crc_of_rfc_3720()
    {
        // RFC 3720, B.4: 32 bytes of zeros, of ones, and ascending.
        Assert.Equal(0x8A9136AAu, Crc32C.Compute(new byte[32]));
        byte[] ones = new byte[32];
        Array.Fill(ones, (byte)0xFF);
        Assert.Equal(0x62A8AB43u, Crc32C.Compute(ones));
        Assert.Equal(0x46DD794Eu, Crc32C.Compute([.. Enumerable.Range(0, 32).Select(i => (byte)i)]));
        Assert.Equal(0xE3069283u, Crc32C.Compute("123456789"u8));
    }

    [Fact]
    public void Lanes_and_pieces_change_nothing()
    {
        var data = new byte[50_000];
        new SeededRandom(1).Fill(data);
        foreach (int length in (int[])[0, 1, 7, 8, 767, 768, 769, 1_600, 12_287, 12_288, 12_289, 40_000, 50_000])
        {
            uint expected = BitByBit(data.AsSpan(0, length));
            Assert.Equal(expected, Crc32C.Compute(data.AsSpan(0, length)));
            int split = length / 3;
            uint first = Crc32C.Compute(data.AsSpan(0, split));
            Assert.Equal(expected, Crc32C.Append(first, data.AsSpan(split, length - split)));
        }
        Assert.Equal(
            Crc32C.Compute([8, 7, 6, 5, 4, 3, 2, 1]), Crc32C.Append(0, 0x0102030405060708ul));
    }

    private static uint BitByBit(ReadOnlySpan<byte> data)
    {
        uint crc = ~0u;
        foreach (byte value in data)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0x82F63B78);
            }
        }
        return ~crc;
    }
}
