namespace Posthaste.Broker.Auditing;

/// <summary>The audit log's own file. Must not change while a broker runs.</summary>
public sealed class AuditOptions
{
    /// <summary>
    /// File that entries are appended to, as JSON lines. Default null: they are in the log only.
    /// </summary>
    public string? File { get; set; }

    /// <summary>
    /// File with a key, any 32 bytes or more: the lines' seals are made with it, and only who has it can make them
    /// anew. Default null: they are plain hashes.
    /// </summary>
    public string? KeyFile { get; set; }

    /// <summary>
    /// Bytes of the file at which it is kept as `FILE.1` (that as `FILE.2`, and so on) and a new one is begun. Default
    /// 64 MiB: some 250,000 entries.
    /// </summary>
    public long FileBytesMax { get; set; } = 64L << 20;

    /// <summary>Files kept beside the one that is written. Default 9.</summary>
    public int KeptFilesMax { get; set; } = 9;

    internal void Validate()
    {
        if (FileBytesMax < 1 << 10)
            throw new ArgumentException($"The audit file has {FileBytesMax} bytes, but it has to be at least 1 KiB.");
        if (KeptFilesMax is < 0 or > 1_000)
            throw new ArgumentException($"{KeptFilesMax} audit files are kept, but it has to be 0 to 1,000.");
    }
}
