using Posthaste.Broker.Protocols;
using Posthaste.Broker.Security;
using Posthaste.Broker.Security.Sasl;

namespace Posthaste.Broker.Tests.Security;

/// <summary>Logins for tests that have nothing else to do meanwhile.</summary>
internal static class WaitingLogins
{
    /// <param name="authenticator">Who is asked.</param>
    /// <param name="credentials">What is presented.</param>
    /// <param name="from">The connection.</param>
    /// <param name="reason">Why it was refused.</param>
    /// <param name="run">Does what a broker without threads has to do for it.</param>
    public static BrokerUser? Authenticate(
        this IAuthenticator authenticator, Credentials credentials, ProtocolConnection from, out string reason,
        Action? run = null)
    {
        var login = authenticator.AuthenticateAsync(credentials, from).AsTask();
        run?.Invoke();
        if (!login.Wait(TimeSpan.FromSeconds(60))) throw new TimeoutException("nothing decides about the login");
        (var user, reason) = login.GetAwaiter().GetResult();
        return user;
    }

    public static SaslStep Next(this SaslExchange exchange, ReadOnlySpan<byte> response) =>
        exchange.NextAsync(response.ToArray()).AsTask().GetAwaiter().GetResult();
}
