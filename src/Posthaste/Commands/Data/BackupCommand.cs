using System.CommandLine;
using Posthaste.Server;
using Posthaste.Storage.Verification;
using Posthaste.Terminal;

namespace Posthaste.Commands.Data;

/// <summary><c>posthaste data backup</c>: a checked copy of a data directory.</summary>
internal static class BackupCommand
{
    /// <summary>The name that a copy in the making has: until it is whole, nobody mistakes it for one.</summary>
    private const string PartialSuffix = ".partial";

    private static readonly Argument<string> Directory = DataCommand.Directory();
    private static readonly Argument<string> Target = new("target") { Description = "Where to; it must not exist." };
    private static readonly Option<string> KeyFile = DataCommand.KeyFile();

    private static readonly Option<string> TargetKeyFile = new("--target-key-file")
    {
        Description = "Encrypt the copy anew, whatever the directory is: with a key of its own, kept by this one.",
        HelpName = "FILE",
    };

    private static readonly Option<bool> Decrypt = new("--decrypt") { Description = "Do not encrypt the copy." };

    private static readonly Option<bool> Json = BrokerOption.CreateJson();

    public static Command Create()
    {
        var command = new ManualCommand("backup", "Copy a data directory and check the copy.",
            """
            The copy is synced to disk, read back and checked before the command says that it is there. To
            restore, start a broker on it (or on a copy of it). The copy of an encrypted directory is encrypted
            with the same key, unless told otherwise.

            Examples:
              posthaste data backup posthaste-data /backup/2026-01-31
              posthaste data backup posthaste-data encrypted-data --target-key-file /etc/posthaste/key
            """)
        { Directory, Target, KeyFile, TargetKeyFile, Decrypt, Json };
        command.SetAction((parsed, cancellation) => DataCommand.GuardAsync(() => RunAsync(parsed, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var source = parsed.GetRequiredValue(Directory);
        var target = Path.GetFullPath(parsed.GetRequiredValue(Target));
        if (Path.Exists(target))
            throw new PosthasteConfigurationException($"{target} exists; a backup does not write over anything");

        var key = DataCommand.ReadKey(parsed, KeyFile);
        var targetKey = DataCommand.ReadKey(parsed, TargetKeyFile);
        var decrypts = parsed.GetValue(Decrypt);
        if (decrypts && targetKey is not null)
            throw new PosthasteConfigurationException("--decrypt and --target-key-file exclude each other");

        using var device = DataCommand.Open(source, key);
        using var held = device.Lock();
        var partial = target + PartialSuffix;
        if (Path.Exists(partial))
            throw new PosthasteConfigurationException(
                $"{partial} exists, from a backup that was interrupted; delete it first");

        var isAnew = decrypts || targetKey is not null;
        var bytes = await Screen.WithProgressAsync("copying", report => isAnew
            ? Task.FromResult(DirectoryCopy.Anew(device, partial, targetKey, report, cancellation))
            : DirectoryCopy.AsItIsAsync(source, partial, report, cancellation));
        using (var copy = DataCommand.Open(partial, isAnew ? targetKey : key))
        {
            var verification = await VerifyCommand.VerifyAsync(copy);
            Report(target, bytes, verification, parsed.GetValue(Json));
            // Damage is copied like anything else: a copy of what is left is better than none.
            System.IO.Directory.Move(partial, target);
            return VerifyCommand.HasDamage(verification) ? ExitCode.Data : ExitCode.Ok;
        }
    }

    private static void Report(string target, long bytes, DataVerification verification, bool isJson)
    {
        if (isJson)
        {
            JsonOutput.Write(writer =>
            {
                writer.WriteString("target", target);
                writer.WriteNumber("bytes", bytes);
                writer.WriteBoolean("ok", !VerifyCommand.HasDamage(verification));
            });
        }
        else
        {
            Screen.Fact("backup", $"{target}: {bytes / 1e6:#,0.0} MB");
        }

        foreach (var finding in verification.Findings) Screen.Error(VerifyCommand.Describe(finding));
    }
}
