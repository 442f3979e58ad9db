using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Posthaste.Interop.Tests.Infrastructure;

/// <summary>
/// One `posthaste serve` process on a loopback port and a data directory of its own. The port survives a restart, as it
/// does for a broker in service; whoever creates the process disposes it.
/// </summary>
internal sealed class BrokerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(30);

    /// <summary>Brokers that run now: none may outlive the test run, not even one whose test was given up.</summary>
    private static readonly ConcurrentDictionary<int, Process> Started = new();

    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("posthaste-interop-");
    private readonly StringBuilder _log = new();
    private Process? _process;

    static BrokerProcess() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (Process process in Started.Values)
            process.Kill();
    };

    public int AmqpPort { get; } = FreePort();

    /// <summary>Everything the process wrote so far, for the message of a failure.</summary>
    public string Log
    {
        get
        {
            lock (_log)
                return _log.ToString();
        }
    }

    /// <summary>Starts the process (again) and waits for the line that says that every listener accepts.</summary>
    public async Task StartAsync()
    {
        var ready = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = new Process { StartInfo = Command(), EnableRaisingEvents = true };
        process.OutputDataReceived += (_, line) =>
        {
            Append(line.Data);
            if (line.Data?.StartsWith("ready", StringComparison.Ordinal) is true)
                ready.TrySetResult(true);
        };
        process.ErrorDataReceived += (_, line) => Append(line.Data);
        process.Exited += (_, _) => ready.TrySetResult(false);
        process.Start();
        Started[process.Id] = process;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _process = process;
        try
        {
            if (!await ready.Task.WaitAsync(StartDeadline))
                throw new InvalidOperationException($"The broker ended before it was ready.\n{Log}");
        }
        catch (TimeoutException)
        {
            throw new InvalidOperationException($"The broker was not ready in {StartDeadline}.\n{Log}");
        }
    }

    /// <summary>Asks for a graceful shutdown and returns the exit code.</summary>
    public async Task<int> StopAsync()
    {
        Process process = Running();
        if (!process.HasExited)
        {
            using var terminate = Process.Start("kill", ["-TERM", process.Id.ToString()]);
            await terminate.WaitForExitAsync();
        }
        using var deadline = new CancellationTokenSource(StopDeadline);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            await KillAsync();
            throw new InvalidOperationException($"The broker did not stop in {StopDeadline}.\n{Log}");
        }
        int exitCode = process.ExitCode;
        Forget(process);
        return exitCode;
    }

    /// <summary>Ends the process as a power cut would: no handler runs.</summary>
    public async Task KillAsync()
    {
        Process process = Running();
        process.Kill();
        await process.WaitForExitAsync();
        Forget(process);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
            await KillAsync();
        if (_process is not null)
            Forget(_process);
        _data.Delete(recursive: true);
    }

    private void Forget(Process process)
    {
        Started.TryRemove(process.Id, out _);
        process.Dispose();
        _process = null;
    }

    private Process Running() => _process ?? throw new InvalidOperationException("The broker is not running.");

    private void Append(string? line)
    {
        if (line is null)
            return;
        lock (_log)
            _log.AppendLine(line);
    }

    private ProcessStartInfo Command()
    {
        var command = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        string[] arguments =
            [BuiltBroker(), "serve", "--data", _data.FullName, "--listen", $"amqp=127.0.0.1:{AmqpPort}"];
        foreach (string argument in arguments)
            command.ArgumentList.Add(argument);
        return command;
    }

    /// <summary>The broker of the same build: artifacts/bin/Posthaste/CONFIGURATION.</summary>
    private static string BuiltBroker()
    {
        var here = new DirectoryInfo(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        string broker = Path.Combine(here.Parent!.Parent!.FullName, "Posthaste", here.Name, "posthaste.dll");
        return File.Exists(broker) ? broker : throw new FileNotFoundException("Build src/Posthaste first.", broker);
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
