using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Posthaste.Architecture.Tests;

/// <summary>What keeps the code readable, counted.</summary>
public sealed partial class TidyTests
{
    /// <summary>Two files side by side on a laptop.</summary>
    private const int LineCharactersMax = 120;

    /// <summary>One idea a file; beyond this it is two.</summary>
    private const int FileLinesMax = 500;

    /// <summary>A method fits on a screen.</summary>
    private const int MethodLinesMax = 70;

    private static readonly string[] Folders = ["src", "tests", "bench", "samples"];

    [Fact]
    public void Lines_fit() => AssertNone(
        from file in All()
        from line in file.Text.Split('\n').Select((text, index) => (text, number: index + 1))
        where line.text.Length > LineCharactersMax && !Diagram().IsMatch(line.text)
        select $"{file.Path}:{line.number} has {line.text.Length} characters");

    [Fact]
    public void Files_of_the_product_are_one_idea() => AssertNone(
        from file in SourceFile.Under("src")
        let lines = file.Text.Count(character => character == '\n')
        where lines > FileLinesMax
        select $"{file.Path} has {lines} lines");

    [Fact]
    public void Methods_of_the_product_fit_on_a_screen() => AssertNone(
        from file in SourceFile.Under("src")
        from method in file.Root.DescendantNodes().Where(IsMethod)
        let span = method.GetLocation().GetLineSpan()
        let lines = span.EndLinePosition.Line - span.StartLinePosition.Line + 1
        where lines > MethodLinesMax
        select $"{file.At(method)} has {lines} lines");

    [Fact]
    public void Nothing_is_left_for_later() => AssertNone(
        from file in All()
        where !file.Path.EndsWith(nameof(TidyTests) + ".cs", StringComparison.Ordinal)
        from trivia in file.Root.DescendantTrivia()
        where Leftover().IsMatch(trivia.ToFullString())
        select $"{file.At(trivia.GetLocation())} {trivia.ToString().Trim()}");

    /// <summary>A catch does something, or a comment in it says why nothing is right.</summary>
    [Fact]
    public void No_catch_is_silent() => AssertNone(
        from file in All()
        from clause in file.Root.DescendantNodes().OfType<CatchClauseSyntax>()
        where clause.Block.Statements.Count == 0
        where !clause.Block.DescendantTrivia().Any(trivia => trivia.IsKind(SyntaxKind.SingleLineCommentTrivia))
        select file.At(clause));

    [Fact]
    public void Namespaces_follow_folders() => AssertNone(
        from file in All()
        from space in file.Root.DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>()
        let expected = string.Join('.', file.Path.Split('/')[1..^1])
        where space.Name.ToString() != expected
        select $"{file.At(space)} is in {space.Name}, its folder says {expected}");

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = File.ReadAllText(Path.Combine(SourceFile.RepositoryRoot, "Posthaste.slnx"));
        var projects = Folders
            .Select(folder => Path.Combine(SourceFile.RepositoryRoot, folder))
            .Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.csproj", SearchOption.AllDirectories))
            .Select(path => Path.GetRelativePath(SourceFile.RepositoryRoot, path).Replace('\\', '/'));
        AssertNone(projects.Where(path => !solution.Contains($"\"{path}\"", StringComparison.Ordinal)));
    }

    [Fact]
    public void Links_of_the_documentation_lead_somewhere() => AssertNone(
        from path in Directory.EnumerateFiles(SourceFile.RepositoryRoot, "*.md", SearchOption.AllDirectories)
        let name = Path.GetRelativePath(SourceFile.RepositoryRoot, path)
        where !name.Contains("node_modules", StringComparison.Ordinal)
            && !name.StartsWith("artifacts", StringComparison.Ordinal)
        from Match link in Link().Matches(File.ReadAllText(path))
        let target = link.Groups[1].Value
        where !target.Contains("://", StringComparison.Ordinal)
            && !Path.Exists(Path.Combine(Path.GetDirectoryName(path)!, target))
        select $"{name} links to {target}");

    private static IEnumerable<SourceFile> All() => Folders
        .Where(folder => Directory.Exists(Path.Combine(SourceFile.RepositoryRoot, folder)))
        .SelectMany(SourceFile.Under);

    private static bool IsMethod(SyntaxNode node) =>
        node is BaseMethodDeclarationSyntax or AccessorDeclarationSyntax or LocalFunctionStatementSyntax;

    private static void AssertNone(IEnumerable<string> findings)
    {
        var found = findings.ToList();
        Assert.True(found.Count == 0, string.Join('\n', found));
    }

    [GeneratedRegex(@"\]\(([^)#\s]+)(#[^)]*)?\)")]
    private static partial Regex Link();

    /// <summary>A line of a byte diagram, which can't be wrapped.</summary>
    [GeneratedRegex(@"^\s*///?  ?[ +|]")]
    private static partial Regex Diagram();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b")]
    private static partial Regex Leftover();
}
