using Posthaste.CrashLoop.Ledger;

namespace Posthaste.CrashLoop.Clients;

/// <summary>
/// Keeps a producer from leaving its consumers behind for good, so that the end of a run does not take longer than the
/// run.
/// </summary>
internal static class Pace
{
    /// <summary>Messages of one stream that nobody has seen: some thousand keep every queue busy.</summary>
    private const int UnseenMax = 2_000;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    public static async ValueTask WaitAsync(StreamLedger stream, CancellationToken over)
    {
        while (stream.SentCount - stream.SeenCount > UnseenMax)
            await Task.Delay(Pause, over);
    }
}
