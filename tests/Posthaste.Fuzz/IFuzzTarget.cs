namespace Posthaste.Fuzz;

/// <summary>
/// Something that takes bytes from outside. A target has to accept or to refuse every input in bounded time and to keep
/// its promises about what it accepted; any exception out of <see cref="Run"/> is a finding.
/// </summary>
public interface IFuzzTarget
{
    /// <summary>The word that selects the target on the command line.</summary>
    string Name { get; }

    /// <summary>Sound inputs to start mutating from.</summary>
    IReadOnlyList<byte[]> Corpus { get; }

    /// <summary>Feeds one input and checks what comes of it. Keeps nothing from one call to the next.</summary>
    /// <exception cref="FuzzFindingException">A promise was broken.</exception>
    void Run(ReadOnlySpan<byte> input);
}

/// <summary>A target found something that must not be.</summary>
public sealed class FuzzFindingException(string message) : Exception(message)
{
    /// <summary>Throws if what was promised does not hold.</summary>
    public static void Require(bool holds, string promise)
    {
        if (!holds)
            throw new FuzzFindingException(promise);
    }
}
