using System.Runtime.CompilerServices;

namespace Posthaste.Core.Queues;

/// <summary>What time and limits do to entries.</summary>
public sealed partial class QueueMachine
{
    /// <summary>
    /// Most entries that one command lets expire or drop: a long backlog must not hold the strand. The next <see
    /// cref="Tick"/> goes on.
    /// </summary>
    private const int TickBudget = 8_192;

    /// <summary>
    /// Earliest time at which <see cref="Tick"/> has work; long.MaxValue for none, 0 for at once. It may be too early
    /// (the entry has left meanwhile), never too late.
    /// </summary>
    public long NextDueMs
    {
        get
        {
            if (IsOverLimit && !HasWork && !IsHeadLoading)
            {
                return 0;
            }

            var dueMs = Math.Min(_hold.NextDueMs, NextRetryMs);
            foreach (var log in _logs)
            {
                dueMs = Math.Min(dueMs, IsByDue ? log.NextReleaseMs() : log.NextDueMs());
            }

            return dueMs;
        }
    }

    private bool IsOverLimit =>
        Settings.Overflow == OverflowPolicy.DropHead
        && (ReadyCount > (Settings.LengthMax ?? long.MaxValue) || ReadyBodyBytes > (Settings.BytesMax ?? long.MaxValue))
        && ReadyCount > 0;

    private bool IsHeadLoading
    {
        get
        {
            var log = HeadLog();
            if (log == null)
            {
                return false;
            }

            log.Head(out _, out var missing);
            return missing != null && log.Spans.Loading != null;
        }
    }

    /// <summary>
    /// Lets everything due expire, also behind an unexpired head; asks for cold blocks with due entries; tries held
    /// dead letters again; drops what a changed limit leaves over. Does a bounded amount of work: <see
    /// cref="NextDueMs"/> says whether there is more.
    /// </summary>
    public void Tick(long nowMs)
    {
        var budget = TickBudget;
        EndWaits(nowMs, ref budget);
        foreach (var log in _logs)
        {
            if (IsByDue)
            {
                ReleaseDue(log, nowMs, ref budget);
                continue;
            }

            ExpireHeads(log, nowMs, ref budget);
            ExpireIndexed(log, nowMs, ref budget);
            if (budget > 0)
            {
                log.CoolAfterExpiry();
            }

            if (log.Spans.FirstDue() is { } cold && cold.MinExpiresAtMs <= nowMs)
            {
                log.RequestLoadForExpiry(cold);
            }
        }

        while (budget-- > 0 && _hold.TryTakeDue(nowMs, out var id, out var reason))
        {
            Die(LogOf(id)!, id.Seq, reason, nowMs);
        }

        DropHeads(nowMs, budget);
    }

    private void ExpireHeads(EntryLog log, long nowMs, ref int budget)
    {
        while (budget > 0 && log.ReadyCount > 0)
        {
            ref var head = ref log.Head(out var seq, out _);
            if (Unsafe.IsNullRef(ref head) || head.ExpiresAtMs == 0 || head.ExpiresAtMs > nowMs)
            {
                return;
            }

            budget--;
            Die(log, seq, DeadLetterReason.Expired, nowMs);
        }
    }

    private void ExpireIndexed(EntryLog log, long nowMs, ref int budget)
    {
        while (budget > 0 && log.Expiry.Top is { } due && due.DueMs <= nowMs)
        {
            log.Expiry.Pop();
            if (EntryLog.IsReadyAndDue(log.Chunks, due))
            {
                budget--;
                Die(log, due.Seq, DeadLetterReason.Expired, nowMs);
            }
        }
    }

    /// <summary>Drops from the head what is over the maximum length, unless consumers are about to take it.</summary>
    private void DropHeads(long nowMs, int budget)
    {
        if (HasWork)
        {
            return;
        }

        while (budget-- > 0 && IsOverLimit)
        {
            var log = HeadLog()!;
            log.Head(out var seq, out var missing);
            if (missing != null)
            {
                log.RequestLoad(missing);
                return;
            }

            Die(log, seq, DeadLetterReason.MaxLength, nowMs);
        }
    }
}
