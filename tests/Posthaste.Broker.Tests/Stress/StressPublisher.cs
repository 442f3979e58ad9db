using Posthaste.Primitives;
using Posthaste.Simulation.Clients;

namespace Posthaste.Broker.Tests.Stress;

/// <summary>Publishes to everything there is, in batches of all sizes, and keeps the accounts of it.</summary>
internal sealed class StressPublisher(StressRun run, StressQueues queues, int number, int messageCount)
{
    private readonly SeededRandom _random = new((ulong)number + 1);
    private readonly Publisher _publisher = new(run.Broker, run.Host);
    private readonly List<(ulong Seq, long Id)> _toBounded = [];

    public void Run()
    {
        for (var at = 0; at < messageCount;)
        {
            var end = Math.Min(messageCount, at + 1 + _random.Below(64));
            for (; at < end; at++) Add(MessageId.Of(number, at));
            _publisher.Flush();
            run.GiveTurn();
            if (run.Broker.Pipeline.IsCongested)
                run.Broker.Pipeline.WaitForRoomAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
        }
    }

    /// <summary>Waits for the last verdict, and takes what was refused out of the account.</summary>
    public void Finish()
    {
        run.WaitFor("the last confirm", () => _publisher.OpenCount == 0);
        var refused = _toBounded.Where(sent => _publisher.VerdictOf(sent.Seq) == Verdict.Refused).ToArray();
        foreach (var (_, id) in refused) queues.Bounded.Refused(id);
        Assert.Equal(refused.Length, _publisher.RefusedCount);
    }

    private void Add(long id)
    {
        switch (_random.Below(12))
        {
            case < 4:
                Send("", id, queues.Ordered);
                break;
            case < 7:
                Send("", id, queues.Work);
                break;
            case < 9:
                Send("", id, queues.Purged);
                break;
            case 9:
                Send(StressQueues.Fan, id, queues.Work, queues.Purged);
                break;
            case 10:
                Send("", id, queues.Volatile);
                break;
            default:
                _toBounded.Add((Send("", id, queues.Bounded), id));
                break;
        }
    }

    private ulong Send(string exchange, long id, params ReadOnlySpan<QueueAccount> to)
    {
        foreach (var account in to) account.Published(id);
        return _publisher.Add(
            exchange, to[0].Name, MessageId.Body(id, BodyBytes()), persistent: _random.Chance(0.7));
    }

    private int BodyBytes() => _random.Below(500) switch
    {
        0 => 100_000,
        < 10 => 20_000,
        var other => other * 3,
    };
}
