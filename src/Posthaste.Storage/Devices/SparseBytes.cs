using Posthaste.Primitives;

namespace Posthaste.Storage.Devices;

/// <summary>
/// The bytes of a file in memory: pages come into being when something other than zeros is written to them, so a
/// preallocated file costs nothing until it is used. One thread at a time.
/// </summary>
internal sealed class SparseBytes
{
    private const int PageBytes = 16 * 1024;

    private byte[]?[] _pages = [];

    public long LengthBytes { get; private set; }

    public void SetLength(long lengthBytes)
    {
        Checks.Require(lengthBytes >= 0);
        int pageCount = checked((int)((lengthBytes + PageBytes - 1) / PageBytes));
        if (pageCount > _pages.Length)
        {
            Array.Resize(ref _pages, Math.Max(pageCount, 2 * _pages.Length));
        }
        if (lengthBytes < LengthBytes)
        {
            _pages.AsSpan(pageCount).Clear();
            int within = (int)(lengthBytes % PageBytes);
            if (within != 0)
            {
                _pages[pageCount - 1]?.AsSpan(within).Clear();
            }
        }
        LengthBytes = lengthBytes;
    }

    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        if (offset + bytes.Length > LengthBytes)
        {
            SetLength(offset + bytes.Length);
        }
        while (bytes.Length > 0)
        {
            int index = (int)(offset / PageBytes);
            int within = (int)(offset % PageBytes);
            int count = Math.Min(bytes.Length, PageBytes - within);
            byte[]? page = _pages[index];
            if (page is null && bytes[..count].ContainsAnyExcept((byte)0))
            {
                page = _pages[index] = new byte[PageBytes];
            }
            if (page is not null)
            {
                bytes[..count].CopyTo(page.AsSpan(within));
            }
            offset += count;
            bytes = bytes[count..];
        }
    }

    public int Read(long offset, Span<byte> bytes)
    {
        int total = (int)Math.Clamp(LengthBytes - offset, 0, bytes.Length);
        bytes = bytes[..total];
        while (bytes.Length > 0)
        {
            int within = (int)(offset % PageBytes);
            int count = Math.Min(bytes.Length, PageBytes - within);
            byte[]? page = _pages[(int)(offset / PageBytes)];
            if (page is null)
            {
                bytes[..count].Clear();
            }
            else
            {
                page.AsSpan(within, count).CopyTo(bytes);
            }
            offset += count;
            bytes = bytes[count..];
        }
        return total;
    }

    public SparseBytes Copy()
    {
        var copy = new SparseBytes { LengthBytes = LengthBytes, _pages = new byte[]?[_pages.Length] };
        for (int i = 0; i < _pages.Length; i++)
        {
            copy._pages[i] = (byte[]?)_pages[i]?.Clone();
        }
        return copy;
    }
}
