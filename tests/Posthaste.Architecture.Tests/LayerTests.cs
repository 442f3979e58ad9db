using System.Reflection;
using System.Xml.Linq;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Posthaste.Architecture.Tests;

/// <summary>Who may see whom. The table of ARCHITECTURE.md, enforced.</summary>
public sealed class LayerTests
{
    private static readonly Dictionary<string, string[]> MayReference = new()
    {
        ["Posthaste.Primitives"] = [],
        ["Posthaste.Core"] = ["Posthaste.Primitives"],
        ["Posthaste.Storage"] = ["Posthaste.Primitives"],
        ["Posthaste.Broker"] = ["Posthaste.Primitives", "Posthaste.Core", "Posthaste.Storage"],
        ["Posthaste.Protocols.*"] = ["Posthaste.Primitives", "Posthaste.Core", "Posthaste.Broker"],
        ["Posthaste.Management"] =
            ["Posthaste.Primitives", "Posthaste.Core", "Posthaste.Broker", "Posthaste.Protocols.Amqp091"],
        ["Posthaste.WebConsole"] = ["Posthaste.Management"],
        ["Posthaste.Server"] = ["*"],
        ["Posthaste"] = ["*"],
    };

    public static TheoryData<string> Projects =>
        [.. Directory.GetDirectories(Path.Combine(SourceFile.RepositoryRoot, "src"))
            .Select(path => Path.GetFileName(path)!)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_only_what_its_layer_may(string project)
    {
        var allowed = Allowed(project);
        var path = Path.Combine(SourceFile.RepositoryRoot, "src", project, $"{project}.csproj");
        var referenced = XDocument.Load(path).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!));
        Assert.All(referenced, name => Assert.True(IsAllowed(name, allowed), $"{project} must not reference {name}"));
    }

    /// <summary>
    /// References of references are visible to the compiler, so what the code really uses is asked too.
    /// </summary>
    [Theory]
    [MemberData(nameof(Projects))]
    public void An_assembly_uses_only_what_its_layer_may(string project)
    {
        var allowed = Allowed(project);
        var used = Assembly.Load(project == "Posthaste" ? "posthaste" : project).GetReferencedAssemblies()
            .Select(name => name.Name!)
            .Where(name => name.StartsWith("Posthaste", StringComparison.Ordinal));
        Assert.All(used, name => Assert.True(IsAllowed(name, allowed), $"{project} must not use {name}"));
    }

    [Fact]
    public void Protocols_do_not_see_each_other()
    {
        foreach (var file in SourceFile.Under("src")
            .Where(file => file.Path.StartsWith("src/Posthaste.Protocols.", StringComparison.Ordinal)))
        {
            var own = file.Path.Split('/')[1];
            var foreign = Usings(file).Where(name => name.StartsWith("Posthaste.Protocols.", StringComparison.Ordinal))
                .Where(name => name != own && !name.StartsWith(own + ".", StringComparison.Ordinal));
            Assert.True(!foreign.Any(), $"{file.Path} uses {string.Join(", ", foreign)}");
        }
    }

    [Fact]
    public void A_wire_codec_sees_only_primitives()
    {
        foreach (var file in WireFiles())
        {
            var codec = $"{file.Path.Split('/')[1]}.Wire";
            var foreign = Usings(file).Where(name => name.StartsWith("Posthaste.", StringComparison.Ordinal))
                .Where(name => !name.StartsWith("Posthaste.Primitives", StringComparison.Ordinal))
                .Where(name => !name.StartsWith(codec, StringComparison.Ordinal));
            Assert.True(!foreign.Any(), $"{file.Path} uses {string.Join(", ", foreign)}");
        }
    }

    [Fact]
    public void A_wire_codec_does_no_input_or_output()
    {
        AssertNamesNothingOf(
            WireFiles(), ["Task", "ValueTask", "Thread", "Socket", "Stream", "File", "PipeReader", "PipeWriter"]);
    }

    /// <summary>
    /// The core is a machine of commands in and effects out: what it can't name it can't do behind a simulation's
    /// back.
    /// </summary>
    [Fact]
    public void The_core_knows_no_tasks_threads_sockets_files_or_clocks() => AssertNamesNothingOf(
        SourceFile.Under("src/Posthaste.Core"),
        [
            "Task", "ValueTask", "Thread", "ThreadPool", "Timer", "ITimer", "Monitor", "Lock",
            "Socket", "File", "FileStream", "Directory", "RandomAccess",
            "DateTime", "DateTimeOffset", "TimeProvider", "Stopwatch", "Environment", "Random", "Guid",
        ]);

    private static void AssertNamesNothingOf(IEnumerable<SourceFile> files, string[] forbidden)
    {
        var set = forbidden.ToHashSet(StringComparer.Ordinal);
        var found = files
            .SelectMany(file => file.Root.DescendantNodes().OfType<SimpleNameSyntax>()
                .Where(name => set.Contains(name.Identifier.Text) && IsTypeOrReceiver(name))
                .Select(name => $"{file.At(name)} names {name.Identifier.Text}"))
            .ToList();
        Assert.True(found.Count == 0, string.Join('\n', found));
    }

    /// <summary>
    /// Whether the name stands where a type can: not a member's name behind a dot, not an initialiser's target.
    /// </summary>
    private static bool IsTypeOrReceiver(SimpleNameSyntax name) =>
        name.Parent is not MemberAccessExpressionSyntax access || access.Expression == name;

    private static List<SourceFile> WireFiles()
    {
        var files = SourceFile.Under("src")
            .Where(file => file.Path.Contains("/Wire/", StringComparison.Ordinal))
            .ToList();
        Assert.NotEmpty(files);
        return files;
    }

    private static IEnumerable<string> Usings(SourceFile file) =>
        file.Root.DescendantNodes().OfType<UsingDirectiveSyntax>()
            .Select(directive => directive.NamespaceOrType.ToString());

    private static string[] Allowed(string project) =>
        MayReference.TryGetValue(project, out var allowed) ? allowed
        : project.StartsWith("Posthaste.Protocols.", StringComparison.Ordinal) ? MayReference["Posthaste.Protocols.*"]
        : throw new InvalidOperationException($"{project} has no place in the table of layers");

    private static bool IsAllowed(string name, string[] allowed) => allowed is ["*"] || allowed.Contains(name);
}
