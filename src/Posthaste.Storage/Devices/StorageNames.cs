namespace Posthaste.Storage.Devices;

/// <summary>The names of a data directory, in one place.</summary>
internal static class StorageNames
{
    public const string Top = "";
    public const string Format = "format";
    public const string Epoch = "epoch";
    public const string Key = "key";
    public const string KeyCopy = "key.copy";
    public const string JournalFolder = "journal";
    public const string SegmentFolder = "segments";
    public const string StateFolder = "state";
    public const string QuarantineFolder = "quarantine";

    public static string FolderOf(string name)
    {
        int slash = name.LastIndexOf('/');
        return slash < 0 ? Top : name[..slash];
    }

    public static string FileOf(string name) => name[(name.LastIndexOf('/') + 1)..];
}
