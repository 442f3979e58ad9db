using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging;
using Posthaste.Broker.Connections;
using Posthaste.Broker.Notes;
using Posthaste.Broker.Queues;
using Posthaste.Broker.Security;
using Posthaste.Broker.Storage;
using Posthaste.Core.Catalog;
using Posthaste.Core.Notes;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker;

/// <summary>What became of a request to delete a virtual host.</summary>
public enum VirtualHostDeletion
{
    /// <summary>
    /// It is gone; durably once <see cref="MessageBroker.WhenDurableAsync"/> says so. Until then it would be back after
    /// a restart, with all that was in it.
    /// </summary>
    Deleted,

    /// <summary>There is none of that name.</summary>
    NotFound,

    /// <summary>It is protected from deletion, and as it was.</summary>
    Protected,

    /// <summary>The journal has no room to record it, or is read-only. It is as it was.</summary>
    NotRecorded,
}

/// <summary>How virtual hosts come and go.</summary>
public sealed partial class MessageBroker
{
    /// <summary>In place of a virtual host's id: notes of the broker as a whole. Virtual hosts begin at 1.</summary>
    private const uint BrokerNotesId = 0;

    private readonly ConcurrentDictionary<string, VirtualHost> _hosts = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<uint, VirtualHost> _hostsById = new();
    private readonly ArrayBufferWriter<byte> _catalogRecord = new(256);
    private uint _lastHostId;

    /// <summary>
    /// A virtual host has been deleted: whoever remembers something of it forgets it. Raised without locks held.
    /// </summary>
    public event Action<VirtualHost>? VirtualHostDeleted;

    /// <summary>All of them, in no particular order, which is the same whenever the same was done.</summary>
    public IEnumerable<VirtualHost> VirtualHosts => _hostsById.Values;

    /// <summary>The highest id that a virtual host has had. Under <see cref="CatalogLock"/>.</summary>
    internal uint LastVirtualHostId => _lastHostId;

    public VirtualHost? FindVirtualHost(string name) => _hosts.GetValueOrDefault(name);

    /// <summary>Adds a virtual host, durably, or finds it.</summary>
    /// <exception cref="ArgumentException">It can't have that name: the message says why.</exception>
    /// <exception cref="BrokerLimitException">There are as many as there may be.</exception>
    /// <exception cref="StorageFullException">The journal has no room to record it, or is read-only.</exception>
    public VirtualHost AddVirtualHost(string name)
    {
        lock (CatalogLock)
        {
            if (_hosts.TryGetValue(name, out var known)) return known;
            if (UserStore.CheckName(name, "vhost name") is { } fault) throw new ArgumentException(fault);
            if (_hosts.Count >= Options.VirtualHostsMax)
            {
                throw new BrokerLimitException(
                    $"cannot create vhost '{name}': vhost limit of {Options.VirtualHostsMax} is reached");
            }

            var id = _lastHostId + 1;
            if (!TryJournalCatalog(id, new VirtualHostAdded(id, name)))
                throw new StorageFullException($"There is no room to record the virtual host '{name}'.");
            var host = RestoreVirtualHost(id, name);
            Events.VirtualHostAdded(name);
            return host;
        }
    }

    /// <summary>
    /// Deletes a virtual host with all that is in it and all permissions on it, by one record. Its connections are
    /// closed. What is under way to it arrives nowhere; one of the same name that is made later is another.
    /// </summary>
    public VirtualHostDeletion DeleteVirtualHost(string name)
    {
        VirtualHost? host;
        IReadOnlyList<CatalogQueue> queues;
        lock (CatalogLock)
        {
            if (!_hosts.TryGetValue(name, out host)) return VirtualHostDeletion.NotFound;
            if (host.Settings.IsProtected) return VirtualHostDeletion.Protected;
            if (!TryRecordDeletion(host)) return VirtualHostDeletion.NotRecorded;
            queues = host.End();
            Events.VirtualHostRemoved(name);
        }

        LogVirtualHostDeleted(name, queues.Count);

        // Before its queues go, so that no client is told that only a queue of it has gone.
        foreach (var connection in _connections.Values)
        {
            if (connection.Host == host) connection.RequestClose(host.DeletedText);
        }

        VirtualHostDeleted?.Invoke(host);
        var flushes = FlushSet.ForThisThread;
        foreach (var queue in queues) host.Forget((BrokerQueue)queue, isRecorded: true, flushes);
        flushes.FlushAll();
        Timers.ForgetDeleted();
        lock (_pinsLock) _pins = null;
        Users.VirtualHostForgotten();
        return VirtualHostDeletion.Deleted;
    }

    internal VirtualHost? FindVirtualHost(uint id) => _hostsById.GetValueOrDefault(id);

