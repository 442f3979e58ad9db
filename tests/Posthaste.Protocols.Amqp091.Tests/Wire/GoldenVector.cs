using System.Reflection;
using System.Text;

namespace Posthaste.Protocols.Amqp091.Tests.Wire;

/// <summary>
/// Octets as they are on a wire and what a decoder must find in them, out of the files in Golden/: written from the
/// specification, not by the codec.
/// </summary>
public sealed record GoldenVector(string Title, byte[] Octets, string[] Expected)
{
    public static IReadOnlyList<GoldenVector> All { get; } = LoadAll();

    private static List<GoldenVector> LoadAll()
    {
        var assembly = Assembly.GetExecutingAssembly();
        var vectors = new List<GoldenVector>();
        var files = assembly.GetManifestResourceNames();
        foreach (var file in files.Where(name => name.EndsWith(".hex", StringComparison.Ordinal)))
        {
            using var text = new StreamReader(assembly.GetManifestResourceStream(file)!, Encoding.UTF8);
            vectors.AddRange(Parse(file, text.ReadToEnd()));
        }

        return vectors;
    }

    private static bool IsExpectation(string line) => line.StartsWith("-> ", StringComparison.Ordinal);

    private static IEnumerable<GoldenVector> Parse(string file, string text)
    {
        foreach (var section in text.Split("\n== ").Skip(1))
        {
            var lines = section.Split('\n');
            var expected = lines.Where(IsExpectation).Select(line => line[3..]);
            var hex = lines.Skip(1)
                .Where(line => !IsExpectation(line))
                .Select(line => line.Split('#')[0].Replace(" ", "", StringComparison.Ordinal));
            yield return new GoldenVector(
                $"{file}: {lines[0]}", Convert.FromHexString(string.Concat(hex)), [.. expected]);
        }
    }
}
