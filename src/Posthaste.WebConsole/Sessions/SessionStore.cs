using System.Collections.Concurrent;
using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Posthaste.Management;

namespace Posthaste.WebConsole.Sessions;

/// <summary>
/// Who is logged in. A cookie carries a random key and nothing else, so logging out ends a session for good, also for
/// somebody who has copied the cookie.
/// </summary>
/// <param name="time">Tells when a session has ended.</param>
internal sealed class SessionStore(TimeProvider time) : ITicketStore
{
    /// <summary>
    /// Sessions at a time; the one that ends first makes room. 10,000: each takes some 2 KiB, and only a password opens
    /// one.
    /// </summary>
    private const int SessionsMax = 10_000;

    private const string StampClaim = "posthaste:stamp";

    private readonly ConcurrentDictionary<string, AuthenticationTicket> _tickets = new(StringComparer.Ordinal);

    public Task<string> StoreAsync(AuthenticationTicket ticket)
    {
        if (_tickets.Count >= SessionsMax) MakeRoom();
        var key = Convert.ToHexString(RandomNumberGenerator.GetBytes(32));
        _tickets[key] = ticket;
        return Task.FromResult(key);
    }

    public Task RenewAsync(string key, AuthenticationTicket ticket)
    {
        // Not one that has been logged out meanwhile.
        if (_tickets.TryGetValue(key, out var known)) _tickets.TryUpdate(key, ticket, known);
        return Task.CompletedTask;
    }

    public Task<AuthenticationTicket?> RetrieveAsync(string key)
    {
        if (!_tickets.TryGetValue(key, out var ticket)) return Task.FromResult<AuthenticationTicket?>(null);
        if (ticket.Properties.ExpiresUtc > time.GetUtcNow()) return Task.FromResult<AuthenticationTicket?>(ticket);
        _tickets.TryRemove(key, out _);
        return Task.FromResult<AuthenticationTicket?>(null);
    }

    public Task RemoveAsync(string key)
    {
        _tickets.TryRemove(key, out _);
        return Task.CompletedTask;
    }

    public static ClaimsPrincipal PrincipalOf(ManagementUser user) => new(new ClaimsIdentity(
        [new Claim(ClaimTypes.Name, user.Name), new Claim(StampClaim, user.Stamp)],
        CookieAuthenticationDefaults.AuthenticationScheme));

    /// <summary>Null when nobody is logged in.</summary>
    public static ManagementUser? UserOf(ClaimsPrincipal principal) =>
        principal.Identity?.Name is { } name && principal.FindFirst(StampClaim) is { } stamp
            ? new ManagementUser(name, stamp.Value)
            : null;

    private void MakeRoom()
    {
        var first = _tickets.MinBy(static entry => entry.Value.Properties.ExpiresUtc);
        if (first.Key is { } key) _tickets.TryRemove(key, out _);
    }
}