    /// <summary>Finds the notes of a virtual host, or those of the broker.</summary>
    internal VirtualHostNotes? FindNotes(uint id) => id == BrokerNotesId ? Notes : FindVirtualHost(id)?.Notes;

    /// <summary>
    /// Makes a virtual host that is recorded. While recovering there may be one of that name with another id already:
    /// the state is ahead of this fact then, and a later one says that the virtual host of this fact is deleted.
    /// </summary>
    internal VirtualHost RestoreVirtualHost(uint id, string name)
    {
        MarkVirtualHostIdsUsed(id);
        if (_hosts.TryGetValue(name, out var known)) return known;
        return _hosts[name] = _hostsById[id] = new VirtualHost(this, id, name);
    }

    internal void MarkVirtualHostIdsUsed(uint id) => _lastHostId = Math.Max(_lastHostId, id);

    /// <summary>While recovering: it was deleted.</summary>
    internal void ForgetVirtualHost(uint id)
    {
        if (!_hostsById.TryRemove(id, out var host)) return;
        _hosts.TryRemove(host.Name, out _);
        foreach (var queue in host.End()) Unregister((BrokerQueue)queue);
    }

    /// <summary>
    /// Journals a change of the catalog. Under <see cref="CatalogLock"/>, so that the journal's order is the order of
    /// effect.
    /// </summary>
    /// <returns>False when it can't be recorded: then it must not be left in effect.</returns>
    internal bool TryJournalCatalog(uint hostId, CatalogChange change)
    {
        if (!Pipeline.HasJournal) return true;
        return Pipeline.AppendFact(
            RecordType.Catalog, EncodeCatalog(hostId, change), _catalogRecord,
            static (target, from) => from.WrittenSpan.CopyTo(target)) != 0;
    }

    /// <summary>
    /// Makes a virtual host that the options name, unless it was deleted: a restart does not bring it back.
    /// </summary>
    private void AddConfiguredVirtualHost(string name)
    {
        if (FindVirtualHost(name) is null && !Notes.TryGet(DeletedKey(name), out _)) AddVirtualHost(name);
    }

    private bool TryRecordDeletion(VirtualHost host)
    {
        var notes = new NoteChanges(Notes, BrokerNotesId);
        var isRefused = Options.VirtualHosts.Contains(host.Name)
            && notes.Set(DeletedKey(host.Name), []) != NoteRefusal.None;
        var isRecorded = !isRefused && Users.TryForgetVirtualHost(host.Name, notes, () =>
        {
            if (!TryJournalRemoval(host.Id, notes)) return false;

            // Before the permissions go, so that whoever loses one is told why; and before anybody can give some again:
            // they are for virtual hosts that are there.
            host.IsDeleted = true;
            _hosts.TryRemove(host.Name, out _);
            _hostsById.TryRemove(host.Id, out _);
            return true;
        });
        notes.Clear();
        return isRecorded;
    }

    /// <summary>Records that a virtual host is gone, and changes of the broker's notes, which then hold.</summary>
    private bool TryJournalRemoval(uint hostId, NoteChanges notes)
    {
        using var order = notes.EnterScope();
        if (Pipeline.HasJournal)
        {
            var bytes = CompoundRecord.PartHeaderBytes + EncodeCatalog(hostId, new VirtualHostRemoved(hostId))
                + notes.RecordBytes;
            var position = Pipeline.AppendFact(
                RecordType.Compound, bytes, (Change: _catalogRecord, Notes: notes), static (target, fact) =>
                {
                    var change = fact.Change.WrittenSpan;
                    target = CompoundRecord.BeginPart(target, RecordType.Catalog, change.Length);
                    change.CopyTo(target);
                    fact.Notes.WriteParts(target[change.Length..]);
                });
            if (position == 0) return false;
        }

        notes.TakeEffect();
        return true;
    }

    private int EncodeCatalog(uint hostId, CatalogChange change)
    {
        var writer = _catalogRecord;
        writer.ResetWrittenCount();
        BinaryPrimitives.WriteUInt32LittleEndian(writer.GetSpan(sizeof(uint)), hostId);
        writer.Advance(sizeof(uint));
        CatalogCodec.Write(change, writer);
        return writer.WrittenCount;
    }

    /// <summary>
    /// A note of the broker, without a value: a virtual host that the options name was deleted.
    /// <code>
    ///   key  "vhost-deleted" | 0 | name
    /// </code>
    /// </summary>
    private static byte[] DeletedKey(string name) => [.. "vhost-deleted\0"u8, .. Encoding.UTF8.GetBytes(name)];

    [LoggerMessage(EventId = 2005, Level = LogLevel.Information,
        Message = "Virtual host '{Name}' is deleted, with {Queues} queues; its connections are closed")]
    private partial void LogVirtualHostDeleted(string name, int queues);
}
