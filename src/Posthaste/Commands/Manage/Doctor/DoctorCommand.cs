using System.CommandLine;
using Posthaste.Api;
using Posthaste.Terminal;

namespace Posthaste.Commands.Manage.Doctor;

/// <summary><c>posthaste doctor</c>: what is wrong, or will be, and what to change.</summary>
internal static class DoctorCommand
{
    private static readonly Option<string?> Data = new("--data")
    {
        Description = "A data directory on this machine: checks its disk, and what a sync takes.",
        HelpName = "DIRECTORY",
    };

    public static Command Create()
    {
        var command = new ManualCommand("doctor", "Check machine and broker, and say what to change.",
            """
            Checks limits, memory, clock, certificates, alarms, listeners, backlogs, messages that are out for long and
            quotas; with --data the disk too. Ends with 1 if something has to be changed.

            Examples:
              posthaste doctor --data posthaste-data
            """)
        { ApiOptions.Api, Data, ApiOptions.Json };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var findings = MachineChecks.Run(parsed.GetValue(Data)).ToList();
        using var client = ApiOptions.Connect(parsed);
        try
        {
            await foreach (var finding in BrokerChecks.RunAsync(client, TimeProvider.System, cancellation))
                findings.Add(finding);
        }
        catch (ApiClientException e)
        {
            findings.Add(new Finding("broker", Verdict.Bad, e.Message,
                "start it with posthaste serve, or say with --api where it is and who you are"));
        }

        foreach (var finding in findings)
        {
            if (parsed.GetValue(ApiOptions.Json)) WriteJson(finding);
            else Screen.Verdict(finding);
        }

        return findings.Exists(static finding => finding.Verdict == Verdict.Bad) ? ExitCode.Failed : ExitCode.Ok;
    }

    private static void WriteJson(Finding finding) => JsonOutput.Write(writer =>
    {
        writer.WriteString("check", finding.Check);
        writer.WriteString("verdict", finding.Verdict.ToString().ToLowerInvariant());
        writer.WriteString("fact", finding.Fact);
        if (finding.Advice is { } advice) writer.WriteString("advice", advice);
    });
}
