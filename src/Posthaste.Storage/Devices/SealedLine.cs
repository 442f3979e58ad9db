using System.Text;
using Posthaste.Primitives;

namespace Posthaste.Storage.Devices;

/// <summary>
/// A small file at the top of a data directory: one line of text that ends with the CRC32C of what precedes it.
/// Replaced as a whole: written beside, synced, renamed.
/// </summary>
internal static class SealedLine
{
    private const int BytesMax = 1024;
    private const string BeforeCrc = ", crc32c ";

    /// <summary>The line without its checksum; null when it is not what was written.</summary>
    public static string? TryRead(IStorageDevice device, string name)
    {
        using IStorageFile file = device.Open(name, writable: false);
        var bytes = new byte[BytesMax];
        string text = Encoding.Latin1.GetString(bytes, 0, file.Read(0, bytes));
        int crcAt = text.LastIndexOf(BeforeCrc, StringComparison.Ordinal);
        return crcAt >= 0 && text == Seal(text[..crcAt]) ? text[..crcAt] : null;
    }

    /// <summary>Puts a line in the place of whatever is there, durably.</summary>
    public static void Replace(IStorageDevice device, string name, string line)
    {
        string temporary = name + ".new";
        device.Delete(temporary);
        using (IStorageFile file = device.Create(temporary, 0))
        {
            file.Write(0, Encoding.ASCII.GetBytes(Seal(line)));
            file.Sync();
        }
        device.Rename(temporary, name);
        device.SyncDirectory(StorageNames.Top);
    }

    private static string Seal(string line) =>
        $"{line}{BeforeCrc}{Crc32C.Compute(Encoding.Latin1.GetBytes(line)):x8}\n";
}
