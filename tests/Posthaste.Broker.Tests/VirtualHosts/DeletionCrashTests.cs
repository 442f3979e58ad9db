using System.Text;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Access;
using Posthaste.Core.Notes;
using Posthaste.Core.Retained;
using Posthaste.Primitives;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.VirtualHosts;

/// <summary>
/// The power goes at each write of the device in turn, while a virtual host comes, is filled, and goes. What is found
/// then is the state after some number of these changes: at least those that were reported durable, at most those that
/// were made. So it is never found in part, and what was in an earlier one of its name is never found in a later one.
/// </summary>
public sealed class DeletionCrashTests
{
    private const string Name = "doomed";
    private const int ChangesMax = 100;

    [Fact]
    public void What_is_found_is_the_state_of_one_moment()
    {
        var crashes = 0;
        for (var at = 1; RunOnce((ulong)at, at, bodyBytes: 10); at++) crashes++;
        Assert.True(crashes > 50, $"{crashes} crashes");
    }

    [Fact]
    public void The_same_while_files_and_snapshots_come_and_go()
    {
        for (var at = 5; RunOnce((ulong)at, at, bodyBytes: 100_000); at += 11) continue;
    }

    /// <returns>False when the work was done before the power went.</returns>
    private static bool RunOnce(ulong seed, int powerOffAt, int bodyBytes)
    {
        var host = new BrokerHost(new FaultyDevice(seed)) { Options = { Authenticator = null } };
        host.Open();
        Assert.Null(host.Broker.Users.Put(new User("ann")));
        host.Idle();
        host.Faulty.PowerOffAtChange = host.Faulty.ChangeCount + powerOffAt;
        var work = new Work(host, new SeededRandom(seed), bodyBytes);
        bool WentOff() => host.Faulty.ChangeCount >= host.Faulty.PowerOffAtChange;
        while (work.Moments.Count <= ChangesMax && !WentOff()) work.Change();
        var wentOff = WentOff();
        var durable = work.DurableCount;
        host.CrashAndOpen();

        var found = Find(host);
        var possible = work.Moments.Skip(durable).ToList();
        Assert.True(possible.Contains(found), $"at {powerOffAt}: {found} is none of\n{string.Join('\n', possible)}");

        // Nothing of an earlier one waits anywhere to be found by a later one.
        host.Broker.DeleteVirtualHost(Name);
        host.Idle();
        Assert.Empty(host.Device!.List("segments"));
        host.Broker.AddVirtualHost(Name);
        Assert.Equal(Describe([], null, null, null, mayEnter: false), Find(host));
        host.Close();
        return wentOff;
    }

    private static string Find(BrokerHost host)
    {
        if (host.Broker.FindVirtualHost(Name) is not { } found) return "";
        var bodies = new List<string>();
        if (found.TryGetQueue("q"u8, out var queue))
        {
            var subscription = new RecordingSubscription();
            queue.Consume(subscription, FlushSet.ForThisThread);
            do host.Idle();
            while (subscription.Settle(queue) > 0);
            bodies = [.. subscription.Bodies.Select(static body => body.TrimEnd('.'))];
            queue.Cancel(subscription, FlushSet.ForThisThread);
        }

        return Describe(
            bodies, queue is null ? null : "q",
            found.Notes.TryGet("n"u8, out var note) ? Encoding.UTF8.GetString(note.Value) : null,
            found.Retained.TryGet("r"u8, out var last) ? Encoding.UTF8.GetString(last.Message.Body) : null,
            host.Broker.Users.RulesFor("ann", Name).MayEnter);
    }

    private static string Describe(
        IEnumerable<string> bodies, string? queue, string? note, string? retained, bool mayEnter) =>
        $"{queue}[{string.Join(' ', bodies)}] {note} {retained} {(mayEnter ? "ann" : "")}";

    /// <summary>Changes one after the other, and how things stand after each.</summary>
    private sealed class Work(BrokerHost host, SeededRandom random, int bodyBytes)
    {
        private readonly List<RecordingCallback> _replies = [];
        private readonly List<string> _bodies = [];
        private VirtualHost? _host;
        private Publisher? _publisher;
        private string? _queue;
        private string? _note;
        private string? _retained;
        private bool _mayEnter;

        /// <summary>The first is the one before all changes.</summary>
        public List<string> Moments { get; } = [""];

        public int DurableCount => _replies.Count(reply => reply.Durable == true);

        public void Change()
        {
            if (_host is null) Add();
            else if (_queue is null) Declare();
            else ChangeContent($"{Moments.Count}");
            var reply = new RecordingCallback();
            host.Broker.Pipeline.Post(reply);
            _replies.Add(reply);
            Moments.Add(_host is null ? "" : Describe(_bodies, _queue, _note, _retained, _mayEnter));
            if (random.Below(2) == 0) host.Idle();
        }

        private void ChangeContent(string value)
        {
            switch (random.Below(8))
            {
                case 0:
                    Delete();
                    break;
                case 1:
                    Done(_host!.Notes.Set("n"u8, Encoding.UTF8.GetBytes(value)) == NoteRefusal.None);
                    _note = value;
                    break;
                case 2:
                    Done(_publisher!.Retain("r", value) == RetainRefusal.None);
                    _retained = value;
                    break;
                case 3:
                    _mayEnter = !_mayEnter;
                    Done(host.Broker.Users.SetPermission("ann", Name, _mayEnter ? Permission.Full : null) is null);
                    break;
                default:
                    _publisher!.Publish("q", value.PadRight(bodyBytes, '.'));
                    _bodies.Add(value);
                    break;
            }
        }

        private void Add()
        {
            try
            {
                _host = host.Broker.AddVirtualHost(Name);
            }
            catch (StorageFullException) when (host.Broker.Pipeline.IsFailed)
            {
                return;
            }

            _publisher = new Publisher(host.Broker, _host);
        }

        private void Declare()
        {
            var by = host.Broker.ActAs(new BrokerUser("sim"), _host!, NoTransport.Create(), AccessRules.Unchecked);
            var result = _host!.DeclareQueue(
                "q", passive: false, durable: true, exclusive: false, autoDelete: false, [], by);
            Done(result.Error is null);
            if (result.Error is null) _queue = "q";
        }

        private void Delete()
        {
            var outcome = host.Broker.DeleteVirtualHost(Name);
            Done(outcome == VirtualHostDeletion.Deleted);
            if (outcome != VirtualHostDeletion.Deleted) return;
            (_host, _publisher, _queue, _note, _retained, _mayEnter) = (null, null, null, null, null, false);
            _bodies.Clear();
        }

        private void Done(bool isDone) => Assert.True(isDone || host.Broker.Pipeline.IsFailed);
    }
}
