namespace Posthaste.Server.Tests.Support;

/// <summary>Waits for what becomes true in its own time, up to a deadline.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    /// <summary>Repeats until it passes; at the deadline its own failure is the test's.</summary>
    public static async Task PassesAsync(Func<Task> attempt)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                await attempt();
                return;
            }
            catch (Exception) when (TimeProvider.System.GetElapsedTime(started) < Deadline)
            {
                await Task.Delay(5);
            }
        }
    }
}
