namespace Posthaste.Protocols.Mqtt.Tests.Session;

/// <summary>Waits for what another thread will do.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    public static async Task TrueAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (!condition())
            await Task.Delay(5, deadline.Token);
    }
}
