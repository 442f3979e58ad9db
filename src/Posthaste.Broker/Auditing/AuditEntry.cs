using System.Collections;
using System.Net;
using Posthaste.Broker.Protocols;

namespace Posthaste.Broker.Auditing;

/// <summary>
/// One entry of the audit log: who, from where, by what, and what it is about. As a list of fields it is what
/// structured loggers read. Immutable; never holds a secret.
/// </summary>
public sealed class AuditEntry : IReadOnlyList<KeyValuePair<string, object?>>
{
    /// <summary>Characters of a text at most: what a client says must not fill the log.</summary>
    private const int TextCharsMax = 512;

    private readonly KeyValuePair<string, object?>[] _fields;

    /// <param name="kind">What has happened.</param>
    /// <param name="at">When.</param>
    /// <param name="user">Who, as far as that is known.</param>
    /// <param name="from">The connection; null for the broker itself.</param>
    /// <param name="subject">What it is about: a virtual host, a request, what was refused.</param>
    /// <param name="detail">The mechanism of a login, the reason of a refusal; empty for none.</param>
    public AuditEntry(
        AuditEvent kind, DateTimeOffset at, string user, ProtocolConnection? from, string subject, string detail = "")
    {
        Kind = kind;
        At = at;
        _fields =
        [
            new("User", Shown(user)), new("Listener", from?.Listener ?? ""),
            new("From", from?.RemoteEndPoint is IPEndPoint peer ? Unmap(peer) : ""),
            new("Subject", Shown(subject)), new("Detail", Shown(detail)),
        ];
    }

    public AuditEvent Kind { get; }

    public DateTimeOffset At { get; }

    public int Count => _fields.Length;

    public KeyValuePair<string, object?> this[int index] => _fields[index];

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => _fields.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The entry on one line, for people.</summary>
    public override string ToString() =>
        $"{Kind.Name}: {string.Join(", ", _fields.Where(static f => f.Value is not "").Select(Format))}";

    private static string Format(KeyValuePair<string, object?> field) => $"{field.Key} '{field.Value}'";

    /// <summary>On one line, whatever a client has put into it.</summary>
    private static string Shown(string text)
    {
        if (text.Length > TextCharsMax) text = text[..TextCharsMax];
        return text.Any(char.IsControl) ? new([.. text.Select(static c => char.IsControl(c) ? '?' : c)]) : text;
    }

    private static string Unmap(IPEndPoint peer) => peer.Address.IsIPv4MappedToIPv6
        ? new IPEndPoint(peer.Address.MapToIPv4(), peer.Port).ToString()
        : peer.ToString();
}
