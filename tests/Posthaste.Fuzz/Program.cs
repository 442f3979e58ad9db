using System.CommandLine;
using Posthaste.Fuzz;
using Posthaste.Fuzz.Mqtt;
using Posthaste.Fuzz.Recovery;
using Posthaste.Fuzz.Stomp;
using Posthaste.Fuzz.Wire;

// Each target is a command of its own: `dotnet run --project tests/Posthaste.Fuzz -- wire --seconds 60 --seed 1`.
IFuzzTarget[] targets = [new WireTarget(), new MqttTarget(), new StompTarget(), new RecoveryTarget()];

var seconds = new Option<int>("--seconds") { Description = "How long to try inputs.", DefaultValueFactory = _ => 60 };
var seed = new Option<int>("--seed")
{
    Description = "Where the inputs come from: the same seed tries the same inputs in the same order.",
    DefaultValueFactory = _ => Random.Shared.Next(),
};
var root = new RootCommand("Feeds damaged bytes to what reads bytes from outside, and checks what comes of it.");
foreach (var target in targets)
{
    var command = new Command(target.Name, $"Fuzz the target '{target.Name}'.") { seconds, seed };
    command.SetAction(arguments => Run(target, arguments.GetValue(seconds), arguments.GetValue(seed)));
    root.Add(command);
}

return root.Parse(args).Invoke();

static int Run(IFuzzTarget target, int seconds, int seed)
{
    Console.WriteLine($"fuzzing {target.Name} for {seconds} s with seed {seed}");
    var loop = new FuzzLoop(target, seed);
    try
    {
        loop.RunFor(TimeSpan.FromSeconds(seconds));
    }
    catch (Exception finding)
    {
        Console.Error.WriteLine($"input {loop.InputCount} of seed {seed}: {Convert.ToHexString(loop.LastInput)}");
        Console.Error.WriteLine(finding);
        return 1;
    }

    Console.WriteLine($"{loop.InputCount:N0} inputs, nothing found");
    return 0;
}
