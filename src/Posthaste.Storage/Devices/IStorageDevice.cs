namespace Posthaste.Storage.Devices;

/// <summary>
/// Where a broker keeps its files: a flat namespace of names such as <c>journal/0000000000000001.jnl</c>, at most one
/// folder deep. The only way in which storage touches the outside world. Any thread; callers keep two threads from
/// changing the same name at once.
/// </summary>
/// <remarks>
/// What survives a crash: file content after <see cref="IStorageFile.Sync"/>, and names (created, renamed, deleted)
/// after <see cref="SyncDirectory"/>. Failures are <see cref="IOException"/>; running out of space is
/// <see cref="StorageFullException"/>.
/// </remarks>
public interface IStorageDevice : IDisposable
{
    /// <summary>A name for people: a path, or <c>memory</c>.</summary>
    string Description { get; }

    /// <summary>Bytes that can still be written; <see cref="long.MaxValue"/> when unlimited.</summary>
    long FreeBytes { get; }

    /// <summary>
    /// Creates a file that does not exist yet, <paramref name="preallocatedBytes"/> long. Its bytes are zeros that were
    /// really written, so that later writes and syncs inside them change no metadata and need no new space.
    /// </summary>
    /// <exception cref="StorageFullException">No room; no file is left behind.</exception>
    IStorageFile Create(string name, long preallocatedBytes);

    /// <summary>Opens an existing file.</summary>
    /// <exception cref="FileNotFoundException">There is none of that name.</exception>
    IStorageFile Open(string name, bool writable);

    /// <summary>True when the file exists.</summary>
    bool Exists(string name);

    /// <summary>
    /// The files in a folder (<c>""</c> is the top), by name in ordinal order; none when it does not exist.
    /// </summary>
    IReadOnlyList<StorageFileInfo> List(string folder);

    /// <summary>Renames within a folder or across folders, replacing what was there. Open files stay open.</summary>
    void Rename(string from, string to);

    /// <summary>Deletes a file; nothing happens when it does not exist.</summary>
    void Delete(string name);

    /// <summary>Makes the names in a folder (<c>""</c> is the top) survive a crash.</summary>
    void SyncDirectory(string folder);

    /// <summary>
    /// Takes the directory for this process until the result is disposed of.
    /// </summary>
    /// <exception cref="DataDirectoryInUseException">Another process, or another broker in this one, has
    /// it.</exception>
    IDisposable Lock();
}

/// <summary>A file in a listing.</summary>
/// <param name="Name">The full name, folder included.</param>
/// <param name="LengthBytes">Its length.</param>
public readonly record struct StorageFileInfo(string Name, long LengthBytes);
