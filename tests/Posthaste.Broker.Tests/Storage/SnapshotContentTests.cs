using System.Buffers;
using System.Buffers.Binary;
using Posthaste.Broker.Storage;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Storage;

public sealed class SnapshotContentTests
{
    /// <summary>An empty state could not be read, so the directory not be opened.</summary>
    [Fact]
    public void AQueueThatIsDeletedWhileASnapshotIsWrittenHasNoState()
    {
        var host = new BrokerHost(new FaultyDevice(1)).Open();
        foreach (var name in (string[])["a", "b", "c"]) host.Declare(name);
        host.Idle();
        var states = 0;
        var writer = new HookedWriter(record =>
        {
            if ((RecordType)record[4] != RecordType.QueueState) return;
            Assert.True(BinaryPrimitives.ReadInt32LittleEndian(record) > 1 + sizeof(ulong), "an empty state");
            if (states++ > 0) return;

            // All but the one just written.
            var written = BinaryPrimitives.ReadUInt64LittleEndian(record[5..]);
            foreach (var queue in host.Broker.Queues.Where(queue => queue.Id != written))
                host.Host.DeleteQueue(queue.Name, false, false, host.Connection, out _);
        });

        SnapshotContent.Write(host.Broker, writer);

        Assert.Equal(1, states);
    }

    /// <summary>Shows each record as soon as it is written.</summary>
    private sealed class HookedWriter(HookedWriter.Hook onRecord) : IBufferWriter<byte>
    {
        private readonly ArrayBufferWriter<byte> _inner = new();

        public delegate void Hook(ReadOnlySpan<byte> record);

        public void Advance(int count)
        {
            _inner.Advance(count);
            onRecord(_inner.WrittenSpan[^count..]);
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => _inner.GetMemory(sizeHint);

        public Span<byte> GetSpan(int sizeHint = 0) => _inner.GetSpan(sizeHint);
    }
}
