using System.CommandLine;
using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Posthaste.Broker.Storage;
using Posthaste.Server;
using Posthaste.Server.Configuration;
using Posthaste.Server.Telemetry;
using Posthaste.Terminal;

namespace Posthaste.Commands;

/// <summary><c>posthaste serve</c>: a broker in the foreground until SIGTERM or Ctrl+C.</summary>
internal static class ServeCommand
{
    private const string ConfigFile = "appsettings.json";

    private static readonly Option<string> Data = new("--data")
    {
        Description = "Directory of the data, made when it does not exist. " +
            $"Default ./{PosthasteOptions.DefaultDataDirectory}.",
        HelpName = "DIR",
    };

    private static readonly Option<bool> Memory = new("--memory")
    {
        Description = "Keep everything in memory: nothing survives the process.",
    };

    private static readonly Option<string> Definitions = new("--definitions")
    {
        Description = "Definitions to take in before anybody can connect: a file as RabbitMQ exports them, or a " +
            "directory of *.json. At each start, unless --set DefinitionsSkipIfUnchanged=true.",
        HelpName = "FILE|DIR",
    };

    private static readonly Option<string[]> Listen = new("--listen")
    {
        Description = "Where a listener listens, or NAME=off. HOST is an IP address, localhost or * (every address); " +
            "port 0 takes any free one. default=HOST, default=HOST:0 and default=off are for those not named. " +
            "Repeat it for more names and more addresses.",
        HelpName = "NAME=HOST:PORT",
    };

    private static readonly Option<string[]> Set = new("--set")
    {
        Description = "A limit or an option, as in --set MessageBytesMax=64MiB or --set Mqtt:ReceiveMax=100; " +
            "docs/operating.md lists them. Repeatable.",
        HelpName = "KEY=VALUE",
    };

    private static readonly Option<string> Origins = new("--ws-origins")
    {
        Description = "Origins of web pages that may open WebSockets beside those of this machine, separated by " +
            "commas, as in https://shop.example; * for all.",
        HelpName = "ORIGINS",
    };

    private static readonly Option<string[]> TlsCert = new("--tls-cert")
    {
        Description = "Certificate file, PEM or PFX, read again when it changes. With one every protocol listens " +
            "with TLS too. Repeat it for more server names.",
        HelpName = "FILE",
    };

    private static readonly Option<string[]> TlsKey = new("--tls-key")
    {
        Description = "Key file of a certificate in PEM that does not hold its key. Its password, if it has one, is " +
            "POSTHASTE__TLS__PASSWORD in the environment.",
        HelpName = "FILE",
    };

    private static readonly Option<string> TlsCa = new("--tls-ca")
    {
        Description = "Authorities, in PEM, that client certificates come from. Clients are asked for one then.",
        HelpName = "FILE",
    };

    private static readonly Option<string> TlsClients = new("--tls-clients")
    {
        Description = "Whether a client certificate is optional (default) or required.",
        HelpName = "optional|required",
    };

    private static readonly Option<string> Config = new("--config")
    {
        Description = $"Configuration file with a section \"{PosthasteConfiguration.Section}\". " +
            $"Default ./{ConfigFile} if there is one.",
        HelpName = "FILE",
    };

    private static readonly Option<LogLevel> Log = new("--log")
    {
        Description = "Least level of what is logged to standard error.",
        DefaultValueFactory = _ => LogLevel.Information,
    };

    private static readonly Option<LogFormat> Format = new("--log-format")
    {
        Description = "How it is logged: text, one line each, or json, one object each, for log shippers.",
        DefaultValueFactory = _ => LogFormat.Text,
    };

    /// <summary>How the log is written to standard error.</summary>
    private enum LogFormat
    {
        Text,
        Json,
    }

