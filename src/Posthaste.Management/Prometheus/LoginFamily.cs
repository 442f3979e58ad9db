using Posthaste.Broker.Statistics;

namespace Posthaste.Management.Prometheus;

/// <summary>Attempts to log in, by protocol; `http` is the management API.</summary>
internal sealed class LoginFamily() : MetricFamily("auth_attempt_metrics")
{
    private static readonly BrokerMetric[] Metrics =
    [
        Of("auth_attempts_total", "Attempts to log in", null, static counts => counts.Succeeded + counts.Failed),
        Of("auth_attempts_succeeded_total", "Logins", "accepted", static counts => counts.Succeeded),
        Of("auth_attempts_failed_total", "Attempts that were refused", "refused", static counts => counts.Failed),
    ];

    public override IEnumerable<BrokerMetric> Whole => Metrics;

    private static BrokerMetric Of(string name, string help, string? outcome, Func<LoginCounts, long> value) => new(
        name, help,
        outcome is null ? null : new("posthaste.login", "{login}") { Tag = new("posthaste.outcome", outcome) },
        scrape => scrape.Broker.Statistics.Logins.Select(pair => new Reading(value(pair.Value), pair.Key)));
}
