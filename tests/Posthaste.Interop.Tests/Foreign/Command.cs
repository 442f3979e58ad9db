using System.ComponentModel;
using System.Diagnostics;

namespace Posthaste.Interop.Tests.Foreign;

/// <summary>What a command said and how it ended.</summary>
internal sealed record CommandResult(int ExitCode, byte[] OutputBytes, string Errors)
{
    public string Output => System.Text.Encoding.UTF8.GetString(OutputBytes);
}

/// <summary>Runs one command to its end, within a limit; it reads the given bytes and then the end.</summary>
internal static class Command
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    /// <summary>Whether the command can be started and succeeds.</summary>
    public static async Task<bool> ExistsAsync(string program, params string[] arguments) =>
        (await TryRunAsync(program, arguments))?.ExitCode == 0;

    /// <summary>What came of the command; null when there is no such program.</summary>
    public static async Task<CommandResult?> TryRunAsync(string program, params string[] arguments)
    {
        try
        {
            return await RunAsync(program, arguments);
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    public static Task<CommandResult> RunAsync(string program, params string[] arguments) =>
        RunAsync(program, arguments, [], Directory.GetCurrentDirectory());

    public static async Task<CommandResult> RunAsync(
        string program, string[] arguments, byte[] input, string workingDirectory)
    {
        using Process process = Start(program, arguments, workingDirectory);
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            using var output = new MemoryStream();
            Task reading = process.StandardOutput.BaseStream.CopyToAsync(output, limit.Token);
            Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
            await process.StandardInput.BaseStream.WriteAsync(input, limit.Token);
            process.StandardInput.Close();
            await reading;
            await process.WaitForExitAsync(limit.Token);
            return new CommandResult(process.ExitCode, output.ToArray(), await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end in {Limit}.");
        }
    }

    /// <summary>Starts a command that the caller ends.</summary>
    public static Process Start(string program, string[] arguments, string workingDirectory) =>
        Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = workingDirectory,
        })!;
}
