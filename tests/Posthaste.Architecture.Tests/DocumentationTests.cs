using System.Reflection;
using System.Xml.Linq;
using Posthaste.Server;

namespace Posthaste.Architecture.Tests;

/// <summary>What other people's programs call has to say what it does.</summary>
public sealed class DocumentationTests
{
    [Fact]
    public void The_api_for_embedding_is_documented()
    {
        var assembly = typeof(PosthasteBroker).Assembly;
        var documented = XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml")).Descendants("member")
            .Where(member => member.Element("summary") is not null)
            .Select(member => ((string)member.Attribute("name")!).Split('(')[0])
            .ToHashSet(StringComparer.Ordinal);

        var missing = assembly.GetExportedTypes()
            .Where(type => type.Namespace == typeof(PosthasteBroker).Namespace)
            .SelectMany(type => Names(type).Prepend($"T:{type.FullName}"))
            .Where(name => !documented.Contains(name))
            .ToList();
        Assert.True(missing.Count == 0, string.Join('\n', missing));
    }

    private static IEnumerable<string> Names(Type type)
    {
        const BindingFlags Declared =
            BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        // A primary constructor is documented by its type.
        return type.GetMembers(Declared).Where(member => member is not ConstructorInfo and not TypeInfo)
            .SelectMany(member =>
            member switch
            {
                MethodInfo { IsSpecialName: false } => [$"M:{type.FullName}.{member.Name}"],
                PropertyInfo => [$"P:{type.FullName}.{member.Name}"],
                FieldInfo => [$"F:{type.FullName}.{member.Name}"],
                _ => Array.Empty<string>(),
            });
    }
}
