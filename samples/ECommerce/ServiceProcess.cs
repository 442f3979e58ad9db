using System.Diagnostics;
using System.Globalization;

namespace ECommerce;

/// <summary>A service running as a process of its own, and what it has said so far.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    /// <summary>
    /// Long enough for the slowest machine; a story that has come this far without an event has gone wrong.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Lock _lock = new();
    private readonly List<(int Order, bool IsAgain)> _handled = [];
    private bool _isReady;

    private ServiceProcess(string name, Process process) => (Name, _process) = (name, process);

    public string Name { get; }

    /// <summary>The orders handled, in order, and whether the broker said that one may have come before.</summary>
    public IReadOnlyList<(int Order, bool IsAgain)> Handled
    {
        get
        {
            lock (_lock) return [.. _handled];
        }
    }

    public static async Task<ServiceProcess> StartAsync(string name, Uri broker, int? crashAt = null)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        // Started as `dotnet ECommerce.dll` the host needs to be told what to run.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(ServiceProcess).Assembly.Location);
        start.ArgumentList.Add(name);
        start.ArgumentList.Add(broker.ToString());
        if (crashAt is { } order) start.ArgumentList.Add(order.ToString(CultureInfo.InvariantCulture));

        var process = new Process { StartInfo = start };
        var service = new ServiceProcess(name, process);
        process.OutputDataReceived += (_, line) => service.Hear(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        await service.WaitAsync("to be ready", () => service._isReady);
        return service;
    }

    public Task WaitUntilHandledAsync(int order) =>
        WaitAsync($"to handle order {order}", () => _handled.Exists(handled => handled.Order == order));

    public Task WaitUntilCrashedAsync() => WaitAsync("to crash", () => _process.HasExited);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Hear(string? line)
    {
        if (line is null) return;
        var words = line.Split(' ');
        lock (_lock)
        {
            if (words[0] == "ready") _isReady = true;
            else if (words[0] == "handled")
                _handled.Add((int.Parse(words[1], CultureInfo.InvariantCulture), words[2] == "again"));
        }
    }

    private async Task WaitAsync(string what, Func<bool> condition)
    {
        var started = Stopwatch.StartNew();
        while (true)
        {
            lock (_lock)
            {
                if (condition()) return;
            }

            if (started.Elapsed > Patience) throw new TimeoutException($"{Name} was expected {what} and did not.");
            await Task.Delay(10);
        }
    }
}
