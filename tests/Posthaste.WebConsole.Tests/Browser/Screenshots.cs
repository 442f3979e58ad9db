using System.Runtime.CompilerServices;

namespace Posthaste.WebConsole.Tests.Browser;

/// <summary>Takes the pictures of the documentation anew; built only with `-p:Screenshots=true`.</summary>
public sealed class Screenshots
{
    [Fact]
    public async Task Are_taken()
    {
        var (missing, result) = await BrowserScript.RunAsync("screenshots.js", Folder());
        Assert.Null(missing);
        Assert.True(result!.ExitCode == 0, result.Errors);
    }

    private static string Folder([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../docs/images"));
}
