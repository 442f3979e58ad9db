using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Posthaste.Broker.Auditing;

/// <summary>
/// The audit log's file: one JSON object a line, appended by one writer in its own time, flushed when there is nothing
/// more to write. Entries wait in a bounded queue; those that find it full, or that the disk refuses, are counted.
/// <code>
///   {"at":"2026-01-01T00:00:00.0000000+00:00","id":3001,"event":"LoginSucceeded","user":"ann", …}
/// </code>
/// </summary>
internal sealed partial class AuditFile : IAsyncDisposable
{
    /// <summary>Entries that wait at most, some 500 bytes each: minutes of a disk that hangs.</summary>
    private const int WaitingMax = 10_000;

    /// <summary>Bytes that are written at once at most.</summary>
    private const int BatchBytesMax = 64 << 10;

    /// <summary>Text as it is: the lines are read by people and tools, not by browsers.</summary>
    private static readonly JsonWriterOptions JsonOptions =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly AuditOptions _options;
    private readonly ILogger _log;
    private readonly Channel<AuditEntry> _waiting = Channel.CreateBounded<AuditEntry>(
        new BoundedChannelOptions(WaitingMax) { SingleReader = true });

    private readonly ArrayBufferWriter<byte> _batch = new(BatchBytesMax);
    private readonly Task _writing;
    private FileStream? _file;
    private long _lost;
    private int _batchCount;
    private bool _isFailing;

    /// <exception cref="ArgumentException">The file can't be opened.</exception>
    public AuditFile(AuditOptions options, ILogger log)
    {
        _options = options;
        _log = log;
        try
        {
            // Only to see that it can be: it is opened for the first entry.
            Open().Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ArgumentException($"The audit file can't be written: {e.Message}", e);
        }

        _writing = WriteAllAsync();
    }

    /// <summary>Takes an entry, or counts it as lost. Any thread, does not wait.</summary>
    public void Add(AuditEntry entry)
    {
        if (!_waiting.Writer.TryWrite(entry)) Interlocked.Increment(ref _lost);
    }

    /// <summary>How many were lost since the last call.</summary>
    public long TakeLost() => Interlocked.Exchange(ref _lost, 0);

    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _writing.ConfigureAwait(false);
        if (_file is not null) await _file.DisposeAsync().ConfigureAwait(false);
    }

    private async Task WriteAllAsync()
    {
        var reader = _waiting.Reader;
        while (await reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (_batch.WrittenCount < BatchBytesMax && reader.TryRead(out var entry)) Encode(entry);
            try
            {
                await AppendAsync().ConfigureAwait(false);
                _isFailing = false;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Interlocked.Add(ref _lost, _batchCount);
                if (!_isFailing) LogNotWritten(_options.File!, e.Message);
                _isFailing = true;

                // Opened again for the next ones: perhaps somebody has made room, or moved it.
                if (_file is not null) await _file.DisposeAsync().ConfigureAwait(false);
                _file = null;
            }

            _batch.ResetWrittenCount();
            _batchCount = 0;
        }
    }

    private async Task AppendAsync()
    {
        _file ??= Open();
        if (_file.Length > 0 && _file.Length + _batch.WrittenCount > _options.FileBytesMax)
        {
            await _file.DisposeAsync().ConfigureAwait(false);
            _file = null;
            Rotate();
            _file = Open();
        }

        await _file.WriteAsync(_batch.WrittenMemory).ConfigureAwait(false);
        await _file.FlushAsync().ConfigureAwait(false);
    }

    private FileStream Open()
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.Append,
            Access = FileAccess.Write,
            Share = FileShare.Read,
            Options = FileOptions.Asynchronous,
            BufferSize = 0,
        };

        // Names of users and addresses: nobody else's business.
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(_options.File!, options);
    }

    private void Rotate()
    {
        var name = _options.File!;
        for (var number = _options.KeptFilesMax; number > 1; number--)
        {
            if (File.Exists($"{name}.{number - 1}"))
                File.Move($"{name}.{number - 1}", $"{name}.{number}", overwrite: true);
        }

        if (_options.KeptFilesMax > 0) File.Move(name, $"{name}.1", overwrite: true);
        else File.Delete(name);
    }

    private void Encode(AuditEntry entry)
    {
        using (var json = new Utf8JsonWriter(_batch, JsonOptions))
        {
            json.WriteStartObject();
            json.WriteString("at", entry.At);
            json.WriteNumber("id", entry.Kind.Id);
            json.WriteString("event", entry.Kind.Name);
            foreach (var (name, value) in entry)
            {
                if (value is string { Length: > 0 } text)
                    json.WriteString(JsonNamingPolicy.CamelCase.ConvertName(name), text);
            }

            json.WriteEndObject();
        }

        _batch.Write("\n"u8);
        _batchCount++;
    }

    [LoggerMessage(EventId = 3091, Level = LogLevel.Error,
        Message = "the audit file {File} can't be written: {Reason}; entries are lost until it can, and counted")]
    private partial void LogNotWritten(string file, string reason);
}
