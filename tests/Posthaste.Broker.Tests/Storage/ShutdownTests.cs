using Microsoft.Extensions.Logging.Abstractions;
using Posthaste.Broker.Security;
using Posthaste.Primitives.Tables;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;

namespace Posthaste.Broker.Tests.Storage;

/// <summary>A broker with its own threads, on real files, that is shut down while it has much to write.</summary>
public sealed class ShutdownTests : IDisposable
{
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("posthaste-shutdown-");

    public void Dispose() => _data.Delete(recursive: true);

    [Fact]
    public async Task WhatIsOnItsWayIsWrittenOverFileEndsAndTheStopIsClean()
    {
        const int MessageCount = 300;
        const int BodyBytes = 100_000;
        await using (var broker = Open())
        {
            var host = broker.FindVirtualHost(MessageBroker.DefaultVirtualHost)!;
            using var connection = broker.OpenConnection(NoTransport.Create(), "test", new BrokerUser("guest"), host);
            var declared = host.DeclareQueue("q", passive: false, durable: true, exclusive: false, autoDelete: false,
                FieldTable.Empty, connection);
            Assert.Null(declared.Error);
            var publisher = new Publisher(broker, host);
            for (var i = 0; i < MessageCount; i++)
                publisher.Add("", "q", new byte[BodyBytes], persistent: true, confirm: false);
            publisher.Flush();
        }

        await using (var broker = Open())
        {
            Assert.True(broker.Recovery.WasClean);
            Assert.Equal(MessageCount, broker.Recovery.MessageCount);
        }
    }

    private MessageBroker Open() => MessageBroker.Open(
        new MessageBrokerOptions
        {
            DataDirectory = _data.FullName,
            JournalFileBytes = 1 << 20,
            JournalBytesMax = 4 << 20,
            DiskFreeBytesMin = 0,
        },
        NullLoggerFactory.Instance);
}
