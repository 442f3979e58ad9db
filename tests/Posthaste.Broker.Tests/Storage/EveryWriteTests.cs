using System.Text;
using Posthaste.Core.Notes;
using Posthaste.Core.Retained;
using Posthaste.Primitives;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Storage;

/// <summary>
/// The power goes at each write of the device in turn, while notes are set and removed and messages retained and
/// cleared, alone and together. What is found then is the state after some number of the changes: at least those that
/// were reported durable, at most those that were made, and each of them whole.
/// </summary>
public sealed class EveryWriteTests
{
    private const int ChangesMax = 120;

    [Fact]
    public void What_is_found_is_the_state_of_one_moment()
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
        var retained = new List<RetainedMessage>();
        var cursor = RetainedCursor.All();
        while (host.Host.Retained.Read(cursor, retained, matchesMax: 100)) continue;
        var lasts = retained
            .Select(last => $"{Encoding.UTF8.GetString(last.Key)}={Encoding.UTF8.GetString(last.Message.Body)}");
        return Describe(notes, messages.Select(body => body.TrimEnd('.')), lasts);
    }

    private static string Describe(
        IEnumerable<string> notes, IEnumerable<string> messages, IEnumerable<string> retained) =>
        $"{string.Join(' ', notes)} | {string.Join(' ', messages)} | {string.Join(' ', retained)}";

    /// <summary>Changes one after the other, and how things stand after each.</summary>
    private sealed class Work(BrokerHost host, SeededRandom random, int bodyBytes)
    {
        private readonly SortedDictionary<string, string> _notes = new(StringComparer.Ordinal);
        private readonly SortedDictionary<string, string> _retained = new(StringComparer.Ordinal);
        private readonly List<string> _messages = [];
        private readonly List<RecordingCallback> _replies = [];
        private readonly Publisher _publisher = new(host);

        /// <summary>The first is the one before all changes.</summary>
        public List<string> Moments { get; } = [" |  | "];

        public int DurableCount => _replies.Count(reply => reply.Durable == true);

        public void Change()
        {
            var key = $"s{random.Below(2)}/{random.Below(4)}";
            var reply = new RecordingCallback();
            switch (random.Below(7))
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
                case 3 or 4:
                    Retain(key.Replace('/', '.'), random.Below(3) == 0 ? "" : $"{Moments.Count}");
                    host.Broker.Pipeline.Post(reply);
                    break;
                default:
                    var value = $"{Moments.Count}";
                    Alone(host.Host.Notes.Set(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value)), reply);
                    _notes[key] = value;
                    break;
            }

            _replies.Add(reply);
            Moments.Add(Describe(
                _notes.Select(note => $"{note.Key}={note.Value}"), _messages,
                _retained.Select(last => $"{last.Key}={last.Value}")));
            if (random.Below(2) == 0) host.Idle();
        }

        private void Alone(NoteRefusal refusal, RecordingCallback reply)
        {
            Assert.True(refusal == NoteRefusal.None || host.Broker.Pipeline.IsFailed);
            host.Broker.Pipeline.Post(reply);
        }

        private void Retain(string key, string body)
        {
            Assert.Equal(RetainRefusal.None, _publisher.Retain(key, body, persistent: random.Below(2) == 0));
            if (body.Length > 0) _retained[key] = body;
            else _retained.Remove(key);
        }

        private void Together(string key, RecordingCallback reply)
        {
            var text = $"m{Moments.Count}";
            var transaction = host.Host.BeginTransaction();
            _publisher.AddTo(transaction, "q", Encoding.UTF8.GetBytes(text.PadRight(bodyBytes, '.')));
            transaction.SetNote(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(text));
            transaction.RemoveNote("s1/0"u8);
            _publisher.RetainIn(transaction, "s0.0", text);
            _retained["s0.0"] = text;
            transaction.Commit(reply);
            _messages.Add(text);
            _notes[key] = text;
            _notes.Remove("s1/0");
        }
    }
}
