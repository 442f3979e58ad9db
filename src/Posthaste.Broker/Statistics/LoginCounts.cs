namespace Posthaste.Broker.Statistics;

/// <summary>How often clients have proven who they are, or have not. Any thread.</summary>
public sealed class LoginCounts
{
    private long _succeeded;
    private long _failed;

    /// <summary>Logins.</summary>
    public long Succeeded => Volatile.Read(ref _succeeded);

    /// <summary>Attempts that were refused.</summary>
    public long Failed => Volatile.Read(ref _failed);

    internal void Count(bool succeeded) => Interlocked.Increment(ref succeeded ? ref _succeeded : ref _failed);
}
