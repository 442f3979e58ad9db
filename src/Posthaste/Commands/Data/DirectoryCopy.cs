using Posthaste.Storage.Devices;
using Posthaste.Storage.Encryption;

namespace Posthaste.Commands.Data;

/// <summary>Copies of a data directory, synced to disk.</summary>
internal static class DirectoryCopy
{
    private const string LockFile = "lock";
    private const string EpochFile = "epoch";
    private const int CopyBufferBytes = 1 << 20;

    private static readonly string[] Folders = ["journal", "segments", "state", "quarantine"];

    /// <summary>File by file, byte by byte.</summary>
    /// <returns>The number of bytes.</returns>
    public static async Task<long> AsItIsAsync(
        string source, string target, Action<double, string> progress, CancellationToken cancellation)
    {
        var files = new DirectoryInfo(source).GetFiles("*", SearchOption.AllDirectories)
            .Where(file => file.Name != LockFile)
            .ToList();
        var total = Math.Max(1, files.Sum(file => file.Length));
        var copied = 0L;
        foreach (var file in files)
        {
            var name = Path.GetRelativePath(source, file.FullName);
            var copy = Path.Combine(target, name);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            await using var from = new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            await using var to = new FileStream(copy, FileMode.CreateNew, FileAccess.Write);
            await from.CopyToAsync(to, CopyBufferBytes, cancellation);
            to.Flush(flushToDisk: true);
            copied += file.Length;
            progress((double)copied / total, name);
        }

        return copied;
    }

    /// <summary>
    /// The same directory, with the same identity, encrypted with a key that is made now, or not at all.
    /// </summary>
    /// <param name="source">The directory, as who has its key sees it.</param>
    /// <param name="target">Where to.</param>
    /// <param name="key">What opens the copy; null for one that is not encrypted.</param>
    /// <param name="progress">Told the part that is done, and of what.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The number of bytes.</returns>
    public static long Anew(
        IStorageDevice source, string target, MasterKey? key, Action<double, string> progress,
        CancellationToken cancellation)
    {
        using var device = new FileDevice(target);
        DataDirectory.Create(device, DataDirectory.ReadId(source), key);
        using var view = DataDirectory.View(device, key);
        List<string> names = [.. source.Exists(EpochFile) ? [EpochFile] : Array.Empty<string>()];
        names.AddRange(Folders.SelectMany(source.List).Select(static file => file.Name));
        var copied = 0L;
        for (var i = 0; i < names.Count; i++)
        {
            copied += CopyFile(source, view, names[i], cancellation);
            progress((double)(i + 1) / names.Count, names[i]);
        }

        foreach (var folder in Folders.Where(folder => view.List(folder).Count > 0)) view.SyncDirectory(folder);
        view.SyncDirectory("");
        return copied;
    }

    private static long CopyFile(
        IStorageDevice source, IStorageDevice target, string name, CancellationToken cancellation)
    {
        var buffer = new byte[CopyBufferBytes];
        using var from = source.Open(name, writable: false);
        using var to = target.Create(name, 0);
        var at = 0L;
        for (int read; (read = from.Read(at, buffer)) > 0; at += read)
        {
            cancellation.ThrowIfCancellationRequested();
            to.Write(at, buffer.AsSpan(0, read));
        }

        to.Sync();
        return at;
    }
}
