using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using Posthaste.Primitives;

namespace Posthaste.Storage.Encryption;

/// <summary>
/// XTS-AES-256 (IEEE 1619, NIST SP 800-38E), what disks are encrypted with: bytes keep their length and place, so any
/// block of 16 can be read and written by itself. One thread at a time.
/// </summary>
/// <remarks>
/// A data unit is 4,096 bytes of a file; its number is (file number, number in the file), 64 bits each, so no two
/// units of a directory share one. Block j of unit u, with alpha the doubling of GF(2^128):
/// <code>
/// T = AES(tweakKey, u) * alpha^j        C = AES(dataKey, P xor T) xor T
/// </code>
/// What is left at the end of a file, less than a block, has no place for XTS (whose ciphertext stealing would rewrite
/// the block before it): it is xored with AES(tailKey, T). Whoever sees two states of those bytes learns how they
/// differ; of whole blocks, whether.
/// </remarks>
internal sealed class XtsCipher : IDisposable
{
    /// <summary>Three keys of AES-256: for data, tweaks and tails.</summary>
    public const int KeyBytes = 3 * 32;

    public const int BlockBytes = 16;

    /// <summary>What one call takes at most: well within the second level of cache with its tweaks.</summary>
    public const int ChunkBytes = 64 * 1024;

    private const int UnitBytes = 4096;

    // A chunk may begin and end within a unit.
    private const int UnitsMax = (ChunkBytes / UnitBytes) + 1;

    private readonly Aes _data;
    private readonly Aes _tweak;
    private readonly Aes _tail;
    private readonly byte[] _tweaks = new byte[ChunkBytes];

    public XtsCipher(ReadOnlySpan<byte> keys)
    {
        Checks.Require(keys.Length == KeyBytes);
        _data = NewAes(keys[..32]);
        _tweak = NewAes(keys[32..64]);
        _tail = NewAes(keys[64..]);
    }

    /// <summary>Encrypts bytes of a file from <paramref name="offset"/> on, a multiple of a block.</summary>
    public void Encrypt(ulong file, long offset, ReadOnlySpan<byte> plain, Span<byte> cipher)
    {
        var tweaks = TweaksOf(file, offset, plain.Length);
        var whole = plain.Length & ~(BlockBytes - 1);
        Xor(plain[..whole], tweaks, cipher);
        _data.EncryptEcb(cipher[..whole], cipher, PaddingMode.None);
        Xor(cipher[..whole], tweaks, cipher);
        XorTail(plain[whole..], tweaks[whole..], cipher[whole..]);
    }

    /// <summary>
    /// The opposite. The two may not overlap. A whole block of zeros was never written: files are created as zeros, and
    /// that one block in 2^128 encrypts to them is not going to happen.
    /// </summary>
    public void Decrypt(ulong file, long offset, ReadOnlySpan<byte> cipher, Span<byte> plain)
    {
        var whole = cipher.Length & ~(BlockBytes - 1);
        if (whole == cipher.Length && cipher.IndexOfAnyExcept((byte)0) < 0)
        {
            plain[..whole].Clear();
            return;
        }
        var tweaks = TweaksOf(file, offset, cipher.Length);
        Xor(cipher[..whole], tweaks, plain);
        _data.DecryptEcb(plain[..whole], plain, PaddingMode.None);
        Xor(plain[..whole], tweaks, plain);
        ClearUnwritten(cipher[..whole], plain);
        XorTail(cipher[whole..], tweaks[whole..], plain[whole..]);
    }

    public void Dispose()
    {
        _data.Dispose();
        _tweak.Dispose();
        _tail.Dispose();
        CryptographicOperations.ZeroMemory(_tweaks);
    }

    private static Aes NewAes(ReadOnlySpan<byte> key)
    {
        var aes = Aes.Create();
        aes.SetKey(key);
        return aes;
    }

    // One tweak for each block that the range touches.
    private ReadOnlySpan<byte> TweaksOf(ulong file, long offset, int bytes)
    {
        Checks.Require(offset % BlockBytes == 0 && bytes <= ChunkBytes);
        var end = (bytes + BlockBytes - 1) & ~(BlockBytes - 1);
        Span<byte> units = stackalloc byte[UnitsMax * BlockBytes];
        var first = offset / UnitBytes;
        var unitCount = (int)(((offset + end + UnitBytes - 1) / UnitBytes) - first);
        units = units[..(unitCount * BlockBytes)];
        for (var i = 0; i < unitCount; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(units[(i * BlockBytes)..], first + i);
            BinaryPrimitives.WriteUInt64LittleEndian(units[((i * BlockBytes) + 8)..], file);
        }
        _tweak.EncryptEcb(units, units, PaddingMode.None);
        var skipped = (int)(offset % UnitBytes) / BlockBytes;
        for (int unit = 0, at = 0; unit < unitCount; unit++, skipped = 0)
        {
            var count = Math.Min((end - at) / BlockBytes, (UnitBytes / BlockBytes) - skipped);
            Expand(units[(unit * BlockBytes)..], skipped, _tweaks.AsSpan(at, count * BlockBytes));
            at += count * BlockBytes;
        }
        return _tweaks.AsSpan(0, end);
    }

    // Doubling in GF(2^128) modulo x^128 + x^7 + x^2 + x + 1: 0x87 comes in when a bit goes out at the top.
    private static void Expand(ReadOnlySpan<byte> unit, int skipped, Span<byte> tweaks)
    {
        var low = BinaryPrimitives.ReadUInt64LittleEndian(unit);
        var high = BinaryPrimitives.ReadUInt64LittleEndian(unit[8..]);
        for (var at = -skipped * BlockBytes; at < tweaks.Length; at += BlockBytes)
        {
            if (at >= 0)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(tweaks[at..], low);
                BinaryPrimitives.WriteUInt64LittleEndian(tweaks[(at + 8)..], high);
            }
            var carry = (high >> 63) * 0x87;
            high = (high << 1) | (low >> 63);
            low = (low << 1) ^ carry;
        }
    }

    private static void Xor(ReadOnlySpan<byte> from, ReadOnlySpan<byte> tweaks, Span<byte> to)
    {
        var source = MemoryMarshal.Cast<byte, Vector128<byte>>(from);
        var with = MemoryMarshal.Cast<byte, Vector128<byte>>(tweaks)[..source.Length];
        var target = MemoryMarshal.Cast<byte, Vector128<byte>>(to)[..source.Length];
        for (var i = 0; i < source.Length; i++) target[i] = source[i] ^ with[i];
    }

    private static void ClearUnwritten(ReadOnlySpan<byte> cipher, Span<byte> plain)
    {
        var source = MemoryMarshal.Cast<byte, Vector128<byte>>(cipher);
        var target = MemoryMarshal.Cast<byte, Vector128<byte>>(plain)[..source.Length];
        for (var i = 0; i < source.Length; i++)
        {
            if (source[i] == Vector128<byte>.Zero) target[i] = default;
        }
    }

    private void XorTail(ReadOnlySpan<byte> from, ReadOnlySpan<byte> tweaks, Span<byte> to)
    {
        if (from.IsEmpty) return;
        Span<byte> stream = stackalloc byte[BlockBytes];
        _tail.EncryptEcb(tweaks[..BlockBytes], stream, PaddingMode.None);
        for (var i = 0; i < from.Length; i++) to[i] = (byte)(from[i] ^ stream[i]);
    }
}
