using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Posthaste.Broker.Auditing;

/// <summary>
/// The audit log's file: one JSON object a line, sealed (<see cref="AuditSeal"/>), appended by one writer in its own
/// time, flushed when there is nothing more to write. Entries wait in a bounded queue; those that find it full, or that
/// the disk refuses, are counted.
/// <code>
///   {"at":"2026-01-01T00:00:00.0000000+00:00","id":3080,"event":"FileBegun","before":"…","seal":"…"}
///   {"at":"2026-01-01T00:00:00.0000000+00:00","id":3001,"event":"LoginSucceeded","user":"ann", … ,"seal":"…"}
/// </code>
/// Whenever a file is opened it is read through: what it holds says how it goes on. One that does not fit its seals is
/// kept as it is, and a new one begun.
/// </summary>
internal sealed partial class AuditFile : IAsyncDisposable
{
    /// <summary>Entries that wait at most, some 500 bytes each: minutes of a disk that hangs.</summary>
    private const int WaitingMax = 10_000;

    /// <summary>Entries that are written at once at most: some 64 KiB.</summary>
    private const int BatchCountMax = 256;

    /// <summary>Text as it is: the lines are read by people and tools, not by browsers.</summary>
    private static readonly JsonWriterOptions JsonOptions =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly AuditOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly AuditSeal _seals;
    private readonly Channel<AuditEntry> _waiting = Channel.CreateBounded<AuditEntry>(
        new BoundedChannelOptions(WaitingMax) { SingleReader = true });

    private readonly List<AuditEntry> _entries = new(BatchCountMax);
    private readonly ArrayBufferWriter<byte> _batch = new();
    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly Task _writing;
    private FileStream? _file;

    // The seal of the last line in the file, or of the last line before a file that has none yet.
    private byte[] _last = AuditSeal.None;

    // What a crash has left behind that line.
    private byte[] _torn = [];
    private bool _hasWritten;
    private long _lost;
    private bool _isFailing;

    /// <exception cref="ArgumentException">The file can't be opened, or its key can't be read.</exception>
    public AuditFile(AuditOptions options, TimeProvider time, ILogger log)
    {
        _options = options;
        _time = time;
        _log = log;
        _seals = new AuditSeal(options.KeyFile is { } key ? AuditVerification.ReadKey(key) : null);
        try
        {
            // Only to see that it can be: it is opened for the first entry.
            OpenToAppend().Dispose();
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
        _seals.Dispose();
    }

    private async Task WriteAllAsync()
    {
        var reader = _waiting.Reader;
        while (await reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (_entries.Count < BatchCountMax && reader.TryRead(out var entry)) _entries.Add(entry);
            try
            {
                await AppendAsync().ConfigureAwait(false);
                _isFailing = false;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Interlocked.Add(ref _lost, _entries.Count);
                if (!_isFailing) LogNotWritten(_options.File!, e.Message);
                _isFailing = true;

                // Opened again for the next ones: perhaps somebody has made room, or moved it.
                await CloseAsync().ConfigureAwait(false);
            }

            _entries.Clear();
        }
    }

    private async Task AppendAsync()
    {
        // Somebody has cut it off, as logrotate does with copytruncate: what was here is elsewhere now.
        if (_file is not null && _file.Length < _file.Position) await CloseAsync().ConfigureAwait(false);
        _file ??= Open();
        var last = Encode();
        if (_file.Length > 0 && _file.Length + _batch.WrittenCount > _options.FileBytesMax)
        {
            await CloseAsync().ConfigureAwait(false);
            Rotate();
            _file = Open();
            last = Encode();
        }

        await _file.WriteAsync(_batch.WrittenMemory).ConfigureAwait(false);
        await _file.FlushAsync().ConfigureAwait(false);
        (_last, _torn, _hasWritten) = (last, [], true);
    }

    private async Task CloseAsync()
    {
        if (_file is not null) await _file.DisposeAsync().ConfigureAwait(false);
        _file = null;
    }

    /// <summary>Opens the file to go on with it, or with a new one where it is none of ours any more.</summary>
    private FileStream Open()
    {
        var name = _options.File!;
        if (File.Exists(name) && new FileInfo(name).Length > 0)
        {
            var chain = AuditChain.Read(name, _seals);
            if (chain is { Fault: null, LineCount: > 0 })
            {
                (_last, _torn) = (chain.Last, chain.Torn);
                return OpenToAppend();
            }

            if (IsTornBeginning(chain)) File.Delete(name);
            else KeepAside(name, chain);
        }

        // A new file goes on where the one before ended, wherever that is now.
        var before = $"{name}.1";
        if (!_hasWritten && File.Exists(before)) _last = AuditChain.Read(before, _seals).Last;
        _torn = [];
        return OpenToAppend();
    }

    /// <summary>A crash has cut off the first line: there is nothing in the file.</summary>
    private static bool IsTornBeginning(AuditChain chain) =>
        chain is { Fault: null, LineCount: 0 } && chain.Torn.AsSpan().StartsWith("{\"at\":"u8);

    private void KeepAside(string name, AuditChain chain)
    {
        LogNotContinued(name, chain.Fault?.Line ?? 1, chain.Fault?.What ?? "it is no line of the audit log");
        Rotate();
    }

    private FileStream OpenToAppend()
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

    /// <summary>Makes the lines of all entries, and what has to stand before them in this file.</summary>
    /// <returns>The seal of the last one.</returns>
    private byte[] Encode()
    {
        _batch.ResetWrittenCount();
        var (last, between) = (_last, Array.Empty<byte>());
        if (_file!.Length == 0)
            Encode(Own(AuditEvents.FileBegun, ""), ref last, between, before: _last);
        if (_torn.Length > 0)
        {
            _batch.Write("\n"u8);
            between = [.. _torn, (byte)'\n'];
            Encode(Own(AuditEvents.LineTorn, $"{_torn.Length} bytes"), ref last, between, before: null);
        }

        foreach (var entry in _entries) Encode(entry, ref last, [], before: null);
        return last;
    }

    private AuditEntry Own(AuditEvent kind, string subject) => new(kind, _time.GetUtcNow(), "", from: null, subject);

    private void Encode(AuditEntry entry, ref byte[] last, byte[] between, byte[]? before)
    {
        _line.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(_line, JsonOptions))
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

            if (before is not null) json.WriteString("before", Convert.ToHexStringLower(before));
            json.WriteEndObject();
        }

        var content = _line.WrittenSpan[..^1];
        last = _seals.Compute(last, between, content);
        _batch.Write(content);
        AuditSeal.Write(_batch, last);
    }

    [LoggerMessage(EventId = 3091, Level = LogLevel.Error,
        Message = "the audit file {File} can't be written: {Reason}; entries are lost until it can, and counted")]
    private partial void LogNotWritten(string file, string reason);

    [LoggerMessage(EventId = 3092, Level = LogLevel.Error,
        Message = "the audit file {File} is not what was written, line {Line}: {Reason}; it is kept, and a new one "
            + "begun")]
    private partial void LogNotContinued(string file, long line, string reason);
}
