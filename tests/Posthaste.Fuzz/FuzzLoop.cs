using System.Diagnostics;

namespace Posthaste.Fuzz;

/// <summary>Runs a target over mutated inputs. The same seed and count give the same inputs.</summary>
public sealed class FuzzLoop(IFuzzTarget target, int seed)
{
    private readonly Mutator _mutator = new(new Random(seed));
    private byte[] _input = [];

    /// <summary>Inputs tried so far.</summary>
    public long InputCount { get; private set; }

    /// <summary>The input that the target was last given, for reporting.</summary>
    public ReadOnlySpan<byte> LastInput => _input;

    /// <summary>The corpus itself, then this many mutated inputs.</summary>
    public void RunInputs(long count)
    {
        RunCorpus();
        for (var i = 0L; i < count; i++)
            RunOne(_mutator.Next(target.Corpus));
    }

    /// <summary>The corpus itself, then mutated inputs for this long.</summary>
    public void RunFor(TimeSpan duration)
    {
        var clock = Stopwatch.StartNew();
        RunCorpus();
        while (clock.Elapsed < duration)
            RunOne(_mutator.Next(target.Corpus));
    }

    private void RunCorpus()
    {
        foreach (var input in target.Corpus)
            RunOne(input);
    }

    private void RunOne(byte[] input)
    {
        _input = input;
        InputCount++;
        target.Run(input);
    }
}
