using Posthaste.Storage.Encryption;

namespace Posthaste.Storage.Tests;

/// <summary>Keys for tests, of no secrecy.</summary>
internal static class TestKeys
{
    public static MasterKey Master { get; } = MasterKey.TryParse(new string('a', 64))!;

    public static MasterKey Other { get; } = MasterKey.TryParse(new string('b', 64))!;

    public static byte[] DataKey { get; } = [.. Enumerable.Range(0, XtsCipher.KeyBytes).Select(static i => (byte)i)];
}
