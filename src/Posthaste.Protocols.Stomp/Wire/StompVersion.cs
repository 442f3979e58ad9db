using System.Text;

namespace Posthaste.Protocols.Stomp.Wire;

/// <summary>The versions of STOMP, in order.</summary>
internal enum StompVersion : byte
{
    V10,
    V11,
    V12,
}

/// <summary>Choosing a version: the client lists what it accepts, the highest that both know is spoken.</summary>
internal static class StompVersions
{
    /// <summary>What a client is told that asks for none of them.</summary>
    public static ReadOnlySpan<byte> Supported => "1.0,1.1,1.2"u8;

    public static ReadOnlySpan<byte> Name(StompVersion version) => version switch
    {
        StompVersion.V10 => "1.0"u8,
        StompVersion.V11 => "1.1"u8,
        _ => "1.2"u8,
    };

    /// <summary>
    /// The highest known version of a comma-separated `accept-version`; false if there is none. Clients of 1.0 send no
    /// such header.
    /// </summary>
    /// <param name="accepted">The header's value.</param>
    /// <param name="version">What was agreed on.</param>
    /// <param name="spoken">Versions that may be spoken; null: all.</param>
    public static bool TryNegotiate(
        ReadOnlySpan<byte> accepted, out StompVersion version, IReadOnlySet<string>? spoken = null)
    {
        version = default;
        var found = false;
        foreach (var range in accepted.Split((byte)','))
        {
            if (!TryParse(accepted[range].Trim((byte)' '), out var offered))
                continue;
            if (spoken is not null && !spoken.Contains(TextOf(offered)))
                continue;
            if (!found || offered > version)
                version = offered;
            found = true;
        }

        return found;
    }

    private static string TextOf(StompVersion version) => Encoding.ASCII.GetString(Name(version));

    private static bool TryParse(ReadOnlySpan<byte> name, out StompVersion version)
    {
        version = name.Length == 3 ? (StompVersion)(name[2] - '0') : default;
        return name.Length == 3 && name.StartsWith("1."u8) && name[2] is >= (byte)'0' and <= (byte)'2';
    }
}
