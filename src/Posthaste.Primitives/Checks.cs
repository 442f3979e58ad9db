using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Posthaste.Primitives;

/// <summary>Checks of invariants that stay on in Release: a broken one is a bug of ours, never bad input.</summary>
public static class Checks
{
    /// <summary>Fails loudly when <paramref name="condition"/> does not hold.</summary>
    /// <exception cref="BrokenInvariantException">The condition is false.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Require(
        [DoesNotReturnIf(false)] bool condition,
        [CallerArgumentExpression(nameof(condition))] string? invariant = null)
    {
        if (!condition)
        {
            Throw(invariant);
        }
    }

    [DoesNotReturn]
    private static void Throw(string? invariant) =>
        throw new BrokenInvariantException($"Broken invariant: {invariant}");
}
