using System.Collections.Concurrent;

namespace Posthaste.Interop.Tests.Foreign;

/// <summary>A client of npm: a folder of <c>clients/</c> with its checks and its lock file.</summary>
/// <param name="folder">The folder's name.</param>
internal sealed class NodePackage(string folder)
{
    // One installation for all tests of the run that ask for the folder.
    private static readonly ConcurrentDictionary<string, Lazy<Task<string?>>> Installed = new();

    public string Directory { get; } = Path.Combine(AppContext.BaseDirectory, "clients", folder);

    /// <summary>Installs what the lock file pins; what is missing, in words, where that is not possible.</summary>
    public Task<string?> PrepareAsync() =>
        Installed.GetOrAdd(folder, _ => new Lazy<Task<string?>>(InstallAsync)).Value;

    /// <summary>Runs a script of the folder with these arguments.</summary>
    public Task<CommandResult> RunAsync(params string[] arguments) =>
        Command.RunAsync("node", arguments, [], Directory);

    private async Task<string?> InstallAsync()
    {
        if (!await Command.ExistsAsync("node", "--version"))
            return "Node.js is not installed.";
        if (File.Exists(Path.Combine(Directory, "node_modules", ".package-lock.json")))
            return null;
        if (!await Command.ExistsAsync("npm", "--version"))
            return "npm is not installed.";
        CommandResult install = await Command.RunAsync("npm", ["ci"], [], Directory);
        return install.ExitCode == 0 ? null : $"npm could not install {folder}: {install.Errors}";
    }
}
