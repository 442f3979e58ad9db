using Microsoft.Extensions.Logging;
using Posthaste.Broker.Scheduling;

namespace Posthaste.Broker.Security.Tokens;

/// <summary>
/// The keys that tokens are verified with now. They are read in the background, so no login waits for another's
/// keys, nor for somebody else's server: every so often, and soon after a token has named a key that is not there. When
/// they can't be read, the ones before stay. Any thread.
/// </summary>
internal sealed partial class KeyCache : ITickable, IDisposable
{
    /// <summary>
    /// Milliseconds between two readings at least: tokens that name keys which do not exist cost whoever serves the
    /// keys six requests a minute.
    /// </summary>
    internal const int IntervalMsMin = 10_000;

    private const int MsPerSecond = 1_000;

    private readonly KeyDocument _document;
    private readonly int _refreshMs;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();
    private volatile KeySet _current = KeySet.Empty;
    private volatile bool _isWanted;
    private long? _readAtMs;
    private Task _reading = Task.CompletedTask;

    /// <exception cref="ArgumentException">The place is none, or its file holds no keys.</exception>
    public KeyCache(TokenOptions options, ILogger log)
    {
        _document = new KeyDocument(options.Keys!);
        _refreshMs = options.KeysRefreshSeconds * MsPerSecond;
        _log = log;
        if (_document.IsUnprotected) LogUnprotected(_document.Place);
        if (!_document.IsFile) return;
        try
        {
            Take(_document.ReadFile());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new ArgumentException($"The keys of access tokens can't be read: {e.Message}", e);
        }
    }

    /// <summary>The keys as they were read last; none before the first time.</summary>
    public KeySet Current => _current;

    /// <summary>Completes when the reading that is under way, if any, has ended.</summary>
    internal Task Reading => _reading;

    /// <summary>A token names a key that is not there: perhaps it is new.</summary>
    public void Want() => _isWanted = true;

    /// <summary>On the ticker's thread only.</summary>
    public void Tick(long nowMs)
    {
        if (!_reading.IsCompleted) return;

        // A file was read at the start; an address is asked at the first tick.
        if (_readAtMs is null && _document.IsFile) _readAtMs = nowMs;
        var elapsedMs = nowMs - _readAtMs ?? long.MaxValue;
        var dueMs = _isWanted || _current.Count == 0 ? IntervalMsMin : _refreshMs;
        if (elapsedMs < dueMs) return;
        _readAtMs = nowMs;
        _isWanted = false;
        _reading = ReadAsync();
    }

    public void Dispose()
    {
        _stopping.Cancel();
        _document.Dispose();
        _stopping.Dispose();
    }

    private async Task ReadAsync()
    {
        try
        {
            Take(await _document.ReadAsync(_stopping.Token).ConfigureAwait(false));
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            LogNotRead(_document.Place, e.Message, _current.Count);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            LogGivenUp(_document.Place);
        }
    }

    private void Take(byte[] json)
    {
        var keys = KeySet.Parse(json);
        foreach (var fault in keys.Faults) LogLeftOut(_document.Place, fault);
        if (keys.Count != _current.Count) LogRead(_document.Place, keys.Count);
        _current = keys;
    }

    [LoggerMessage(EventId = 2401, Level = LogLevel.Information,
        Message = "{Count} keys of access tokens from {Place}")]
    private partial void LogRead(string place, int count);

    [LoggerMessage(EventId = 2402, Level = LogLevel.Warning,
        Message = "the keys of access tokens could not be read from {Place}: {Reason}; the {Count} before stay")]
    private partial void LogNotRead(string place, string reason, int count);

    [LoggerMessage(EventId = 2403, Level = LogLevel.Warning,
        Message = "of the keys of access tokens from {Place} one is not used: {Fault}")]
    private partial void LogLeftOut(string place, string fault);

    [LoggerMessage(EventId = 2404, Level = LogLevel.Warning,
        Message = "the keys of access tokens come from {Place} without TLS: whoever is on the way can replace them")]
    private partial void LogUnprotected(string place);

    [LoggerMessage(EventId = 2405, Level = LogLevel.Debug,
        Message = "reading the keys of access tokens from {Place} was given up: the broker stops")]
    private partial void LogGivenUp(string place);
}
