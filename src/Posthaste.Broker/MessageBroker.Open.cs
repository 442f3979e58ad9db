using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Posthaste.Broker.Auditing;
using Posthaste.Broker.Flow;
using Posthaste.Broker.Pipeline;
using Posthaste.Broker.Scheduling;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Tokens;
using Posthaste.Broker.Storage;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker;

/// <summary>How a broker begins and ends.</summary>
public sealed partial class MessageBroker
{
    /// <summary>Opens the data directory, replays the journal and starts the broker's threads.</summary>
    /// <exception cref="IOException">The directory is in use, damaged beyond use, of a newer version, or can't be read
    /// or written.</exception>
    public static MessageBroker Open(MessageBrokerOptions options, ILoggerFactory loggers)
    {
        var broker =
            Open(options, loggers, options.DataDirectory is { } path ? new FileDevice(path) : null, scheduler: null);
        broker._upkeep = broker._data.IsDurable ? new Upkeep(broker, ownThread: true) : null;
        broker._commitLoop = new CommitLoop(broker.Pipeline);
        broker.Tracing.Look();
        return broker;
    }

    /// <summary>
    /// Opens on any device. With a scheduler the broker has no thread of its own, and whoever opened it drives it by
    /// <see cref="Step"/>.
    /// </summary>
    internal static MessageBroker Open(
        MessageBrokerOptions options, ILoggerFactory loggers, IStorageDevice? device, IWorkScheduler? scheduler)
    {
        options.Validate();
        var keys = options.Authentication.Tokens is { IsOn: true } tokens
            ? new KeyCache(tokens, loggers.CreateLogger<KeyCache>())
            : null;
        var audit = new AuditLog(options.Audit, options.ConnectionTime, loggers);
        var data = device is null ? DataStore.InMemory(options) : DataStore.Lock(device, options);
        try
        {
            var broker = new MessageBroker(options, loggers, data, scheduler, keys, audit);
            broker.Pipeline.Failed = broker.JournalFailed;
            if (data.IsDurable) broker.Recover();
            foreach (var name in options.VirtualHosts) broker.AddConfiguredVirtualHost(name);
            broker.Parameters.Load();
            broker.LoadUsers();
            broker.Events.Open();
            if (scheduler is not null && data.IsDurable) broker._upkeep = new Upkeep(broker, ownThread: false);
            return broker;
        }
        catch
        {
            keys?.Dispose();
            data.Dispose();
            throw;
        }
    }

    /// <summary>Commits, applies, reads back and keeps up, once, on the caller's thread.</summary>
    /// <returns>Whether there was anything to do.</returns>
    internal bool Step()
    {
        var any = CommitAndApply();
        any |= Loader.RunPending();
        any |= _upkeep?.RunOnce() ?? false;
        return any;
    }

    private bool CommitAndApply()
    {
        var any = Pipeline.CommitPending();
        Pipeline.ApplyCommitted();
        return any;
    }

    private void Recover()
    {
        var started = Stopwatch.GetTimestamp();
        var recovery = new Recovery(this);
        var damages = new List<string>();
        long replayFrom = 0;
        var isNew = _data.IsNew;
        using (var snapshot = _data.Snapshots!.OpenNewest(out var snapshotDamages))
        {
            damages.AddRange(snapshotDamages);
            if (snapshot is not null)
            {
                replayFrom = snapshot.Info.Position;
                SnapshotContent.Read(snapshot, recovery);
            }
        }

        var report = _data.OpenJournal(Options, replayFrom, recovery);
        Pipeline.Attach(_data.Journal!);
        var flushes = FlushSet.ForThisThread;
        foreach (var host in VirtualHosts)
        {
            host.RestoreSettings();
            host.Policies.FinishRecovery();
        }

        foreach (var queue in _queues.Values) queue.FinishRecovery(flushes);
        _data.Segments!.DeleteUnreferenced();
        damages.AddRange(report.Damages.Select(
            damage => $"{damage.File}: {damage.Length} bytes at offset {damage.Offset}: {damage.What}"));
        Recovery = new RecoverySummary(
            _data.Device!.Description, isNew, recovery.WasClean || isNew, _queues.Count,
            _queues.Values.Sum(queue => queue.MessageCount),
            report.EndPosition - report.StartPosition, Stopwatch.GetElapsedTime(started),
            report.TornTail is { } torn
                ? $"{torn.File}: {torn.Length} bytes at offset {torn.Offset}: {torn.What}"
                : null, damages);
        LogRecovery();
    }

