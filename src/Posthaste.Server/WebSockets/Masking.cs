using System.Numerics;
using System.Runtime.InteropServices;

namespace Posthaste.Server.WebSockets;

/// <summary>
/// Takes the mask off a client's payload [RFC 6455, 5.3]: byte i is XORed with byte i mod 4 of the key.
/// </summary>
internal static class Masking
{
    /// <summary>Copies and unmasks in one pass.</summary>
    /// <param name="mask">The key, rotated so that its lowest byte masks the first byte of the source.</param>
    /// <returns>The key for what follows.</returns>
    public static uint Copy(ReadOnlySpan<byte> source, Span<byte> target, uint mask)
    {
        ref var from = ref MemoryMarshal.GetReference(source);
        ref var to = ref MemoryMarshal.GetReference(target[..source.Length]);
        var at = 0;
        var wide = Vector.AsVectorByte(new Vector<uint>(mask));
        for (; at <= source.Length - Vector<byte>.Count; at += Vector<byte>.Count)
            (Vector.LoadUnsafe(ref from, (nuint)at) ^ wide).StoreUnsafe(ref to, (nuint)at);

        // A vector is a multiple of four bytes, so the key begins anew here.
        for (; at < source.Length; at++)
        {
            target[at] = (byte)(source[at] ^ mask);
            mask = BitOperations.RotateRight(mask, 8);
        }

        return mask;
    }
}
