using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Posthaste.Testing;

/// <summary>Loggers that keep what the audit log writes, and nothing else.</summary>
internal sealed class AuditRecorder : ILoggerFactory, ILogger
{
    private const string Category = "Posthaste.Audit";

    private readonly ConcurrentQueue<(string Event, string Text)> _entries = new();

    /// <summary>Each entry with the name of its event, in order.</summary>
    public IReadOnlyList<(string Event, string Text)> Entries => [.. _entries];

    /// <summary>Entries of one event.</summary>
    public IReadOnlyList<string> Of(string name) =>
        [.. _entries.Where(entry => entry.Event == name).Select(static entry => entry.Text)];

    public ILogger CreateLogger(string categoryName) =>
        categoryName == Category ? this : Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter) =>
        _entries.Enqueue((eventId.Name!, formatter(state, exception)));
}
