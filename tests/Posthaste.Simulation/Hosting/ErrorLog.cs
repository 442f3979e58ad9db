using Microsoft.Extensions.Logging;

namespace Posthaste.Simulation.Hosting;

/// <summary>
/// What the broker complains about: there is nothing to complain about unless something was broken on purpose.
/// </summary>
internal sealed class ErrorLog : ILoggerFactory, ILogger
{
    private readonly List<string> _errors = [];

    public bool HasAny => _errors.Count > 0;

    /// <summary>Errors since the last call.</summary>
    public IReadOnlyList<string> Take()
    {
        string[] errors = [.. _errors];
        _errors.Clear();
        return errors;
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("This log is complete.");

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel == LogLevel.Error;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (logLevel == LogLevel.Error) _errors.Add($"{formatter(state, exception)} {exception?.Message}");
    }

    public void Dispose()
    {
        // Nothing to let go of.
    }
}
