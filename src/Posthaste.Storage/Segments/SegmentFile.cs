using System.Globalization;
using Posthaste.Primitives;
using Posthaste.Storage.Devices;

namespace Posthaste.Storage.Segments;

/// <summary>A segment file with its live blocks. Under the store's lock, but for its device file.</summary>
internal sealed class SegmentFile(int id, ulong destinationId)
{
    private readonly SortedList<long, SegmentBlockInfo> _blocks = [];

    public int Id { get; } = id;

    public ulong DestinationId { get; } = destinationId;

    public string Name { get; } = NameOf(id, destinationId);

    /// <summary>
    /// Open between a write and the sync after it; otherwise null, so that many backlogs cost few handles.
    /// </summary>
    public IStorageFile? Writer { get; set; }

    /// <summary>Where the next block goes.</summary>
    public long EndOffset { get; set; }

    /// <summary>Everything before this offset was synced.</summary>
    public long SyncedOffset { get; set; }

    public int BlockCount => _blocks.Count;

    public IEnumerable<SegmentBlockInfo> Blocks => _blocks.Values;

    public static string NameOf(int id, ulong destinationId) =>
        $"{StorageNames.SegmentFolder}/{destinationId:x16}-{id:x8}.seg";

    public static bool TryParse(string name, out int id, out ulong destinationId)
    {
        id = 0;
        destinationId = 0;
        string file = StorageNames.FileOf(name);
        return file.Length == 29 && file.EndsWith(".seg", StringComparison.Ordinal) && file[16] == '-'
            && ulong.TryParse(file[..16], NumberStyles.AllowHexSpecifier, null, out destinationId)
            && int.TryParse(file[17..25], NumberStyles.AllowHexSpecifier, null, out id)
            && id is > 0 and <= SegmentLocation.SegmentIdMax;
    }

    public void Add(in SegmentBlockInfo info)
    {
        Checks.Require(info.SegmentId == Id && info.DestinationId == DestinationId);
        _blocks[info.Offset] = info;
        EndOffset = Math.Max(EndOffset, info.Offset + info.Length);
    }

    public bool Remove(long blockOffset) => _blocks.Remove(blockOffset);

    /// <summary>The block that holds an offset.</summary>
    public bool TryFind(long offset, out SegmentBlockInfo info)
    {
        IList<long> starts = _blocks.Keys;
        int low = 0, high = starts.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            info = _blocks.Values[middle];
            if (offset < info.Offset)
            {
                high = middle - 1;
            }
            else if (offset >= info.Offset + info.Length)
            {
                low = middle + 1;
            }
            else
            {
                return true;
            }
        }
        info = default;
        return false;
    }
}
