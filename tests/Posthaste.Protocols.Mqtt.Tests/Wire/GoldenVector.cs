using System.Reflection;
using System.Text;
using Posthaste.Protocols.Mqtt.Wire;

namespace Posthaste.Protocols.Mqtt.Tests.Wire;

/// <summary>
/// Octets as they are on a wire and what a decoder must find in them, out of the files in Golden/: written from the
/// specifications, not by the codec.
/// </summary>
public sealed record GoldenVector(string Title, MqttVersion Version, byte[] Octets, string[] Expected)
{
    public static IReadOnlyList<GoldenVector> All { get; } = LoadAll();

    /// <summary>Whether it has to be refused.</summary>
    public bool IsRefused => Expected.Any(line => line.StartsWith("error", StringComparison.Ordinal));

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
                $"{file}: {lines[0]}", VersionOf(lines[0]), Convert.FromHexString(string.Concat(hex)), [.. expected]);
        }
    }

    private static MqttVersion VersionOf(string title) => title.Split(':')[0] switch
    {
        "3.1" => MqttVersion.V31,
        "3.1.1" => MqttVersion.V311,
        "5" => MqttVersion.V5,
        var unknown => throw new InvalidDataException($"'{unknown}' is no version"),
    };
}
