using Posthaste.Core.Catalog;

namespace Posthaste.Broker.Tests.Stress;

/// <summary>What the stress is on, each with its account.</summary>
internal sealed class StressQueues
{
    /// <summary>A fanout to <see cref="Work"/> and <see cref="Purged"/>.</summary>
    public const string Fan = "fan";

    public StressQueues(StressRun run)
    {
        (Ordered, Work, Dead) = (run.Account("ordered", ordered: true), run.Account("work"), run.Account("dead"));
        (Purged, Volatile, Bounded) = (run.Account("purged"), run.Account("volatile"), run.Account("bounded"));
        (Source, First, Second) = (run.Account("source"), run.Account("first"), run.Account("second"));
        run.Declare(Work.Name,
            [new(QueueArguments.DeadLetterExchange, ""), new(QueueArguments.DeadLetterRoutingKey, Dead.Name)]);
        run.Declare(Bounded.Name,
            [new(QueueArguments.LengthMax, 50), new(QueueArguments.Overflow, "reject-publish")]);
        foreach (var account in new[] { Ordered, Dead, Purged, Source, First, Second }) run.Declare(account.Name);
        run.Host.DeclareExchange(Fan, "fanout", passive: false, durable: true, autoDelete: false, false, []);
        run.Host.BindQueue(Work.Name, Fan, "", [], run.Connection);
        run.Host.BindQueue(Purged.Name, Fan, "", [], run.Connection);
    }

    /// <summary>One consumer, nothing returned: each publisher's messages come in its order.</summary>
    public QueueAccount Ordered { get; }

    /// <summary>Many consumers and gets that come and go, return and reject.</summary>
    public QueueAccount Work { get; }

    /// <summary>What was rejected there.</summary>
    public QueueAccount Dead { get; }

    /// <summary>Purged again and again.</summary>
    public QueueAccount Purged { get; }

    /// <summary>Deleted and declared again and again.</summary>
    public QueueAccount Volatile { get; }

    /// <summary>Full most of the time; refuses then.</summary>
    public QueueAccount Bounded { get; }

    /// <summary>From here transactions take messages...</summary>
    public QueueAccount Source { get; }

    /// <summary>...to here and to <see cref="Second"/>, both or none.</summary>
    public QueueAccount First { get; }

    public QueueAccount Second { get; }

    /// <summary>Those that everything accepted has to leave by a settlement.</summary>
    public IEnumerable<QueueAccount> Exact => [Ordered, Work, Dead, Bounded, First, Second];
}
