using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Posthaste.Architecture.Tests;

/// <summary>A file of the repository as the compiler reads it.</summary>
internal sealed record SourceFile(string Path, string Text, CompilationUnitSyntax Root)
{
    /// <summary>The repository's folder.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>Every C# file under a folder of the repository, build output excluded.</summary>
    public static IReadOnlyList<SourceFile> Under(string folder)
    {
        var files = Directory
            .EnumerateFiles(System.IO.Path.Combine(RepositoryRoot, folder), "*.cs", SearchOption.AllDirectories)
            .Where(path =>
                !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal))
            .Select(Read)
            .ToList();
        // A rule that looks at nothing holds always.
        Assert.NotEmpty(files);
        return files;
    }

    /// <summary>Path within the repository and line, as editors jump to it.</summary>
    public string At(SyntaxNode node) => At(node.GetLocation());

    /// <summary>Path within the repository and line, as editors jump to it.</summary>
    public string At(Location location) => $"{Path}:{location.GetLineSpan().StartLinePosition.Line + 1}";

    private static SourceFile Read(string path)
    {
        var text = File.ReadAllText(path);
        var root =
            CSharpSyntaxTree.ParseText(text, new CSharpParseOptions(LanguageVersion.Preview)).GetCompilationUnitRoot();
        return new SourceFile(System.IO.Path.GetRelativePath(RepositoryRoot, path).Replace('\\', '/'), text, root);
    }

    private static string FindRoot([CallerFilePath] string here = "")
    {
        var folder = new DirectoryInfo(System.IO.Path.GetDirectoryName(here)!);
        while (!File.Exists(System.IO.Path.Combine(folder.FullName, "Posthaste.slnx"))) folder = folder.Parent!;
        return folder.FullName;
    }
}
