using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace Posthaste.Commands;

/// <summary>
/// A command with a page of text and examples for its own help, which its parent's list of commands leaves out.
/// </summary>
internal sealed class ManualCommand(string name, string summary, string manual) : Command(name, summary)
{
    public string Manual { get; } = manual;
}

/// <summary>Help as usual, and then the manual of the command.</summary>
internal sealed class ManualHelp(HelpAction usual, string rootManual) : SynchronousCommandLineAction
{
    /// <summary>Gives every command below the root help of this kind.</summary>
    public static void Install(RootCommand root, string rootManual)
    {
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new ManualHelp((HelpAction)help.Action!, rootManual);
    }

    public override int Invoke(ParseResult parseResult)
    {
        var result = usual.Invoke(parseResult);
        var manual = (parseResult.CommandResult.Command as ManualCommand)?.Manual;
        if (parseResult.CommandResult.Parent is not CommandResult) manual = rootManual;
        if (manual is not null) parseResult.InvocationConfiguration.Output.WriteLine(manual);
        return result;
    }
}
