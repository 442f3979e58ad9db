using System.CommandLine;
using System.Diagnostics;
using Posthaste.Simulation;

var seed = new Option<ulong>("--seed")
{
    Description = "First seed. One seed does the same every time.",
    DefaultValueFactory = _ => 1,
};
var seeds = new Option<int>("--seeds") { Description = "How many seeds to run.", DefaultValueFactory = _ => 1 };
var minutes = new Option<double?>("--minutes") { Description = "Run seeds for this long instead." };
var steps = new Option<int>("--steps") { Description = "Steps of a run.", DefaultValueFactory = _ => 400 };
var flips = new Option<bool>("--flip-bits") { Description = "Flip bits of stored files, too." };
var trace = new Option<bool>("--trace") { Description = "Say what happens, step by step." };
var command = new RootCommand(
    "Runs the broker with clients, time, crashes and disk faults from a seed, and checks every rule.")
{
    seed, seeds, minutes, steps, flips, trace,
};
command.SetAction(parsed => Batch.Run(
    parsed.GetValue(seed), parsed.GetValue(seeds), parsed.GetValue(minutes), parsed.GetValue(steps),
    parsed.GetValue(flips), parsed.GetValue(trace)));
return command.Parse(args).Invoke();

/// <summary>Runs one seed after the other.</summary>
internal static class Batch
{
    /// <summary>Seeds after which a long run says how far it is.</summary>
    private const int ReportEvery = 100;

    /// <returns>The exit code: 1 when a seed failed.</returns>
    public static int Run(ulong firstSeed, int count, double? minutes, int steps, bool flips, bool trace)
    {
        var started = Stopwatch.StartNew();
        var (runs, failures, crashes, messages, deliveries, byMqtt) = (0, 0, 0L, 0L, 0L, 0L);
        for (; minutes is { } limit ? started.Elapsed.TotalMinutes < limit : runs < count; runs++)
        {
            var options = new SimulationOptions
            {
                Seed = firstSeed + (ulong)runs,
                StepCount = steps,
                FlipsBits = flips,
                Trace = trace ? Console.WriteLine : null,
            };
            var simulator = new Simulator(options);
            try
            {
                simulator.Run();
            }
            catch (Exception e)
            {
                failures++;
                Report(options, e);
            }

            if ((runs + 1) % ReportEvery == 0) Console.WriteLine($"{runs + 1} seeds, {failures} failed");
            crashes += simulator.CrashCount;
            messages += simulator.MessageCount;
            deliveries += simulator.DeliveryCount;
            byMqtt += simulator.MqttReceivedCount;
        }

        Console.WriteLine(
            $"{runs} seeds, {failures} failed; {messages} messages, {deliveries} deliveries, "
            + $"{byMqtt} by MQTT, {crashes} crashes, {started.Elapsed.TotalSeconds:F1} s");
        return failures == 0 ? 0 : 1;
    }

    private static void Report(SimulationOptions options, Exception e)
    {
        Console.WriteLine($"Seed {options.Seed} failed: {e}");
        Console.WriteLine(
            "Again: dotnet run --project tests/Posthaste.Simulation -c Release -- "
            + $"--seed {options.Seed} --steps {options.StepCount}" + (options.FlipsBits ? " --flip-bits" : ""));
    }
}
