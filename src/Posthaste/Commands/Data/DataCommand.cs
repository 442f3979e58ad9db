using System.CommandLine;
using Posthaste.Server;
using Posthaste.Storage.Devices;
using Posthaste.Storage.Encryption;

namespace Posthaste.Commands.Data;

/// <summary><c>posthaste data …</c>: what can be done with a data directory while no broker runs on it.</summary>
internal static class DataCommand
{
    public static Command Create() =>
        new ManualCommand("data", "Look into, check, export and copy a data directory.",
            """
            Nothing here changes the directory, except that rekey replaces its key. Stop the broker first, except
            for inspect and export, which show what was on disk at that moment.

            Examples:
              posthaste data inspect posthaste-data
              posthaste data verify posthaste-data && echo all is well
              posthaste data export posthaste-data --queue orders > orders.jsonl
              posthaste data backup posthaste-data /backup/today
            """)
        {
            InspectCommand.Create(),
            VerifyCommand.Create(),
            ExportCommand.Create(),
            BackupCommand.Create(),
            RekeyCommand.Create(),
        };

    internal static Argument<string> Directory() => new("directory") { Description = "The data directory." };

    internal static Option<string> KeyFile() => new("--key-file")
    {
        Description = "File with the key of an encrypted directory.",
        HelpName = "FILE",
    };

    /// <summary>The key that an option names; null when it is not given.</summary>
    /// <exception cref="IOException">The file holds no key, or can't be read.</exception>
    internal static MasterKey? ReadKey(ParseResult parsed, Option<string> option) =>
        parsed.GetValue(option) is { } file ? MasterKey.Read(file) : null;

    /// <summary>Opens a directory that holds data, as who has its key sees it.</summary>
    /// <exception cref="PosthasteDataException">It holds none, or data that this version can't read.</exception>
    /// <exception cref="IOException">The key is missing, or another one.</exception>
    internal static IStorageDevice Open(string directory, MasterKey? key)
    {
        var device = Open(directory);
        try
        {
            return DataDirectory.View(device, key);
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>Opens a directory that holds data, as it is on disk.</summary>
    /// <exception cref="PosthasteDataException">It holds none, or data that this version can't read.</exception>
    internal static FileDevice Open(string directory)
    {
        // Opening would make a missing one, and there is nothing to see in that.
        if (!System.IO.Directory.Exists(directory))
            throw new PosthasteDataException($"there is no directory {directory}");
        var device = new FileDevice(directory);
        try
        {
            if (DataDirectory.ReadId(device) == 0)
                throw new PosthasteDataException(
                    $"{directory} is no data directory of Posthaste: it has no file 'format'");
            return device;
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Runs a command on a directory; what the disk refuses is the directory's fault and not the command's.
    /// </summary>
    internal static async Task<int> GuardAsync(Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new PosthasteDataException(exception.Message, exception);
        }
    }
}
