using System.Text;
using Posthaste.Broker.Notes;
using Posthaste.Core.Notes;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;
using Posthaste.Testing;

namespace Posthaste.Broker.Tests.Notes;

/// <summary>What protocols remember is there after a crash, and holds together with what it came with.</summary>
public sealed class NoteTests
{
    private readonly BrokerHost _host = new BrokerHost(new FaultyDevice(1)).Open();

    private VirtualHostNotes Notes => _host.Host.Notes;

    [Fact]
    public void Durable_notes_are_there_after_a_crash()
    {
        Set("a", "1");
        Set("b", "2");
        Set("a", "3");
        Set("gone", "4");
        Assert.Equal(NoteRefusal.None, Notes.Remove("gone"u8));
        for (var i = 0; i < 600; i++) Set($"s/{i:D3}", $"{i}");
        Assert.Equal(NoteRefusal.None, Notes.RemoveAll("s/4"u8));
        AwaitDurable();

        _host.CrashAndOpen();

        Assert.Equal("3", Get("a"));
        Assert.Equal("2", Get("b"));
        Assert.Null(Get("gone"));
        Assert.Equal(
            Enumerable.Range(0, 600).Where(i => i / 100 != 4).Select(i => $"{i}"),
            Notes.WithPrefix("s/"u8.ToArray()).Select(note => Encoding.UTF8.GetString(note.Value)));
    }

    [Fact]
    public void Virtual_hosts_have_notes_of_their_own()
    {
        var other = _host.Broker.AddVirtualHost("other");
        Set("k", "here");
        Assert.Equal(NoteRefusal.None, other.Notes.Set("k"u8, "there"u8));
        AwaitDurable();

        _host.CrashAndOpen();

        Assert.Equal("here", Get("k"));
        Assert.True(_host.Broker.FindVirtualHost("other")!.Notes.TryGet("k"u8, out var note));
        Assert.True(note.Value.SequenceEqual("there"u8));
    }

    [Fact]
    public void A_broker_in_memory_has_notes_too()
    {
        var host = new BrokerHost(device: null).Open();
        Assert.Equal(NoteRefusal.None, host.Host.Notes.Set("k"u8, "v"u8));
        var transaction = host.Host.BeginTransaction();
        transaction.SetNote("t"u8, "v"u8);
        transaction.RemoveNote("k"u8);
        transaction.Commit(new RecordingCallback());
        Assert.False(host.Host.Notes.TryGet("k"u8, out _));
        Assert.True(host.Host.Notes.TryGet("t"u8, out _));
        host.Close();
    }

    [Fact]
    public void Notes_outlive_the_journal_that_they_were_written_to()
    {
        _host.Declare("busy");
        Set("old", "kept");
        Set("removed", "late");
        for (var round = 0; round < 10; round++)
        {
            FillJournal(1 << 20);
            Set($"round/{round}", $"{round}");
            if (round == 6) Notes.Remove("removed"u8);
        }

        AwaitDurable();
        Assert.NotEmpty(_host.Device!.List("state"));

        _host.CrashAndOpen();

        Assert.Equal("kept", Get("old"));
        Assert.Null(Get("removed"));
        Assert.Equal(10, Notes.WithPrefix("round/"u8.ToArray()).Count());
    }

    [Fact]
    public void A_large_state_is_written_less_often()
    {
        var value = new byte[Note.ValueBytesMax];
        for (var i = 0; i < 64; i++) Assert.Equal(NoteRefusal.None, Notes.Set([(byte)'k', (byte)i], value));
        _host.Declare("busy");
        _host.Idle();
        var snapshots = new HashSet<string>();
        var writtenBytes = 0L;
        for (var round = 0; round < 24; round++)
        {
            writtenBytes += FillJournal(1 << 20);
            snapshots.UnionWith(_host.Device!.List("state").Select(file => file.Name)
                .Where(name => name.EndsWith(".snap", StringComparison.Ordinal)));
        }

        // Each is 4 MiB: at most as much as the journal in between, rather than one for each file of 1 MiB.
        Assert.InRange(snapshots.Count, 2, 1 + (int)(writtenBytes / (4 << 20)));
    }

