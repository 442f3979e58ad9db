using System.Diagnostics;

namespace Posthaste.Interop.Tests.Foreign;

/// <summary>A client that is a Python module.</summary>
/// <param name="name">What Python imports.</param>
/// <param name="package">Debian's package.</param>
internal sealed class PythonModule(string name, string package)
{
    private string _python = "";

    /// <summary>
    /// Looks for a Python that has it: the one on the path, else the system's; what is missing, in words, where there
    /// is none.
    /// </summary>
    public async Task<string?> PrepareAsync()
    {
        foreach (string python in (string[])["python3", "/usr/bin/python3"])
        {
            if (!await Command.ExistsAsync(python, "-c", $"import {name}"))
                continue;
            _python = python;
            return null;
        }
        return $"No Python with {name} is installed (Debian: {package}).";
    }

    /// <summary>Runs that Python with these arguments.</summary>
    public Task<CommandResult> RunAsync(string workingDirectory, params string[] arguments) =>
        Command.RunAsync(_python, arguments, [], workingDirectory);

    /// <summary>Starts that Python with these arguments; the caller ends it.</summary>
    public Process Start(string workingDirectory, params string[] arguments) =>
        Command.Start(_python, arguments, workingDirectory);
}
