using Microsoft.Extensions.Logging;
using Posthaste.Broker.Protocols;
using Posthaste.Broker.Scheduling;

namespace Posthaste.Broker.Auditing;

/// <summary>
/// Who has come in, who has not, and who has changed what: structured entries of one log category, and of a file of
/// their own where an option names one. Never waits for a disk; what could not be written is said. Any thread.
/// </summary>
public sealed class AuditLog : ITickable, IAsyncDisposable
{
    /// <summary>The log category.</summary>
    public const string Category = "Posthaste.Audit";

    /// <summary>
    /// Entries that clients can cause (refusals) in one second at most: a client that tries without end fills neither
    /// the log nor the disk.
    /// </summary>
    private const int RefusalsPerSecondMax = 100;

    private const int MsPerSecond = 1_000;

    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly AuditFile? _file;
    private int _refusals;
    private long _lost;
    private long _windowMs;

    /// <exception cref="ArgumentException">The file can't be written.</exception>
    internal AuditLog(AuditOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        _log = loggers.CreateLogger(Category);
        _time = time;
        _file = options.File is null ? null : new AuditFile(options, time, loggers.CreateLogger<AuditFile>());
    }

    /// <summary>Records something; see <see cref="AuditEntry"/> for what the parameters are.</summary>
    public void Write(
        AuditEvent kind, string user, ProtocolConnection? from, string subject, string detail = "")
    {
        var isRefusal = kind == AuditEvents.AccessDenied || kind == AuditEvents.LoginFailed;
        if (isRefusal && Interlocked.Increment(ref _refusals) > RefusalsPerSecondMax)
        {
            Interlocked.Increment(ref _lost);
            return;
        }

        Write(new AuditEntry(kind, _time.GetUtcNow(), user, from, subject, detail));
    }

    /// <summary>Begins a new second, and says what the last one has lost.</summary>
    public void Tick(long nowMs)
    {
        if (nowMs - _windowMs < MsPerSecond) return;
        _windowMs = nowMs;
        Volatile.Write(ref _refusals, 0);
        var lost = Interlocked.Exchange(ref _lost, 0) + (_file?.TakeLost() ?? 0);
        if (lost > 0)
            Write(new AuditEntry(AuditEvents.EntriesLost, _time.GetUtcNow(), "", from: null, $"{lost} entries"));
    }

    /// <summary>Writes what is pending to the file.</summary>
    public ValueTask DisposeAsync() => _file?.DisposeAsync() ?? ValueTask.CompletedTask;

    private void Write(AuditEntry entry)
    {
        _log.Log(
            entry.Kind.Level, new EventId(entry.Kind.Id, entry.Kind.Name), entry, exception: null,
            static (written, _) => written.ToString());
        _file?.Add(entry);
    }
}
