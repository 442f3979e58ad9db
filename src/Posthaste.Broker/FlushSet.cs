namespace Posthaste.Broker;

/// <summary>
/// The output of a connection, as the broker sees it: something that gathers bytes and is flushed once per batch of
/// work.
/// </summary>
public interface IFlushable
{
    /// <summary>
    /// Set while some <see cref="FlushSet"/> has promised to flush it. Reads and writes must be volatile.
    /// </summary>
    bool IsInFlushSet { get; set; }

    /// <summary>
    /// Hands what was gathered to the transport. Any thread; never throws for what the transport does.
    /// </summary>
    void Flush();
}

/// <summary>
/// The outputs that a batch of work has touched, so that each is flushed once, at its end. One owner thread at a time.
/// </summary>
/// <remarks>
/// An output that is already in another thread's set is left to that one: whoever adds has written its bytes before,
/// and the other thread clears the mark before it flushes, so its flush takes them along.
/// </remarks>
public sealed class FlushSet
{
    [ThreadStatic]
    private static FlushSet? _forThisThread;

    private readonly List<IFlushable> _touched = new(4);

    /// <summary>A set for work that runs on this thread from start to end, without an await in between.</summary>
    public static FlushSet ForThisThread => _forThisThread ??= new FlushSet();

    public void Add(IFlushable output)
    {
        if (output.IsInFlushSet) return;
        output.IsInFlushSet = true;
        _touched.Add(output);
    }

    public void FlushAll()
    {
        // By index: a flush may run work inline that adds to this set.
        for (var i = 0; i < _touched.Count; i++)
        {
            var output = _touched[i];
            output.IsInFlushSet = false;
            output.Flush();
        }

        _touched.Clear();
    }
}
