namespace Posthaste;

/// <summary>
/// What the process says to the shell or the supervisor that started it. Documented in docs/operating.md.
/// </summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>Anything that has no code of its own; the message says what.</summary>
    public const int Failed = 1;

    /// <summary>A flag, a setting or a configuration file is wrong: starting again will not help.</summary>
    public const int Usage = 2;

    /// <summary>The data directory is in use, of a newer version, or damaged.</summary>
    public const int Data = 3;

    /// <summary>An address can't be listened on.</summary>
    public const int Listen = 4;
}
