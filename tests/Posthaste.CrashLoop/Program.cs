using System.CommandLine;
using Posthaste.CrashLoop;

var rounds = new Option<int>("--rounds")
{
    Description = "How often the broker is ended.",
    DefaultValueFactory = _ => 200,
};
var seed = new Option<int>("--seed")
{
    Description = "Where the moments and the clients' choices come from.",
    DefaultValueFactory = _ => Random.Shared.Next(),
};
var terminate = new Option<bool>("--terminate") { Description = "End it with SIGTERM instead of SIGKILL." };
var memory = new Option<bool>("--memory") { Description = "Keep nothing on disk, to see the loop find losses." };
var log = new Option<bool>("--log") { Description = "Print what the broker wrote, at the end." };

var command = new RootCommand("Ends a broker under load, again and again, and checks that it kept every promise.")
{
    rounds, seed, terminate, memory, log,
};
command.SetAction(async (arguments, _) =>
{
    CrashReport report = await CrashRun.RunAsync(new CrashOptions(arguments.GetValue(rounds), arguments.GetValue(seed))
    {
        End = arguments.GetValue(terminate) ? BrokerEnd.Terminate : BrokerEnd.Kill,
        InMemory = arguments.GetValue(memory),
        Output = Console.Out,
    });
    if (arguments.GetValue(log))
        Console.WriteLine(report.Log);
    Console.WriteLine(report);
    return report.Violations.Any ? 1 : 0;
});
return await command.Parse(args).InvokeAsync();
