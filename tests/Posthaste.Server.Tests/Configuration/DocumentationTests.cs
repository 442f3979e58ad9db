using System.Runtime.CompilerServices;
using Posthaste.Broker.Auditing;
using Posthaste.Server.Configuration;
using Posthaste.Server.Transport;

namespace Posthaste.Server.Tests.Configuration;

public sealed class DocumentationTests
{
    /// <summary>
    /// The table is written by the options themselves; when they change, paste what this test prints.
    /// </summary>
    [Fact]
    public void The_table_of_limits_is_the_options_own()
    {
        var text = File.ReadAllText(PathOf("docs/operating.md"));
        Assert.True(text.Contains(NumberSetting.ToMarkdown(), StringComparison.Ordinal), NumberSetting.ToMarkdown());
    }

    [Fact]
    public void The_table_of_other_settings_is_the_options_own()
    {
        var text = File.ReadAllText(PathOf("docs/operating.md"));
        Assert.True(text.Contains(TextSetting.ToMarkdown(), StringComparison.Ordinal), TextSetting.ToMarkdown());
    }

    [Fact]
    public void Every_listener_is_documented_with_its_port()
    {
        var text = File.ReadAllText(PathOf("docs/operating.md"));
        Assert.All(ListenerKind.Of(Protocol.Known), kind =>
            Assert.Contains($"| `{kind.Name}` | {kind.DefaultPort} |", text, StringComparison.Ordinal));
    }

    [Fact]
    public void The_table_of_the_audit_log_is_its_own()
    {
        var text = File.ReadAllText(PathOf("docs/security.md"));
        Assert.True(text.Contains(AuditEvents.ToMarkdown(), StringComparison.Ordinal), AuditEvents.ToMarkdown());
    }

    private static string PathOf(string name, [CallerFilePath] string here = "")
    {
        var folder = new DirectoryInfo(Path.GetDirectoryName(here)!);
        while (!File.Exists(Path.Combine(folder.FullName, "Posthaste.slnx"))) folder = folder.Parent!;
        return Path.Combine(folder.FullName, name);
    }
}
