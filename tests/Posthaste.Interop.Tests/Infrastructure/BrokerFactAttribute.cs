using System.Runtime.CompilerServices;

namespace Posthaste.Interop.Tests.Infrastructure;

/// <summary>A fact that talks to a broker: its time limit lets a silent broker fail one test only.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BrokerFactAttribute : FactAttribute
{
    /// <summary>Longer than <see cref="Wait.Deadline"/>, so that the failed wait names what was missing.</summary>
    public const int TimeLimitMs = 60_000;

    public BrokerFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line) => Timeout = TimeLimitMs;
}

/// <summary>A theory under the same time limit as <see cref="BrokerFactAttribute"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BrokerTheoryAttribute : TheoryAttribute
{
    public BrokerTheoryAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line) => Timeout = BrokerFactAttribute.TimeLimitMs;
}
