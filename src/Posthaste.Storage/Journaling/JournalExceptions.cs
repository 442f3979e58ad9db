using Posthaste.Storage.Devices;

namespace Posthaste.Storage.Journaling;

/// <summary>
/// A write or sync failed, so nothing can be appended until the broker is restarted: after a failed sync the kernel may
/// have dropped the data, and a second sync that succeeds would prove nothing. Reading goes on.
/// </summary>
public sealed class JournalFailedException(string message, Exception cause) : StorageException(message, cause);

/// <summary>
/// The record needs a new journal file and the device has no room for one. Nothing was appended and the journal stays
/// usable; room returns when files are recycled or the device gets more.
/// </summary>
public sealed class JournalFullException(string message) : StorageException(message);

/// <summary>What the journal can still take.</summary>
public enum JournalSpace
{
    /// <summary>The next file is prepared, or nothing speaks against preparing it.</summary>
    Ample = 0,

    /// <summary>
    /// Preparing a file failed and only the reserve is left: refuse publishers, let settlements go on.
    /// </summary>
    Low = 1,

    /// <summary>No file is left; appends fail as soon as the current one is full.</summary>
    Exhausted = 2,
}
