using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Posthaste.Testing;

/// <summary>
/// One <c>posthaste serve</c> process of the same build on a loopback port. The port and the data survive a restart, as
/// they do for a broker in service; whoever creates the process disposes it. Not for use by several threads at a time,
/// except <see cref="Log"/>.
/// </summary>
/// <param name="dataDirectory">Where the data is; null keeps it in memory. Not deleted here.</param>
/// <param name="settings">Arguments after those for data and listener, such as <c>--set KEY=VALUE</c>.</param>
internal sealed partial class BrokerProcess(string? dataDirectory, params string[] settings) : IAsyncDisposable
{
    /// <summary>How long a start or a graceful stop may take: generous, because the machine may be busy.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private const int SigTerm = 15;

    /// <summary>Lines kept of what the processes write: one that logs without end must not end its tests.</summary>
    private const int LogLinesMax = 2_000;

    /// <summary>Brokers that run now: none may outlive the test run, not even one whose test was given up.</summary>
    private static readonly ConcurrentDictionary<int, Process> Started = new();

    private readonly Queue<string> _log = new();
    private readonly List<string> _errors = [];
    private readonly Dictionary<string, int> _ports = [];
    private TaskCompletionSource<bool> _ready = new();
    private Process? _process;
    private bool _ownsData;

    static BrokerProcess() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (Process process in Started.Values)
            process.Kill();
    };

    public int AmqpPort => PortOf("amqp");

    public int ProcessId => Running().Id;

    /// <summary>The last lines that the processes wrote, for the message of a failure.</summary>
    public string Log
    {
        get
        {
            lock (_log)
                return string.Join('\n', _log);
        }
    }

    /// <summary>Resident memory of the process now, in bytes.</summary>
    public long ResidentBytes
    {
        get
        {
            Process process = Running();
            process.Refresh();
            return process.WorkingSet64;
        }
    }

    /// <summary>A process on a data directory that is deleted with it.</summary>
    public static BrokerProcess InTemporaryDirectory(params string[] settings) =>
        new(Directory.CreateTempSubdirectory("posthaste-test-").FullName, settings) { _ownsData = true };

    /// <summary>What was logged as error or worse since this was last asked.</summary>
    public string[] TakeErrors()
    {
        lock (_log)
        {
            string[] errors = [.. _errors];
            _errors.Clear();
            return errors;
        }
    }

    /// <summary>
    /// A listener's port on loopback. What is asked for before a start is listened on from then on, at the same port.
    /// </summary>
    public int PortOf(string listener)
    {
        if (!_ports.TryGetValue(listener, out int port))
            _ports[listener] = port = FreePort();
        return port;
    }

    /// <summary>Starts the process (again) and waits for the line that says that every listener accepts.</summary>
    public async Task StartAsync()
    {
        Launch();
        await WaitUntilReadyAsync();
    }

    /// <summary>Starts the process (again) and returns at once.</summary>
    public void Launch()
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
        (_process, _ready) = (process, ready);
    }

    public async Task WaitUntilReadyAsync()
    {
        try
        {
            if (!await _ready.Task.WaitAsync(Deadline))
                throw new InvalidOperationException($"The broker ended before it was ready.\n{Log}");
        }
        catch (TimeoutException)
        {
            throw new InvalidOperationException($"The broker was not ready in {Deadline}.\n{Log}");
        }
    }

    /// <summary>Asks for a graceful shutdown and returns the exit code.</summary>
    public async Task<int> StopAsync()
    {
        Process process = Running();
        // By the system's call: a machine without procps has no program for it.
        if (!process.HasExited)
            _ = SendSignal(process.Id, SigTerm); // It may have ended meanwhile: just as well.
        return await WaitForExitAsync();
    }

    /// <summary>Waits for a process that ends by itself, and returns its exit code.</summary>
    public async Task<int> WaitForExitAsync()
    {
        Process process = Running();
        using var deadline = new CancellationTokenSource(Deadline);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            await KillAsync();
            throw new InvalidOperationException($"The broker did not stop in {Deadline}.\n{Log}");
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
        if (_ownsData && dataDirectory is not null)
            Directory.Delete(dataDirectory, recursive: true);
    }

    private Process Running() => _process ?? throw new InvalidOperationException("The broker is not running.");

    private void Forget(Process process)
    {
        Started.TryRemove(process.Id, out _);
        process.Dispose();
        _process = null;
    }

    private void Append(string? line)
    {
        if (line is null)
            return;
        lock (_log)
        {
            _log.Enqueue(line);
            if (_log.Count > LogLinesMax)
                _log.Dequeue();
            // The console logger's names of the levels, and what the runtime says before it ends a process.
            bool isError = line.Contains(" fail: ", StringComparison.Ordinal)
                || line.Contains(" crit: ", StringComparison.Ordinal)
                || line.StartsWith("Unhandled exception", StringComparison.Ordinal);
            if (isError && _errors.Count < LogLinesMax)
                _errors.Add(line);
        }
    }

    private ProcessStartInfo Command()
    {
        var command = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        string[] place = dataDirectory is null ? ["--memory"] : ["--data", dataDirectory];
        PortOf("amqp");
        IEnumerable<string> listen = _ports.SelectMany(
            port => (string[])["--listen", $"{port.Key}=127.0.0.1:{port.Value}"]);
        string[] arguments = [BuiltBroker(), "serve", .. place, "--listen", "default=off", .. listen, .. settings];
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

    /// <summary>
    /// A free port below those that systems hand out to outgoing connections: nobody gets it by chance while the
    /// broker is down.
    /// </summary>
    private static int FreePort()
    {
        while (true)
        {
            using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            int port = Random.Shared.Next(15_000, 32_000);
            try
            {
                probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // Somebody else's; try the next.
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int processId, int signal);
}
