namespace Posthaste.Bench.Load;

/// <summary>A dedicated thread whose failure reaches whoever waits for it.</summary>
internal sealed class LoadThread
{
    private readonly Thread _thread;
    private volatile Exception? _failure;

    private LoadThread(string name, Action body)
    {
        _thread = new Thread(() => Guard(body)) { Name = name, IsBackground = true };
        _thread.Start();
    }

    public static LoadThread Start(string name, Action body) => new(name, body);

    /// <summary>Throws the thread's failure, if it has failed by now.</summary>
    public void ThrowIfFailed()
    {
        if (_failure is { } failure)
        {
            throw failure is WorkloadException
                ? new WorkloadException($"{_thread.Name}: {failure.Message}")
                : new InvalidOperationException($"{_thread.Name}: {failure.Message}", failure);
        }
    }

    /// <summary>Waits for the end and throws the thread's failure, if any.</summary>
    public void Join(TimeSpan timeout)
    {
        if (!_thread.Join(timeout))
        {
            throw new WorkloadException($"{_thread.Name} did not finish within {timeout.TotalSeconds} s");
        }

        ThrowIfFailed();
    }

    // The one boundary of a load thread: any failure is kept for the thread that joins.
    private void Guard(Action body)
    {
        try
        {
            body();
        }
#pragma warning disable CA1031
        catch (Exception e)
#pragma warning restore CA1031
        {
            _failure = e;
        }
    }
}
