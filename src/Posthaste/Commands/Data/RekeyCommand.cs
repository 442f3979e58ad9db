using System.CommandLine;
using Posthaste.Storage.Devices;
using Posthaste.Storage.Encryption;
using Posthaste.Terminal;

namespace Posthaste.Commands.Data;

/// <summary><c>posthaste data rekey</c>: another key for an encrypted data directory.</summary>
internal static class RekeyCommand
{
    private static readonly Argument<string> Directory = DataCommand.Directory();
    private static readonly Option<string> KeyFile = Required(DataCommand.KeyFile());

    private static readonly Option<string> NewKeyFile = new("--new-key-file")
    {
        Description = "File with the key that opens it from now on.",
        HelpName = "FILE",
        Required = true,
    };

    public static Command Create()
    {
        var command = new ManualCommand("rekey", "Replace the key of an encrypted data directory.",
            """
            At once, whatever the size: the data is encrypted with a key of the directory's own, which is only wrapped
            anew. Backups still open with the key of their time. Where the directory's own key may be known to others,
            encrypt everything anew instead: backup with --target-key-file, and start the broker on the copy.

            Example:
              openssl rand -hex 32 > new.key
              posthaste data rekey posthaste-data --key-file old.key --new-key-file new.key
            """)
        { Directory, KeyFile, NewKeyFile };
        command.SetAction((parsed, _) => DataCommand.GuardAsync(() => Task.FromResult(Run(parsed))));
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var path = parsed.GetRequiredValue(Directory);
        using var device = DataCommand.Open(path);
        var from = MasterKey.Read(parsed.GetRequiredValue(KeyFile));
        DataDirectory.ReplaceKey(device, from, MasterKey.Read(parsed.GetRequiredValue(NewKeyFile)));
        Screen.Done($"{path} opens with the new key only");
        return ExitCode.Ok;
    }

    private static Option<string> Required(Option<string> option)
    {
        option.Required = true;
        return option;
    }
}
