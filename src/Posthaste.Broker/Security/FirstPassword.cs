using System.Buffers.Text;

namespace Posthaste.Broker.Security;

/// <summary>Where the password comes from of the user that a new broker begins with.</summary>
internal static class FirstPassword
{
    /// <summary>144 random bits: 24 characters that need no quotes in a shell.</summary>
    private const int RandomBytes = 18;

    /// <summary>The one that the options say; null if they say none.</summary>
    /// <exception cref="ArgumentException">The file can't be read or holds none.</exception>
    public static string? Of(AuthenticationOptions options)
    {
        if (options.DefaultPasswordFile is not { } file) return options.DefaultPassword;
        try
        {
            var password = File.ReadAllText(file).TrimEnd('\r', '\n');
            return password.Length > 0
                ? password
                : throw new ArgumentException($"The file of the default password, {file}, is empty.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ArgumentException($"The default password can't be read: {e.Message}", e);
        }
    }

    public static string Make(Action<Span<byte>> fillRandom)
    {
        var bytes = new byte[RandomBytes];
        fillRandom(bytes);
        return Base64Url.EncodeToString(bytes);
    }
}
