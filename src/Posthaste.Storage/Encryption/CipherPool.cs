using System.Collections.Concurrent;

namespace Posthaste.Storage.Encryption;

/// <summary>
/// Ciphers with their buffers, one for each thread that reads or writes at a time: some 200 KiB each, as many as there
/// ever were threads in files at once. Any thread.
/// </summary>
internal sealed class CipherPool(byte[] keys) : IDisposable
{
    private readonly ConcurrentBag<Worker> _idle = [];

    public Worker Rent() => _idle.TryTake(out var worker) ? worker : new Worker(keys);

    public void Return(Worker worker) => _idle.Add(worker);

    public void Dispose()
    {
        while (_idle.TryTake(out var worker)) worker.Cipher.Dispose();
    }

    /// <summary>A cipher, and room for a chunk before and behind it.</summary>
    public sealed class Worker(byte[] keys)
    {
        public XtsCipher Cipher { get; } = new(keys);

        public byte[] Plain { get; } = new byte[XtsCipher.ChunkBytes];

        public byte[] Encrypted { get; } = new byte[XtsCipher.ChunkBytes];
    }
}
