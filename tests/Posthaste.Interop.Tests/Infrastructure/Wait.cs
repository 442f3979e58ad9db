using System.Diagnostics;

namespace Posthaste.Interop.Tests.Infrastructure;

/// <summary>Waits for a condition that another process makes true, always with a deadline.</summary>
internal static class Wait
{
    /// <summary>How long a condition may take: generous, because the machine may be busy.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// Polls <paramref name="condition"/> until it holds; names <paramref name="what"/> if it does not.
    /// </summary>
    public static async Task UntilAsync(string what, Func<Task<bool>> condition)
    {
        var elapsed = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(elapsed.Elapsed < Deadline, $"Waited {Deadline.TotalSeconds} s for: {what}");
            await Task.Delay(PollInterval, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>The first non-null answer of <paramref name="probe"/>.</summary>
    public static async Task<T> ForAsync<T>(string what, Func<Task<T?>> probe)
        where T : class
    {
        T? found = null;
        await UntilAsync(what, async () => (found = await probe()) is not null);
        return found!;
    }

    /// <summary>The result of an event that a client library raises.</summary>
    public static async Task<T> ForAsync<T>(string what, Task<T> raised)
    {
        try
        {
            return await raised.WaitAsync(Deadline, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"Waited {Deadline.TotalSeconds} s for: {what}");
            throw;
        }
    }
}