    /// <summary>
    /// Reads the users; a directory that has never had any gets the one that clients try, or the one of the options.
    /// </summary>
    private void LoadUsers()
    {
        if (Options.Authenticator is not null) return;
        Users.Load();
        if (SecurityNotes.IsSeeded(Notes)) return;
        if (!Users.Users.Any())
        {
            // Not marked either: should the users that it was to bring not come, a later start makes the guest.
            if (!Options.AddsGuest && Options.Authentication.DefaultUser is null) return;
            AddFirstUser();
        }

        SecurityNotes.MarkSeeded(Notes);
    }

    private void AddFirstUser()
    {
        if (Options.Authentication.DefaultUser is not { } name)
        {
            Users.AddGuest(Options.VirtualHosts, Options.FillRandom);
            return;
        }

        var password = FirstPassword.Of(Options.Authentication)
            ?? (MadePassword = FirstPassword.Make(Options.FillRandom));
        Users.AddAdministrator(name, password, Options.VirtualHosts, Options.FillRandom);
    }

    private void LogRecovery()
    {
        LogRecovered(Recovery.Directory!, Recovery.QueueCount, Recovery.MessageCount, Recovery.JournalBytes,
            Recovery.Duration.TotalMilliseconds);
        if (Recovery.TornTail is { } torn) LogTornTail(torn);
        foreach (var damage in Recovery.Damages) LogDamage(damage);
    }

    /// <summary>
    /// Leaves what a start after a clean shutdown can rely on: how far deliveries have come, to the message.
    /// </summary>
    private void RecordCleanShutdown()
    {
        if (!Pipeline.HasJournal) return;
        foreach (var queue in _queues.Values)
        {
            if (!queue.IsJournaled || !queue.FlushFacts()) continue;
            foreach (var (level, belowSeq) in queue.ExactDeliveryMarks())
            {
                Pipeline.AppendFact(
                    RecordType.ExactDeliveryMark, DeliveryMarkRecord.Bytes, (queue.Id, level, belowSeq),
                    static (target, fact) => DeliveryMarkRecord.Write(target, fact.Id, fact.level, fact.belowSeq));
            }
        }

        Pipeline.AppendFact(RecordType.CleanShutdown, 0, 0, static (_, _) => { });
    }

    private void JournalFailed(Exception cause)
    {
        LogJournalFailed(cause);
        Alarms.Set(ResourceAlarm.Journal, active: true);
    }

    [LoggerMessage(EventId = 2001, Level = LogLevel.Information,
        Message = "Opened {Directory}: {Queues} queues with {Messages} messages, "
            + "{Bytes} bytes of journal replayed in {ElapsedMs:F0} ms")]
    private partial void LogRecovered(string directory, int queues, long messages, long bytes, double elapsedMs);

    [LoggerMessage(EventId = 2002, Level = LogLevel.Warning,
        Message =
            "The journal ends in an unfinished write, which was cut off; nothing in it had been confirmed: {Where}")]
    private partial void LogTornTail(string where);

    [LoggerMessage(EventId = 2003, Level = LogLevel.Error,
        Message = "Stored data is damaged: {Damage} A copy is in the directory 'quarantine'; "
            + "what could be read around it was restored")]
    private partial void LogDamage(string damage);

    [LoggerMessage(EventId = 2004, Level = LogLevel.Critical,
        Message = "The journal can't be written: it is read-only until the broker is restarted. "
            + "Publishers are refused; nothing confirmed is lost")]
    private partial void LogJournalFailed(Exception cause);
}
