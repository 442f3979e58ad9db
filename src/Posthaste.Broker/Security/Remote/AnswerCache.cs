using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Posthaste.Broker.Security.Remote;

/// <summary>
/// Answers that are believed for a while; a question that is under way is asked once for all that want it. What has
/// no answer is not remembered. Any thread.
/// </summary>
/// <param name="keptMs">How long an answer is believed.</param>
/// <param name="entriesMax">
/// Answers at most; when there are more, outdated ones go, and if that is not enough, all.
/// </param>
/// <param name="keepsRefusals">Whether refusals are remembered.</param>
/// <param name="time">The clock.</param>
internal sealed class AnswerCache(int keptMs, int entriesMax, bool keepsRefusals, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, (Answer Answer, long UntilMs)> _answers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<Task<Answer?>>> _underWay = new(StringComparer.Ordinal);

    public bool TryGet(string key, [NotNullWhen(true)] out Answer? answer)
    {
        var isKnown = _answers.TryGetValue(key, out var entry) && entry.UntilMs > NowMs;
        answer = isKnown ? entry.Answer : null;
        return isKnown;
    }

    public Task<Answer?> AskAsync(string key, Func<Task<Answer?>> ask) =>
        _underWay.GetOrAdd(key, _ => new Lazy<Task<Answer?>>(() => AskAndKeepAsync(key, ask))).Value;

    private async Task<Answer?> AskAndKeepAsync(string key, Func<Task<Answer?>> ask)
    {
        // Not under the lock of the one that makes the task.
        await Task.Yield();
        try
        {
            var answer = await ask().ConfigureAwait(false);
            if (answer is not null && (answer.IsAllowed || keepsRefusals)) Keep(key, answer);
            return answer;
        }
        finally
        {
            _underWay.TryRemove(key, out _);
        }
    }

    private void Keep(string key, Answer answer)
    {
        var nowMs = NowMs;
        if (_answers.Count >= entriesMax)
        {
            foreach (var (known, entry) in _answers)
            {
                if (entry.UntilMs <= nowMs) _answers.TryRemove(known, out _);
            }

            if (_answers.Count >= entriesMax) _answers.Clear();
        }

        _answers[key] = (answer, nowMs + keptMs);
    }

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();
}