    [Fact]
    public void A_transaction_that_is_rolled_back_leaves_no_note_and_holds_no_room()
    {
        var host = new BrokerHost(new FaultyDevice(1)) { Options = { NotesMax = 2 } }.Open();
        var notes = host.Host.Notes;
        var transaction = host.Host.BeginTransaction();
        Assert.Equal(NoteRefusal.None, transaction.SetNote("a"u8, "1"u8));
        Assert.Equal(NoteRefusal.None, transaction.SetNote("b"u8, "1"u8));
        Assert.Equal(NoteRefusal.TooMany, transaction.SetNote("c"u8, "1"u8));
        Assert.Equal(NoteRefusal.TooMany, notes.Set("c"u8, "1"u8));
        transaction.Rollback();
        Assert.Equal(0, notes.Count);
        Assert.Equal(NoteRefusal.None, notes.Set("c"u8, "1"u8));
        Assert.Equal(NoteRefusal.None, notes.Set("d"u8, "1"u8));
    }

    [Fact]
    public void What_can_not_be_recorded_is_not_remembered()
    {
        Set("k", "old");
        _host.Idle();
        _host.Faulty.SyncErrorChance = 1;
        Set("doubtful", "x");
        _host.Idle();
        Assert.True(_host.Broker.Pipeline.IsFailed);

        Assert.Equal(NoteRefusal.NotRecorded, Notes.Set("k"u8, "new"u8));
        Assert.Equal(NoteRefusal.NotRecorded, Notes.Remove("k"u8));
        Assert.Equal(NoteRefusal.NotRecorded, Notes.RemoveAll("k"u8));
        var transaction = _host.Host.BeginTransaction();
        Assert.Equal(NoteRefusal.None, transaction.SetNote("k"u8, "new"u8));
        var reply = new RecordingCallback();
        transaction.Commit(reply);
        _host.Idle();

        Assert.False(reply.Durable);
        Assert.Equal("old", Get("k"));
    }

    [Fact]
    public void A_full_disk_refuses_notes_and_still_forgets_some()
    {
        Set("k", "v");
        _host.Declare("q");
        _host.Idle();
        _host.Faulty.CapacityBytes = 4 << 20;
        var publisher = new Publisher(_host);
        var body = new string('x', 10_000);
        for (var i = 0; publisher.RefusedCount == 0; i++)
        {
            publisher.Publish("q", body);
            _host.Idle();
            Assert.True(i < 2_000, "the disk never fills");
        }

        Assert.Equal(NoteRefusal.NotRecorded, Notes.Set("new"u8, "v"u8));
        Assert.Equal(NoteRefusal.None, Notes.Remove("k"u8));
        AwaitDurable();
        _host.CrashAndOpen();
        Assert.Null(Get("k"));
    }

    [Fact]
    public void Looking_for_a_note_allocates_nothing()
    {
        Set("session/1/packet", "x");
        Assert.Equal(
            0, Allocations.OfHundred(() => Assert.True(Notes.TryGet("session/1/packet"u8, out _))));
    }

    private void Set(string key, string value) =>
        Assert.Equal(NoteRefusal.None, Notes.Set(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value)));

    private string? Get(string key) =>
        Notes.TryGet(Encoding.UTF8.GetBytes(key), out var note) ? Encoding.UTF8.GetString(note.Value) : null;

    private void AwaitDurable()
    {
        var callback = new RecordingCallback();
        _host.Broker.Pipeline.Post(callback);
        _host.Idle();
        Assert.True(callback.Durable);
    }

    private long FillJournal(int bytes)
    {
        var publisher = new Publisher(_host);
        var body = new string('x', 16_000);
        for (var written = 0; written < bytes; written += body.Length)
        {
            publisher.Publish("busy", body);
            if (written % (8 * body.Length) == 0) _host.Idle();
        }

        _host.Drain("busy");
        return bytes;
    }
}
