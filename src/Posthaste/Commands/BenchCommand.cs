using System.CommandLine;
using Posthaste.Client;
using Posthaste.Load;
using Posthaste.Terminal;

namespace Posthaste.Commands;

/// <summary><c>posthaste bench</c>: what a broker does on this machine, with messages like one's own.</summary>
internal static class BenchCommand
{
    private static readonly Option<string> Uri = BrokerOption.Create();
    private static readonly Option<bool> Json = BrokerOption.CreateJson();

    private static readonly Option<int> Producers =
        Number("--producers", 1, 1, 1_000, "Connections that publish.");

    private static readonly Option<int> Consumers =
        Number("--consumers", 1, 0, 1_000, "Connections that consume; 0 builds a backlog.");

    private static readonly Option<int> Queues =
        Number("--queues", 1, 1, 1_000, "Queues that both are spread over.");

    private static readonly Option<int> Size =
        Number("--size", 1_024, LoadPlan.BodyBytesMin, 16 << 20, "Bytes of a message.");

    private static readonly Option<int> Seconds =
        Number("--seconds", 10, 1, 86_400, "Seconds to measure, after a warm-up.");

    private static readonly Option<int> Window =
        Number("--confirm-window", 1_000, 0, 65_535, "Unconfirmed messages of a producer; 0: no confirms.");

    private static readonly Option<int> Prefetch =
        Number("--prefetch", 1_000, 0, 65_535, "Unacknowledged messages of a consumer; 0: no acknowledgements.");

    private static readonly Option<int> Rate =
        Number("--rate", 0, 0, 10_000_000, "Messages a second of a producer; 0: as many as possible.");

    private static readonly Option<bool> Transient = new("--transient")
    {
        Description = "Transient messages and queues. Without it both survive a restart, and a confirm means on disk.",
    };

    public static Command Create()
    {
        var command = new ManualCommand("bench", "Measure a broker with messages like yours.",
            """
            It makes queues of its own and deletes them afterwards. Latency is from publish to receipt; under a load
            without --rate it says how long queues get, so measure it at a rate.

            Examples:
              posthaste bench                                         persistent, confirmed, acknowledged
              posthaste bench --transient --confirm-window 0 --prefetch 0
              posthaste bench --rate 2000 --seconds 30                latency at a steady rate
              posthaste bench --producers 4 --consumers 4 --queues 4 --uri amqp://guest:guest@other/
            """)
        {
            Uri, Producers, Consumers, Queues, Size, Seconds, Transient, Window, Prefetch, Rate, Json,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var plan = new LoadPlan(
            parsed.GetValue(Producers),
            parsed.GetValue(Consumers),
            parsed.GetValue(Queues),
            parsed.GetValue(Size),
            TimeSpan.FromSeconds(parsed.GetValue(Seconds)),
            !parsed.GetValue(Transient),
            parsed.GetValue(Window),
            (ushort)parsed.GetValue(Prefetch),
            parsed.GetValue(Rate));
        var run = new LoadRun(plan, AmqpAddress.Parse(parsed.GetRequiredValue(Uri)));
        var result = await Screen.WithProgressAsync("warming up", report =>
            run.RunAsync(
                (share, published, consumed) => report(share, $"{published:#,0}/s in, {consumed:#,0}/s out"),
                cancellation));

        if (parsed.GetValue(Json)) WriteJson(plan, result);
        else WriteText(plan, result);
        return ExitCode.Ok;
    }

    private static void WriteText(LoadPlan plan, LoadResult result)
    {
        Screen.Fact("published", Flow(result.PublishedPerSecond));
        Screen.Fact("consumed", Flow(result.ConsumedPerSecond));
        if (result.Latency.Count == 0) return;
        Screen.Fact("latency", $"p50 {Milliseconds(0.5)}   p99 {Milliseconds(0.99)}   " +
            $"p99.9 {Milliseconds(0.999)}   max {Milliseconds(1)}");

        string Flow(double perSecond) => $"{perSecond,12:#,0} /s {perSecond * plan.BodyBytes / 1e6,10:#,0.0} MB/s";
        string Milliseconds(double share) => $"{result.Latency.Percentile(share).TotalMilliseconds:#,0.00} ms";
    }

    private static void WriteJson(LoadPlan plan, LoadResult result) => JsonOutput.Write(writer =>
    {
        writer.WriteNumber("producers", plan.ProducerCount);
        writer.WriteNumber("consumers", plan.ConsumerCount);
        writer.WriteNumber("queues", plan.QueueCount);
        writer.WriteNumber("bodyBytes", plan.BodyBytes);
        writer.WriteBoolean("persistent", plan.IsPersistent);
        writer.WriteNumber("confirmWindow", plan.ConfirmWindow);
        writer.WriteNumber("prefetch", plan.Prefetch);
        writer.WriteNumber("ratePerProducer", plan.RatePerProducer);
        writer.WriteNumber("seconds", Math.Round(result.Elapsed.TotalSeconds, 3));
        writer.WriteNumber("publishedPerSecond", Math.Round(result.PublishedPerSecond));
        writer.WriteNumber("consumedPerSecond", Math.Round(result.ConsumedPerSecond));
        foreach (var (name, share) in new[] { ("p50", 0.5), ("p99", 0.99), ("p999", 0.999), ("max", 1) })
            writer.WriteNumber($"latencyMs_{name}", Math.Round(result.Latency.Percentile(share).TotalMilliseconds, 4));
    });

    private static Option<int> Number(string name, int standard, int min, int max, string description)
    {
        var option = new Option<int>(name)
        {
            Description = description,
            HelpName = "N",
            DefaultValueFactory = _ => standard,
        };
        option.Validators.Add(result =>
        {
            var value = result.GetValueOrDefault<int>();
            if (value < min || value > max) result.AddError($"{name} is {value}; it has to be {min} to {max}");
        });
        return option;
    }
}
