using Posthaste.Storage.Devices;
using Posthaste.Storage.Verification;

namespace Posthaste.Storage.Segments;

/// <summary>Goes through a segment file block by block, checking each, for verification.</summary>
internal static class SegmentWalk
{
    /// <summary>A stretch of the file: a valid block, or what is wrong with it.</summary>
    public readonly record struct Step(long Bytes, DataFinding? Finding);

    public static IEnumerable<Step> Blocks(IStorageDevice device, StorageFileInfo info)
    {
        using IStorageFile file = device.Open(info.Name, writable: false);
        long at = 0, length = file.LengthBytes;
        while (at < length)
        {
            if (TryReadBlock(file, info.Name, at, length) is var bytes and > 0)
            {
                yield return new Step(bytes, null);
                at += bytes;
                continue;
            }
            long next = FindNext(file, info.Name, at, length);
            yield return next < 0
                ? new Step(length - at, new DataFinding(DataFindingKind.UnfinishedWrite, info.Name, at, length - at,
                    "the last block is not complete"))
                : new Step(next - at, new DataFinding(DataFindingKind.Damage, info.Name, at, next - at,
                    "a block is damaged"));
            at = next < 0 ? length : next;
        }
    }

    // A block whose header is whole says where the next one is; otherwise every place is tried that may hold one.
    private static long FindNext(IStorageFile file, string name, long from, long length)
    {
        if (TryReadHeader(file, name, from, length) is { } header && from + header.Length < length)
        {
            return from + header.Length;
        }
        for (long at = from + 8; at + SegmentFormat.HeaderBytes <= length; at += 8)
        {
            if (TryReadHeader(file, name, at, length) is not null)
            {
                return at;
            }
        }
        return -1;
    }

    private static SegmentBlockInfo? TryReadHeader(IStorageFile file, string name, long at, long length)
    {
        Span<byte> header = stackalloc byte[SegmentFormat.HeaderBytes];
        return file.Read(at, header) == header.Length && SegmentFormat.TryReadHeader(header, out SegmentBlockInfo info)
            && info.Offset == at && at + info.Length <= length && info.Length >= SegmentFormat.HeaderBytes
            && name == SegmentFile.NameOf(info.SegmentId, info.DestinationId)
            ? info
            : null;
    }

    private static int TryReadBlock(IStorageFile file, string name, long at, long length)
    {
        if (TryReadHeader(file, name, at, length) is not { } info)
        {
            return 0;
        }
        var block = new byte[info.Length];
        return file.Read(at, block) == block.Length && SegmentFormat.IsBodyValid(block) ? block.Length : 0;
    }
}
