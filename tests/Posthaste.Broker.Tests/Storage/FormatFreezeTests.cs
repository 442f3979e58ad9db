using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Access;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Hosting;
using Posthaste.Storage.Devices;

namespace Posthaste.Broker.Tests.Storage;

/// <summary>
/// Directories that brokers of earlier versions have written, checked in, keep opening with what was in them. To add
/// one, give it a name, a method that fills it and one that checks it, and run the tests with POSTHASTE_WRITE_SAMPLE
/// set to the folder FormatFreeze of these sources.
/// </summary>
public sealed class FormatFreezeTests
{
    private const string VirtualHosts = "v1-virtual-hosts";

    [Fact]
    public void Virtual_hosts_that_came_and_went()
    {
        if (Environment.GetEnvironmentVariable("POSTHASTE_WRITE_SAMPLE") is { Length: > 0 } target)
        {
            WriteVirtualHosts(Path.Combine(target, VirtualHosts));
            return;
        }

        var copy = Directory.CreateTempSubdirectory("posthaste-");
        CopyAll(Path.Combine(AppContext.BaseDirectory, "FormatFreeze", VirtualHosts), copy.FullName);
        var host = Open(copy.FullName);
        Assert.Equal(["again", "kept"], host.Broker.VirtualHosts.Select(static found => found.Name).Order());
        var again = host.Broker.FindVirtualHost("again")!;
        Assert.Equal((5u, 0, 0), (again.Id, again.Catalog.QueueCount, again.Notes.Count));
        Assert.False(host.Broker.Users.RulesFor("ann", "again").MayEnter);
        var kept = host.Broker.FindVirtualHost("kept")!;
        Assert.True(host.Broker.Users.RulesFor("ann", "kept").MayEnter);
        Assert.True(kept.TryGetQueue("q"u8, out var queue));
        Assert.Equal(2, queue.MessageCount);
        Assert.Equal(("for keeps", true), (kept.Settings.Description, kept.Settings.IsProtected));
        Assert.Equal(6u, host.Broker.AddVirtualHost("new").Id);
        host.Close();
        copy.Delete(recursive: true);
    }

    /// <summary>Five of them, of which the first, the third and the fourth have gone.</summary>
    private static void WriteVirtualHosts(string directory)
    {
        Directory.CreateDirectory(directory);
        var host = Open(directory);
        var broker = host.Broker;
        Assert.Null(broker.Users.Put(new User("ann")));
        foreach (var name in (string[])["kept", "again", "gone"])
        {
            var made = broker.AddVirtualHost(name);
            Assert.Null(broker.Users.SetPermission("ann", name, Permission.Full));
            Assert.Null(broker.Users.SetTopicPermission("ann", name, "amq.topic", new TopicPermission("", "")));
            var by = broker.ActAs(new BrokerUser("sim"), made, NoTransport.Create(), AccessRules.Unchecked);
            made.DeclareQueue("q", passive: false, durable: true, exclusive: false, autoDelete: false, [], by);
            new Publisher(broker, made).Publish("q", "one");
            new Publisher(broker, made).Publish("q", "two");
            new Publisher(broker, made).Retain("last", "one");
        }

        broker.FindVirtualHost("kept")!.ChangeSettings(
            static settings => settings with { Description = "for keeps", IsProtected = true });
        foreach (var name in (string[])["again", "gone", "/"])
            Assert.Equal(VirtualHostDeletion.Deleted, broker.DeleteVirtualHost(name));
        broker.AddVirtualHost("again");
        host.Idle();
        host.Close();
        foreach (var spare in Directory.GetFiles(directory, "spare-*", SearchOption.AllDirectories)) File.Delete(spare);
        File.Delete(Path.Combine(directory, "lock"));
    }

    private static BrokerHost Open(string directory)
    {
        var host = new BrokerHost(new FileDevice(directory)) { Options = { Authenticator = null } };
        host.OpenBroker();
        return host;
    }

    private static void CopyAll(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
