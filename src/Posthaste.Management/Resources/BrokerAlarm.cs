using System.Globalization;
using System.Text.Json.Nodes;
using Posthaste.Broker;
using Posthaste.Broker.Flow;

namespace Posthaste.Management.Resources;

/// <summary>Something about the broker that needs somebody: what it is, what it does, and what helps.</summary>
/// <param name="Name">What it is about: stays the same, also when the words change.</param>
/// <param name="IsWarning">Nothing is held up yet.</param>
/// <param name="Title">In a few words.</param>
/// <param name="Cause">Why.</param>
/// <param name="Effect">What it means for clients.</param>
/// <param name="Advice">What to do, and how it ends.</param>
internal sealed record BrokerAlarm(
    string Name, bool IsWarning, string Title, string Cause, string Effect, string Advice)
{
    /// <summary>Days before its end from which on a certificate is spoken of: time to get another one.</summary>
    private const int CertificateDaysLeft = 30;

    /// <summary>Of so many connections, in a hundred that may be, is spoken.</summary>
    private const int ConnectionPercent = 90;

    private static readonly (ResourceAlarm Resource, BrokerAlarm Alarm)[] Resources =
    [
        (ResourceAlarm.Journal, new(
            "journal", IsWarning: false, "The journal has failed", "a write to the journal has failed",
            "nothing more can be stored: publishers and declarations are refused; consumers still get what is there",
            "check the disk and the log, then restart the broker; nothing that was confirmed is lost")),
        (ResourceAlarm.Disk, new(
            "disk", IsWarning: false, "Low on disk",
            "the disk of the data directory has less room than it should keep",
            "publishers are held back; consumers and acknowledgements go on, since they free space",
            "free room on it or consume the longest queues; DiskFreeBytesMin says how much it should keep. The alarm "
            + "ends by itself")),
        (ResourceAlarm.Memory, new(
            "memory", IsWarning: false, "Low on memory", "transient messages fill the memory that they may use",
            "publishers are held back; consumers and acknowledgements go on",
            "consume or purge the longest queues, publish persistent messages to durable queues, whose backlog is on "
            + "disk, or raise TransientBytesMax. The alarm ends by itself")),
    ];

    /// <summary>The resources that are short now.</summary>
    public static IEnumerable<BrokerAlarm> OfResources(MessageBroker broker)
    {
        var active = broker.Alarms.Active;
        return Resources.Where(known => active.HasFlag(known.Resource)).Select(static known => known.Alarm);
    }

    /// <summary>All that is wrong now, what holds clients up first.</summary>
    public static IEnumerable<BrokerAlarm> All(MessageBroker broker, IReadOnlyList<ListenerRow> listeners) =>
        OfResources(broker).Concat(OfCertificates(broker, listeners)).Concat(OfConnections(broker))
            .Concat(OfData(broker)).OrderBy(static alarm => alarm.IsWarning);

    public JsonObject Describe() => new()
    {
        ["name"] = Name,
        ["severity"] = IsWarning ? "warning" : "alarm",
        ["title"] = Title,
        ["cause"] = Cause,
        ["effect"] = Effect,
        ["advice"] = Advice,
    };

    private static IEnumerable<BrokerAlarm> OfCertificates(MessageBroker broker, IReadOnlyList<ListenerRow> listeners)
    {
        var now = DateTimeOffset.FromUnixTimeMilliseconds(broker.NowMs);
        var ends = listeners.Where(static listener => listener.CertificateEnd is not null)
            .GroupBy(static listener => listener.CertificateEnd!())
            .Where(group => group.Key < now.AddDays(CertificateDaysLeft)).OrderBy(static group => group.Key);
        foreach (var group in ends)
        {
            var end = group.Key.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
            var names = string.Join(", ", group.Select(static listener => listener.Protocol).Distinct());
            yield return group.Key <= now
                ? new BrokerAlarm(
                    $"certificate {names}", IsWarning: false, "A certificate has ended",
                    $"the certificate of {names} was valid until {end}",
                    "clients that check it do not connect any more; who is connected stays",
                    "replace its files: the broker takes up new ones within seconds, without a restart")
                : new BrokerAlarm(
                    $"certificate {names}", IsWarning: true, "A certificate ends soon",
                    $"the certificate of {names} is valid until {end}",
                    "clients that check it will not connect from then on",
                    "replace its files before that: the broker takes up new ones within seconds, without a restart");
        }

        if (listeners.Select(static listener => listener.CertificateFault?.Invoke())
            .FirstOrDefault(static fault => fault is not null) is { } broken)
        {
            yield return new BrokerAlarm(
                "certificate files", IsWarning: true, "New certificate files are not used", broken,
                "the certificate that was there before is still shown to clients, and a restart would fail",
                "correct the files: the broker reads them again when they change");
        }
    }

    private static IEnumerable<BrokerAlarm> OfConnections(MessageBroker broker)
    {
        var max = broker.Options.ConnectionsMax;
        if (broker.Connections.Count() * 100L < max * (long)ConnectionPercent) yield break;
        yield return new BrokerAlarm(
            "connections", IsWarning: true, "Nearly as many connections as may be",
            $"more than {ConnectionPercent} % of the connections that may be open, "
            + $"{max.ToString("N0", CultureInfo.InvariantCulture)}, are open",
            "when all are, further clients are refused",
            "look for clients that connect over and over without closing, or raise ConnectionsMax");
    }

    private static IEnumerable<BrokerAlarm> OfData(MessageBroker broker)
    {
        if (broker.Recovery.Damages.Count == 0) yield break;
        yield return new BrokerAlarm(
            "data", IsWarning: true, "Stored data was damaged",
            "when the broker started it could not read all that it had stored; the first: "
            + broker.Recovery.Damages[0],
            "messages or declarations may be missing; all that could be read is there",
            "look at the log for all of it and at the disk; a copy of what could not be read is in the directory "
            + "'quarantine'. The warning ends with the next start");
    }
}
