namespace Posthaste.Primitives;

/// <summary>
/// A thing shared by several holders and freed by the last one to let go. Born with one reference, which its
/// creator owns. Any thread may retain and release.
/// </summary>
public abstract class RefCounted
{
    private int _references = 1;

    /// <summary>True while anyone holds a reference; for assertions and tests.</summary>
    public bool IsAlive => Volatile.Read(ref _references) > 0;

    /// <summary>
    /// Takes a reference unless the last one is gone already. For holders that found this object in a shared table
    /// without a lock: after success they check that it still is what they looked for, since it may have been reused.
    /// </summary>
    public bool TryRetain()
    {
        int seen = Volatile.Read(ref _references);
        while (seen > 0)
        {
            int before = Interlocked.CompareExchange(ref _references, seen + 1, seen);
            if (before == seen)
            {
                return true;
            }
            seen = before;
        }
        return false;
    }

    /// <summary>Takes one more reference; the caller already owns one.</summary>
    public void Retain() => Checks.Require(Interlocked.Increment(ref _references) > 1);

    /// <summary>Gives one reference back; the last one frees.</summary>
    public void Release()
    {
        int left = Interlocked.Decrement(ref _references);
        Checks.Require(left >= 0);
        if (left == 0)
        {
            Free();
        }
    }

    /// <summary>Called once by the release of the last reference, on that thread.</summary>
    protected abstract void Free();

    /// <summary>Gives a freed object its first reference again; for pools, after every field is set.</summary>
    protected void Revive() => Checks.Require(Interlocked.Exchange(ref _references, 1) == 0);
}
