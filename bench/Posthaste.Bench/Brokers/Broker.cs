using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Posthaste.Bench.Amqp;
using Posthaste.Bench.Load;
using Posthaste.Bench.Mqtt;
using Posthaste.Bench.Stomp;

namespace Posthaste.Bench.Brokers;

/// <summary>
/// One broker process with its own data directory, port and output, on loopback only. Ends what it started, by process
/// id, and
/// deletes the directory when disposed.
/// </summary>
internal abstract class Broker : IDisposable
{
    private const int RetryMs = 10;
    private const int OutputLinesMax = 40;
    private readonly Queue<string> _output = new();
    private Process? _process;

    protected Broker(string name, string workDirectory, Protocol protocol)
    {
        Name = name;
        Protocol = protocol;
        Home = Path.Combine(workDirectory, $"{name}-{Guid.NewGuid():N}");
        Directory.CreateDirectory(Home);
        AppDomain.CurrentDomain.ProcessExit += OnExit;
    }

    public string Name { get; }

    /// <summary>What is spoken at <see cref="EndPoint"/>.</summary>
    public Protocol Protocol { get; }

    /// <summary>Where the protocol is accepted; a new port after each start.</summary>
    public IPEndPoint EndPoint { get; private set; } = new(IPAddress.Loopback, 0);

    public int ProcessId => (_process ?? throw new InvalidOperationException($"{Name} is not running")).Id;

    /// <summary>The broker's own directory: data, logs, configuration.</summary>
    protected string Home { get; }

    /// <summary>Starts the process and returns at once.</summary>
    public virtual void Start()
    {
        EndPoint = new IPEndPoint(IPAddress.Loopback, FreePort());
        _process = Launch(Describe());
    }

    /// <summary>Ends the process with SIGKILL; the data directory stays.</summary>
    public void Kill()
    {
        if (_process is { } process)
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
            _process = null;
        }
    }

    /// <summary>Waits until a client can open a connection and returns what the broker calls itself.</summary>
    public string WaitUntilReady(TimeSpan timeout) => Retry(
        timeout,
        () =>
        {
            using LoadConnection connection = Protocol switch
            {
                Protocol.Mqtt => MqttConnection.Open(EndPoint, "bench-ready"),
                Protocol.Stomp => StompConnection.Open(EndPoint),
                _ => AmqpConnection.Open(EndPoint),
            };
            return (connection as AmqpConnection)?.Server ?? Introduce();
        });

    /// <summary>Repeats <paramref name="attempt"/> while the broker refuses it, until it works.</summary>
    public T Retry<T>(TimeSpan timeout, Func<T> attempt)
    {
        long deadline = Environment.TickCount64 + (long)timeout.TotalMilliseconds;
        while (true)
        {
            try
            {
                return attempt();
            }
            catch (ConnectionException e)
            {
                if (_process is null or { HasExited: true })
                {
                    throw new WorkloadException($"{Name} ended before it was ready:\n{Output()}");
                }

                if (Environment.TickCount64 > deadline)
                {
                    throw new WorkloadException(
                        $"{Name} was not ready after {timeout.TotalSeconds} s: {e.Message}\n{Output()}");
                }
            }

            Thread.Sleep(RetryMs);
        }
    }

    /// <summary>Called once it is ready and before the load comes.</summary>
    public virtual void Prepare()
    {
    }

    /// <summary>Called behind the load: throws when what was to go on beside it did not.</summary>
    public virtual void Verify()
    {
    }

    /// <summary>The last lines that the broker wrote.</summary>
    public string Output()
    {
        lock (_output)
        {
            return string.Join('\n', _output);
        }
    }

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        Kill();
        StopHelpers();
        Directory.Delete(Home, recursive: true);
    }

    /// <summary>The command that runs the broker on <see cref="EndPoint"/> in <see cref="Home"/>.</summary>
    protected abstract ProcessStartInfo Describe();

    /// <summary>What the broker calls itself, where the protocol does not let it say so.</summary>
    protected virtual string Introduce() => Name;

    /// <summary>Ends what else was started for the broker.</summary>
    protected virtual void StopHelpers()
    {
    }

    protected Process Launch(ProcessStartInfo info)
    {
        info.RedirectStandardOutput = true;
        info.RedirectStandardError = true;
        info.RedirectStandardInput = true;
        Process process = Process.Start(info) ?? throw new InvalidOperationException($"cannot start {info.FileName}");
        process.OutputDataReceived += OnLine;
        process.ErrorDataReceived += OnLine;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    protected static int FreePort()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private void OnExit(object? sender, EventArgs e) => Dispose();

    private void OnLine(object sender, DataReceivedEventArgs e)
    {
        if (e.Data is null)
        {
            return;
        }

        lock (_output)
        {
            _output.Enqueue(e.Data);
            if (_output.Count > OutputLinesMax)
            {
                _output.Dequeue();
            }
        }
    }
}
