using System.Text;
using Posthaste.Core.Notes;
using Posthaste.Primitives;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Notes;

/// <summary>
/// The power goes at each write of the device in turn, while notes are set and removed, alone and together with
/// messages. What is found then is the state after some number of the changes: at least those that were reported
/// durable, at most those that were made, and each of them whole.
/// </summary>
public sealed class NoteCrashTests
{
    private const int ChangesMax = 60;

    [Fact]
    public void At_every_write_notes_and_messages_are_those_of_one_moment()
    {
        var crashes = 0;
        for (var at = 1; ; at++)
        {
            if (!RunOnce((ulong)at, powerOffAt: at, bodyBytes: 10)) break;
            crashes++;
        }

        Assert.True(crashes > 50, $"{crashes} crashes");
    }

    [Fact]
    public void The_same_while_files_and_snapshots_come_and_go()
    {
        for (var at = 5; RunOnce((ulong)at, powerOffAt: at, bodyBytes: 100_000); at += 11) continue;
    }

    /// <returns>False when the work was done before the power went.</returns>
    private static bool RunOnce(ulong seed, int powerOffAt, int bodyBytes)
    {
        var host = new BrokerHost(new FaultyDevice(seed)).Open();
        host.Declare("q");
        host.Idle();
        host.Faulty.PowerOffAtChange = host.Faulty.ChangeCount + powerOffAt;
        var work = new Work(host, new SeededRandom(seed), bodyBytes);
        bool WentOff() => host.Faulty.ChangeCount >= host.Faulty.PowerOffAtChange;
        while (work.Moments.Count <= ChangesMax && !WentOff()) work.Change();
        var wentOff = WentOff();
        var durable = work.DurableCount;
        host.CrashAndOpen();

        var found = Describe(host, host.DrainBodies("q"));
        var possible = work.Moments.Skip(durable).ToList();
        Assert.True(possible.Contains(found), $"at {powerOffAt}: {found} is none of\n{string.Join('\n', possible)}");
        host.Close();
        return wentOff;
    }

    private static string Describe(BrokerHost host, IEnumerable<string> messages)
    {
        var notes = host.Host.Notes.WithPrefix([])
            .Select(note => $"{Encoding.UTF8.GetString(note.Key)}={Encoding.UTF8.GetString(note.Value)}");
        return $"{string.Join(' ', notes)} | {string.Join(' ', messages.Select(body => body.TrimEnd('.')))}";
    }

    /// <summary>Changes one after the other, and how things stand after each.</summary>
    private sealed class Work(BrokerHost host, SeededRandom random, int bodyBytes)
    {
        private readonly SortedDictionary<string, string> _notes = new(StringComparer.Ordinal);
        private readonly List<string> _messages = [];
        private readonly List<RecordingCallback> _replies = [];
        private readonly Publisher _publisher = new(host);

        /// <summary>The first is the one before all changes.</summary>
        public List<string> Moments { get; } = [" | "];

        public int DurableCount => _replies.Count(reply => reply.Durable == true);

        public void Change()
        {
            var key = $"s{random.Below(2)}/{random.Below(4)}";
            var reply = new RecordingCallback();
            switch (random.Below(5))
            {
                case 0:
                    Alone(host.Host.Notes.Remove(Encoding.UTF8.GetBytes(key)), reply);
                    _notes.Remove(key);
                    break;
                case 1 when random.Below(4) == 0:
                    Alone(host.Host.Notes.RemoveAll("s0/"u8), reply);
                    for (var i = 0; i < 4; i++) _notes.Remove($"s0/{i}");
                    break;
                case 2:
                    Together(key, reply);
                    break;
                default:
                    var value = $"{Moments.Count}";
                    Alone(host.Host.Notes.Set(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value)), reply);
                    _notes[key] = value;
                    break;
            }

            _replies.Add(reply);
            Moments.Add(
                $"{string.Join(' ', _notes.Select(n => $"{n.Key}={n.Value}"))} | {string.Join(' ', _messages)}");
            if (random.Below(2) == 0) host.Idle();
        }

        private void Alone(NoteRefusal refusal, RecordingCallback reply)
        {
            Assert.True(refusal == NoteRefusal.None || host.Broker.Pipeline.IsFailed);
            host.Broker.Pipeline.Post(reply);
        }

        private void Together(string key, RecordingCallback reply)
        {
            var text = $"m{Moments.Count}";
            var transaction = host.Host.BeginTransaction();
            _publisher.AddTo(transaction, "q", Encoding.UTF8.GetBytes(text.PadRight(bodyBytes, '.')));
            transaction.SetNote(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(text));
            transaction.RemoveNote("s1/0"u8);
            transaction.Commit(reply, FlushSet.ForThisThread);
            _messages.Add(text);
            _notes[key] = text;
            _notes.Remove("s1/0");
        }
    }
}
