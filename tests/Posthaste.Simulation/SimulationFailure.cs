namespace Posthaste.Simulation;

/// <summary>The broker did what its rules forbid.</summary>
internal sealed class SimulationFailure(string message, Exception? cause = null) : Exception(message, cause)
{
    public static void Unless(bool holds, string message)
    {
        if (!holds) throw new SimulationFailure(message);
    }
}
