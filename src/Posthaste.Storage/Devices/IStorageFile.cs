namespace Posthaste.Storage.Devices;

/// <summary>
/// An open file of a device. Reads may run on any thread beside one writer; writes and syncs are for one thread at a
/// time. Dispose closes it and syncs nothing.
/// </summary>
public interface IStorageFile : IDisposable
{
    /// <summary>The current length in bytes.</summary>
    long LengthBytes { get; }

    /// <summary>
    /// Writes the buffers one after the other, from <paramref name="offset"/> on; all of it or an exception.
    /// </summary>
    /// <exception cref="IOException">Some unknown part may have been written.</exception>
    /// <exception cref="StorageFullException">No room; likewise.</exception>
    void Write(long offset, ReadOnlySpan<ReadOnlyMemory<byte>> buffers);

    /// <summary>Writes one buffer at <paramref name="offset"/>; otherwise like the other overload.</summary>
    void Write(long offset, ReadOnlySpan<byte> bytes);

    /// <summary>
    /// Makes everything written so far survive a crash. After a failure nothing may be assumed about any byte written
    /// since the last success, and trying again proves nothing.
    /// </summary>
    void Sync();

    /// <summary>
    /// Fills <paramref name="bytes"/> from <paramref name="offset"/>; fewer only at the end of the file.
    /// </summary>
    /// <returns>The number of bytes read.</returns>
    int Read(long offset, Span<byte> bytes);
}
