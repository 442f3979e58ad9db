using Microsoft.Extensions.Logging;

namespace Posthaste.Broker.Auditing;

/// <summary>Something that the audit log records.</summary>
/// <param name="Id">Event id; never used for anything else.</param>
/// <param name="Name">Its name, as stable as the id.</param>
/// <param name="Level">Of the entry in the log.</param>
/// <param name="Meaning">What has happened, for the documentation.</param>
public sealed record AuditEvent(int Id, string Name, LogLevel Level, string Meaning);

/// <summary>Every event of the audit log. Ids 3000-3099, never reused; the table of docs/security.md.</summary>
public static class AuditEvents
{
    public static readonly AuditEvent LoginSucceeded = new(
        3001, nameof(LoginSucceeded), LogLevel.Information,
        "A client has proven who it is, also anew. Of requests to the management API only failures are recorded.");

    public static readonly AuditEvent LoginFailed = new(
        3002, nameof(LoginFailed), LogLevel.Warning,
        "A client has not, with the reason and the name that it gave.");

    public static readonly AuditEvent LoginExpired = new(
        3003, nameof(LoginExpired), LogLevel.Warning,
        "A connection is closed because its access token was not renewed.");

    public static readonly AuditEvent AccessDenied = new(
        3010, nameof(AccessDenied), LogLevel.Warning,
        "A user was refused what permissions or tags do not allow.");

    public static readonly AuditEvent UserChanged = new(
        3020, nameof(UserChanged), LogLevel.Information, "A user was added, changed or removed.");

    public static readonly AuditEvent PermissionChanged = new(
        3021, nameof(PermissionChanged), LogLevel.Information, "A permission or topic permission was set or removed.");

    public static readonly AuditEvent VirtualHostChanged = new(
        3022, nameof(VirtualHostChanged), LogLevel.Information,
        "A virtual host was added, changed or removed, or its limits were.");

    public static readonly AuditEvent PolicyChanged = new(
        3023, nameof(PolicyChanged), LogLevel.Information, "A policy or operator policy was set or removed.");

    public static readonly AuditEvent ParameterChanged = new(
        3024, nameof(ParameterChanged), LogLevel.Information, "A parameter was set or removed.");

    public static readonly AuditEvent TopologyChanged = new(
        3025, nameof(TopologyChanged), LogLevel.Information,
        "An exchange, queue or binding was declared or deleted through the management API.");

    public static readonly AuditEvent DefinitionsExported = new(
        3030, nameof(DefinitionsExported), LogLevel.Information,
        "Definitions were read, which hold the users' password hashes.");

    public static readonly AuditEvent DefinitionsImported = new(
        3031, nameof(DefinitionsImported), LogLevel.Information, "Definitions were taken in.");

    public static readonly AuditEvent QueuePurged = new(
        3040, nameof(QueuePurged), LogLevel.Warning, "A queue was emptied through the management API.");

    public static readonly AuditEvent MessagesTaken = new(
        3041, nameof(MessagesTaken), LogLevel.Information, "Messages were read through the management API.");

    public static readonly AuditEvent MessagePublished = new(
        3042, nameof(MessagePublished), LogLevel.Information, "A message was published through the management API.");

    public static readonly AuditEvent ConnectionClosed = new(
        3043, nameof(ConnectionClosed), LogLevel.Warning, "Somebody closed a client's connection.");

    public static readonly AuditEvent OtherAction = new(
        3049, nameof(OtherAction), LogLevel.Information, "Something else was changed through the management API.");

    public static readonly AuditEvent FileBegun = new(
        3080, nameof(FileBegun), LogLevel.Information,
        "First line of each audit file, with the last seal of the file before. Only in files.");

    public static readonly AuditEvent LineTorn = new(
        3081, nameof(LineTorn), LogLevel.Warning,
        "The line before is a part of one: a crash has cut it off. Only in files.");

    public static readonly AuditEvent EntriesLost = new(
        3090, nameof(EntriesLost), LogLevel.Error,
        "So many entries are missing before this one: more came in a second than are recorded, or the file could not "
        + "be written.");

    /// <summary>All of them, by id.</summary>
    public static IReadOnlyList<AuditEvent> All { get; } =
    [
        LoginSucceeded, LoginFailed, LoginExpired, AccessDenied, UserChanged, PermissionChanged, VirtualHostChanged,
        PolicyChanged, ParameterChanged, TopologyChanged, DefinitionsExported, DefinitionsImported, QueuePurged,
        MessagesTaken, MessagePublished, ConnectionClosed, OtherAction, FileBegun, LineTorn, EntriesLost,
    ];

    /// <summary>The events as the table of docs/security.md.</summary>
    public static string ToMarkdown()
    {
        var rows = All.Select(entry => $"| {entry.Id} | `{entry.Name}` | {entry.Level} | {entry.Meaning} |");
        string[] head = ["| Id | Event | Level | What has happened |", "|---|---|---|---|"];
        return string.Join('\n', head.Concat(rows));
    }
}
