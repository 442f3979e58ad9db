namespace Posthaste.Core.Formats;

/// <summary>
/// Stored bytes are not what they should be: damaged past their checksum, or written by a newer version. Whoever
/// knows file and offset catches it and reports both.
/// </summary>
public sealed class StoredFormatException : Exception
{
    public StoredFormatException(string message)
        : base(message)
    {
    }

    public StoredFormatException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public StoredFormatException()
    {
    }
}
