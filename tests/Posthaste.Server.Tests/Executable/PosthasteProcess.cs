using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Posthaste.Server.Tests.Executable;

/// <summary>What a run of the executable came to.</summary>
internal sealed record RunResult(int ExitCode, string Output, string Error);

/// <summary>The real executable in a process of its own, which is gone when this is disposed.</summary>
internal sealed partial class PosthasteProcess : IDisposable
{
    private const int SigTerm = 15;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private PosthasteProcess(Process process) => _process = process;

    /// <summary>Port of the AMQP listener; once ready.</summary>
    public int Port => PortOf("amqp");

    public string Uri => $"amqp://guest:guest@127.0.0.1:{Port}/";

    public string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    /// <summary>Runs a command to its end.</summary>
    public static Task<RunResult> RunAsync(params string[] arguments) => RunAsync("", [], arguments);

    public static async Task<RunResult> RunAsync(
        string input, (string Name, string Value)[] environment, string[] arguments)
    {
        using var process = Start(environment, arguments);
        await process._process.StandardInput.WriteAsync(input);
        process._process.StandardInput.Close();
        return await process.WaitForExitAsync();
    }

    /// <summary>Starts <c>serve</c> with these flags and waits until it is ready.</summary>
    public static Task<PosthasteProcess> ServeAsync(params string[] flags) => ServeAsync([], flags);

    public static async Task<PosthasteProcess> ServeAsync(
        (string Name, string Value)[] environment, params string[] flags)
    {
        var process = Start(
            environment, ["serve", "--listen", "default=off", "--listen", "amqp=127.0.0.1:0", .. flags]);
        using var limit = new CancellationTokenSource(Deadline);
        var exited = process._process.WaitForExitAsync(limit.Token);
        if (await Task.WhenAny(process._ready.Task, exited) == exited)
        {
            var result = await process.WaitForExitAsync();
            throw new InvalidOperationException($"serve ended with {result.ExitCode}: {result.Error}");
        }

        return process;
    }

    /// <summary>Port of a listener; once ready.</summary>
    public int PortOf(string listener)
    {
        var lines = Output.Split('\n');
        var listening = lines.First(line => line.StartsWith($"listening {listener} ", StringComparison.Ordinal));
        return int.Parse(listening.Split(':')[^1]);
    }

    /// <summary>Asks it to stop, as a supervisor does, and waits.</summary>
    public async Task<RunResult> StopAsync()
    {
        Assert.Equal(0, SendSignal(_process.Id, SigTerm));
        return await WaitForExitAsync();
    }

    /// <summary>Ends it as a crash does.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await WaitForExitAsync();
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }

    private static PosthasteProcess Start((string Name, string Value)[] environment, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // Nobody's appsettings.json is here.
            WorkingDirectory = Path.GetTempPath(),
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "posthaste.dll"));
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment) start.Environment[name] = value;

        var process = new Process { StartInfo = start };
        var started = new PosthasteProcess(process);
        process.OutputDataReceived += (_, line) => started.Hear(line.Data);
        process.ErrorDataReceived += (_, line) => Add(started._error, line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return started;
    }

    private static void Add(StringBuilder text, string? line)
    {
        if (line is null) return;
        lock (text) text.Append(line).Append('\n');
    }

    private void Hear(string? line)
    {
        Add(_output, line);
        if (line is not null && line.StartsWith("ready", StringComparison.Ordinal)) _ready.TrySetResult();
    }

    private async Task<RunResult> WaitForExitAsync()
    {
        using var limit = new CancellationTokenSource(Deadline);
        await _process.WaitForExitAsync(limit.Token);
        lock (_error) return new RunResult(_process.ExitCode, Output, _error.ToString());
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int processId, int signal);
}
