namespace Posthaste.Storage.Devices;

/// <summary>Something that storage could not do, in words for an operator.</summary>
public class StorageException : IOException
{
    /// <summary>A failure with its text.</summary>
    public StorageException(string message) : base(message)
    {
    }

    /// <summary>A failure with its text and what caused it.</summary>
    public StorageException(string message, Exception cause) : base(message, cause)
    {
    }
}

/// <summary>The device has no room left for what was to be written.</summary>
public sealed class StorageFullException : StorageException
{
    /// <summary>No room, with the place and size.</summary>
    public StorageFullException(string message) : base(message)
    {
    }

    /// <summary>No room, as the operating system said.</summary>
    public StorageFullException(string message, Exception cause) : base(message, cause)
    {
    }
}

/// <summary>The data directory is locked by another broker.</summary>
public sealed class DataDirectoryInUseException : StorageException
{
    /// <summary>Names the directory and, where known, who holds it.</summary>
    public DataDirectoryInUseException(string message) : base(message)
    {
    }

    /// <summary>Names the directory, and how the operating system refused the lock.</summary>
    public DataDirectoryInUseException(string message, Exception cause) : base(message, cause)
    {
    }
}

/// <summary>The data directory was written by a version of Posthaste that this one does not know.</summary>
public sealed class DataDirectoryVersionException(string message) : StorageException(message);

/// <summary>Stored bytes are not what was written.</summary>
public sealed class StorageDamagedException(string message) : StorageException(message);
