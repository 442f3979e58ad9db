using Microsoft.Extensions.Logging.Abstractions;
using Posthaste.Broker;
using Posthaste.Broker.Protocols;
using Posthaste.Broker.Publishing;
using Posthaste.Broker.Scheduling;
using Posthaste.Broker.Security;
using Posthaste.Core.Messages;
using Posthaste.Primitives.Tables;
using Posthaste.Storage.Devices;

namespace Posthaste.Fuzz.Recovery;

/// <summary>
/// The beginning of a journal file, damaged: a broker that opens the directory has to refuse it with an
/// <see cref="IOException"/>, or to open with what can be read, and then every queue can be emptied.
/// </summary>
public sealed class RecoveryTarget : IFuzzTarget
{
    private const string JournalFile = "journal/0000000000000001.jnl";
    private const int MessageCount = 12;

    private readonly Dictionary<string, byte[]> _sample = MakeSample();

    public RecoveryTarget() => Corpus = [_sample[JournalFile][..Mutator.InputBytesMax]];

    public string Name => "recovery";

    public IReadOnlyList<byte[]> Corpus { get; }

    public void Run(ReadOnlySpan<byte> input)
    {
        using var device = new MemoryDevice();
        foreach (var (name, bytes) in _sample)
        {
            using var file = device.Create(name, bytes.Length);
            file.Write(0, name == JournalFile ? input : bytes);
        }

        device.SyncDirectory("");
        try
        {
            var broker = Open(device);
            var isUndamaged = input.SequenceEqual(Corpus[0]);
            FuzzFindingException.Require(
                !isUndamaged || broker.Queues.Sum(queue => queue.MessageCount) == 2 * MessageCount,
                "an undamaged journal brings every message back");
            var host = broker.FindVirtualHost(MessageBroker.DefaultVirtualHost);
            FuzzFindingException.Require(
                !isUndamaged || host is { Notes.Count: 1, Retained.Count: 1 },
                "an undamaged journal brings every note and retained message back");
            Empty(broker);
            Close(broker);
        }
        catch (IOException)
        {
            // Refused, with a reason: that is an answer.
        }
    }

    private static MessageBroker Open(IStorageDevice device) => MessageBroker.Open(
        new MessageBrokerOptions
        {
            JournalFileBytes = 1 << 20,
            JournalBytesMax = 4 << 20,
            FillRandom = static bytes => bytes.Fill(7),
            Authenticator = new LoopbackGuestAuthenticator(),
        },
        NullLoggerFactory.Instance, device, new NoScheduler());

    private static void Empty(MessageBroker broker)
    {
        var flushes = new FlushSet();
        foreach (var queue in broker.Queues)
        {
            queue.Purge(flushes);
            while (broker.Step())
            {
            }

            FuzzFindingException.Require(queue.MessageCount == 0, "a recovered queue can be emptied");
        }
    }

    // With a scheduler nothing of this waits for another thread.
    private static void Close(MessageBroker broker)
    {
        var closing = broker.DisposeAsync().AsTask();
        FuzzFindingException.Require(closing.IsCompletedSuccessfully, "closing waits for nothing");
    }

    private static Dictionary<string, byte[]> MakeSample()
    {
        using var device = new MemoryDevice();
        var broker = Open(device);
        Fill(broker);
        while (broker.Step())
        {
        }

        Close(broker);
        var files = new Dictionary<string, byte[]>();
        foreach (var folder in new[] { "", "journal" })
        {
            foreach (var info in device.List(folder))
            {
                if (folder.Length > 0 && info.Name != JournalFile) continue;
                using var file = device.Open(info.Name, writable: false);
                var bytes = new byte[info.LengthBytes];
                file.Read(0, bytes);
                files.Add(info.Name, bytes);
            }
        }

        return files;
    }

    private static unsafe void Fill(MessageBroker broker)
    {
        var host = broker.FindVirtualHost(MessageBroker.DefaultVirtualHost)!;
        var transport = new ProtocolConnection(null!, null, null, static _ => { });
        using var connection = broker.OpenConnection(transport, "fuzz", new BrokerUser("guest"), host);
        host.DeclareQueue("a", false, true, false, false, FieldTable.Empty, connection);
        host.DeclareQueue("b", false, true, false, false, FieldTable.Empty, connection);
        host.DeclareExchange("x", "fanout", false, true, false, false, FieldTable.Empty);
        host.BindQueue("a", "x", "", FieldTable.Empty, connection);
        host.BindQueue("b", "x", "", FieldTable.Empty, connection);
        host.CreateRouteCache().Resolve("x"u8, default, out var route);
        var batch = new PublishBatch(broker);
        var flushes = new FlushSet();
        host.Notes.Set("session"u8, "expires later"u8);
        host.Notes.Set("session/7"u8, default);
        host.Notes.RemoveAll("session/"u8);
        broker.Step();
        var body = GC.AllocateArray<byte>(64, pinned: true);
        fixed (byte* start = body)
        {
            for (var i = 0; i < MessageCount; i++)
            {
                batch.Add() = new OutgoingPublish
                {
                    Route = route,
                    TtlMs = -1,
                    Flags = MessageFlags.Persistent,
                    Body = start,
                    BodyLength = body.Length,
                };
                batch.Flush(flushes);
                broker.Step();
            }

            var last = new OutgoingPublish { Route = route, TtlMs = -1, Body = start, BodyLength = body.Length };
            host.Retained.Prepare(ref last);
            batch.Add() = last;
            batch.Flush(flushes);
            broker.Step();
        }
    }

    private sealed class NoScheduler : IWorkScheduler
    {
        public void Schedule(IThreadPoolWorkItem item) => item.Execute();
    }
}
