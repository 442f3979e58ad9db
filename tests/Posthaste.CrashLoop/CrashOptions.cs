namespace Posthaste.CrashLoop;

/// <summary>How the broker is ended, again and again.</summary>
internal enum BrokerEnd
{
    /// <summary>SIGKILL: no handler runs, as in a crash.</summary>
    Kill,

    /// <summary>SIGTERM: it may finish what it began.</summary>
    Terminate,
}

/// <summary>What a run of the loop does; the moments and the clients' choices follow from the seed.</summary>
internal sealed record CrashOptions(int Rounds, int Seed)
{
    public BrokerEnd End { get; init; } = BrokerEnd.Kill;

    /// <summary>
    /// Starts the broker without a disk, so that every restart loses everything: proof that the loop notices.
    /// </summary>
    public bool InMemory { get; init; }

    /// <summary>Where progress goes, line by line.</summary>
    public TextWriter Output { get; init; } = TextWriter.Null;

    /// <summary>The command that runs the same again.</summary>
    public string Command =>
        $"dotnet run --project tests/Posthaste.CrashLoop -c Release -- --rounds {Rounds} --seed {Seed}"
        + (End == BrokerEnd.Terminate ? " --terminate" : "") + (InMemory ? " --memory" : "");
}