    public static Command Create()
    {
        var command = new ManualCommand("serve", "Run a broker until Ctrl+C or SIGTERM.",
            """
            Settings come from the configuration file, then the environment (POSTHASTE__DATA,
            POSTHASTE__LISTEN__AMQP, …), then the flags. A line starting with "ready" on standard output
            says that every listener accepts.

            Examples:
              posthaste serve
              posthaste serve --data /var/lib/posthaste --listen amqp=*:5672
              posthaste serve --memory --listen default=off --listen amqp=127.0.0.1:0
            """)
        {
            Data, Memory, Definitions, Listen, Origins, TlsCert, TlsKey, TlsCa, TlsClients, Set, Config, Log, Format,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var started = Stopwatch.StartNew();
        // Signals are only listened for once this method has given its thread back: long before "ready", please.
        await Task.Yield();
        var options = ReadOptions(parsed);
        using var loggers = CreateLoggers(parsed.GetValue(Log), parsed.GetValue(Format), options.Telemetry);
        options.Loggers = loggers;

        await using var broker = await PosthasteBroker.StartAsync(options, stop);
        PrintBanner(broker, options, started.Elapsed);
        await Task.Delay(Timeout.InfiniteTimeSpan, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        Screen.Fact("stopping", "no new connections; clients are told and get 10 s to end");
        await broker.DisposeAsync();
        Screen.Fact("stopped", options.DataDirectory is null ? "what was in memory is gone" : "everything is on disk");
        return ExitCode.Ok;
    }

    private static PosthasteOptions ReadOptions(ParseResult parsed)
    {
        var options = new PosthasteOptions();
        var configuration = ReadConfiguration(parsed.GetValue(Config));
        TelemetryVariables.Apply(configuration, options);
        PosthasteConfiguration.Apply(configuration, options);

        var data = parsed.GetValue(Data);
        var isMemory = parsed.GetValue(Memory);
        if (data is not null && isMemory)
            throw new PosthasteConfigurationException("--data and --memory exclude each other; give one of them");
        if (data is not null && string.IsNullOrWhiteSpace(data))
            throw new PosthasteConfigurationException("--data is empty; it has to be a directory");
        if (data is not null) options.UseDirectory(data);
        if (isMemory) options.UseMemory();
        if (parsed.GetValue(Definitions) is { } definitions) options.Definitions = definitions;

        var listeners = Pairs(parsed.GetValue(Listen), Listen)
            .GroupBy(pair => pair.Key, StringComparer.OrdinalIgnoreCase);
        foreach (var listener in listeners)
            options.Listen[listener.Key] = string.Join(',', listener.Select(pair => pair.Value));
        if (parsed.GetValue(Origins) is { } origins) PosthasteConfiguration.Replace(options.WebSocketOrigins, origins);
        ApplyTls(parsed, options);
        foreach (var (key, value) in Pairs(parsed.GetValue(Set), Set))
            PosthasteConfiguration.ApplySetting(key, value, options);
        return options;
    }

    private static void ApplyTls(ParseResult parsed, PosthasteOptions options)
    {
        if (parsed.GetValue(TlsCert) is { Length: > 0 } certificates)
            TlsConfiguration.Apply("Cert", string.Join(',', certificates), options.Tls);
        if (parsed.GetValue(TlsKey) is { Length: > 0 } keys)
            TlsConfiguration.Apply("Key", string.Join(',', keys), options.Tls);
        if (parsed.GetValue(TlsCa) is { } authorities) TlsConfiguration.Apply("Ca", authorities, options.Tls);
        if (parsed.GetValue(TlsClients) is { } clients) TlsConfiguration.Apply("Clients", clients, options.Tls);
    }

    private static IEnumerable<(string Key, string Value)> Pairs(string[]? texts, Option option)
    {
        foreach (var text in texts ?? [])
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
                throw new PosthasteConfigurationException($"{option.Name} is '{text}'; it has to be {option.HelpName}");
            yield return (text[..equals], text[(equals + 1)..]);
        }
    }

    private static IConfigurationRoot ReadConfiguration(string? file)
    {
        var builder = new ConfigurationBuilder().SetBasePath(Environment.CurrentDirectory);
        builder.AddJsonFile(file ?? ConfigFile, optional: file is null).AddEnvironmentVariables();
        try
        {
            return builder.Build();
        }
        catch (Exception exception)
            when (exception is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            var reason = exception.InnerException?.Message ?? exception.Message;
            throw new PosthasteConfigurationException($"can't read {file ?? ConfigFile}: {reason}", exception);
        }
    }

    private static ILoggerFactory CreateLoggers(LogLevel least, LogFormat format, TelemetryOptions telemetry) =>
        LoggerFactory.Create(logging =>
        {
            var quiet = least > LogLevel.Warning ? least : LogLevel.Warning;
            logging.SetMinimumLevel(least)
                // The banner says on standard output what these would say again.
                .AddFilter<ConsoleLoggerProvider>(typeof(PosthasteBroker).FullName, quiet)
                .AddFilter("Microsoft", quiet)
                .AddPosthasteTelemetry(telemetry)
                .Services.Configure<ConsoleLoggerOptions>(
                    console => console.LogToStandardErrorThreshold = LogLevel.Trace);
            if (format == LogFormat.Json) logging.AddJsonConsole(console => Stamp(console, ""));
            else logging.AddSimpleConsole(console => Stamp(console, " ").SingleLine = true);
        });

    private static T Stamp<T>(T console, string separator)
        where T : ConsoleFormatterOptions
    {
        console.TimestampFormat = $"yyyy-MM-ddTHH:mm:ss.fffZ{separator}";
        console.UseUtcTimestamp = true;
        return console;
    }

    private static void PrintBanner(PosthasteBroker broker, PosthasteOptions options, TimeSpan elapsed)
    {
        Screen.Title($"posthaste {ProductVersion.Text}");
        foreach (var listener in broker.Listeners.GroupBy(listener => listener.Name))
        {
            var endPoints = string.Join(", ", listener.Select(entry => entry.EndPoint));
            Screen.Fact("listening", $"{listener.Key} {endPoints}");
        }

        if (broker.DataDirectory is { } path)
        {
            Screen.Fact("data", path);
            Screen.Fact("durable", "always: a confirmed message is synced to disk");
            Screen.Fact("recovered", Describe(broker.Recovery));
        }
        else
        {
            Screen.Fact("data", "in memory");
            Screen.Fact("durable", "no: nothing survives this process");
        }

        if (options.Definitions is { } definitions) Screen.Fact("defined", definitions);
        if (broker.MadePassword is { } password)
        {
            Screen.Fact(
                "administrator",
                $"{options.Broker.Authentication.DefaultUser} with password {password}, which is shown this once");
        }

        Screen.Fact("ready", $"after {elapsed.TotalSeconds:0.00} s; Ctrl+C stops");
    }

    private static string Describe(RecoverySummary recovery)
    {
        if (recovery.IsNew) return "nothing: the directory is new";
        var end = recovery.WasClean ? "after a clean stop" : "after a crash";
        var damage =
            recovery.Damages.Count == 0 ? "" : $"; {recovery.Damages.Count:#,0} places are damaged, see the log";
        return $"{recovery.QueueCount:#,0} queues with {recovery.MessageCount:#,0} messages {end}, " +
            $"in {recovery.Duration.TotalSeconds:0.00} s{damage}";
    }
}
