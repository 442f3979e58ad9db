using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Posthaste.Broker.Events;
using Posthaste.Broker.Notes;
using Posthaste.Broker.Security.Access;
using Posthaste.Broker.Security.Passwords;
using TopicMap = System.Collections.Immutable.ImmutableSortedDictionary<
    string, Posthaste.Broker.Security.Access.TopicPermission>;

namespace Posthaste.Broker.Security;

/// <summary>
/// The users, what they may do where, and how they prove who they are: one store for all protocols, durable as notes
/// of the broker. Reads take no lock; changes take effect at once and are journaled in the same order. Any thread.
/// </summary>
/// <remarks>
/// Commands return null, or why they were refused, for people. What a command has changed is durable once <see
/// cref="MessageBroker.WhenDurableAsync"/> says so.
/// </remarks>
public sealed class UserStore
{
    /// <summary>The user of a broker that nobody has configured.</summary>
    public const string Guest = "guest";

    /// <summary>Users at most: 100,000 take some 100 MB; who has more keeps them elsewhere and brings tokens.</summary>
    public const int UsersMax = 100_000;

    private readonly Lock _lock = new();
    private readonly VirtualHostNotes _notes;
    private readonly Func<string, bool> _hasVirtualHost;
    private readonly BrokerEvents _events;
    private volatile Current _current = new(State.Empty);

    /// <param name="notes">The broker's.</param>
    /// <param name="hasVirtualHost">Whether there is one of a name: permissions are given in no other.</param>
    /// <param name="events">Told of what changes.</param>
    internal UserStore(VirtualHostNotes notes, Func<string, bool> hasVirtualHost, BrokerEvents events)
    {
        _notes = notes;
        _hasVirtualHost = hasVirtualHost;
        _events = events;
    }

    /// <summary>
    /// The named user, or its permissions, have changed; null: any of them may have. Raised without locks held.
    /// </summary>
    public event Action<string?>? Changed;

    public IEnumerable<User> Users => _current.State.Users.Values;

    /// <summary>All permissions, by user and virtual host.</summary>
    public IEnumerable<KeyValuePair<(string User, string VirtualHost), Permission>> Permissions =>
        _current.State.Permissions;

    /// <summary>All topic permissions, by user and virtual host, each with those of its exchanges.</summary>
    public IEnumerable<KeyValuePair<(string User, string VirtualHost), TopicMap>> TopicPermissions =>
        _current.State.Topics;

    public bool TryGet(string name, [NotNullWhen(true)] out User? user) =>
        _current.State.Users.TryGetValue(name, out user);

    public Permission? PermissionOf(string user, string virtualHost) =>
        _current.State.Permissions.GetValueOrDefault((user, virtualHost));

    /// <summary>What a user may do in a virtual host.</summary>
    public AccessRules RulesFor(string user, string virtualHost)
    {
        var current = _current;
        return current.Rules.GetOrAdd(
            (user, virtualHost),
            static (key, state) => new AccessRules(
                key.User, key.VirtualHost,
                state.Users.ContainsKey(key.User) ? state.Permissions.GetValueOrDefault(key) : null,
                state.Topics.GetValueOrDefault(key)),
            current.State);
    }

    /// <summary>Adds a user, or replaces all but the permissions of one that is there.</summary>
    public string? Put(User user)
    {
        if (CheckName(user.Name, "user name") is { } fault) return fault;
        return Change(user.Name, state =>
        {
            if (state.Users.Count >= UsersMax && !state.Users.ContainsKey(user.Name))
                return (state, $"there are {UsersMax} users already");
            var refused = Set(SecurityNotes.User(user.Name), SecurityNotes.Encode(user));
            return (state with { Users = state.Users.SetItem(user.Name, user) }, refused);
        }, before => _events.UserPut(before.Users.GetValueOrDefault(user.Name), user));
    }

    /// <summary>Changes a user that is there, in one step with looking at it.</summary>
    public string? Update(string name, Func<User, User> change) => Change(name, state =>
    {
        if (!state.Users.TryGetValue(name, out var known)) return (state, $"there is no user '{name}'");
        var user = change(known);
        return (state with { Users = state.Users.SetItem(name, user) },
            Set(SecurityNotes.User(name), SecurityNotes.Encode(user)));
    }, before => _events.UserPut(before.Users[name], _current.State.Users[name]));

    /// <summary>Removes a user with all permissions; its connections are closed.</summary>
    public string? Remove(string name) => Change(name, state =>
    {
        if (!state.Users.ContainsKey(name)) return (state, $"there is no user '{name}'");
        var refused = Remove(SecurityNotes.User(name))
            ?? RemoveAll(SecurityNotes.Permissions(name)) ?? RemoveAll(SecurityNotes.Topics(name));
        return (state.Without(name), refused);
    }, _ => _events.UserRemoved(name));

    /// <summary>Says what a user may do in a virtual host; null: nothing, not even enter it.</summary>
    public string? SetPermission(string user, string virtualHost, Permission? permission) => Change(user, state =>
    {
        if (!state.Users.ContainsKey(user)) return (state, $"there is no user '{user}'");
        if (permission is not null && !_hasVirtualHost(virtualHost)) return (state, NoVirtualHost(virtualHost));
        var note = SecurityNotes.Permission(user, virtualHost);
        return permission is null
            ? (state with { Permissions = state.Permissions.Remove((user, virtualHost)) }, Remove(note))
            : (state with { Permissions = state.Permissions.SetItem((user, virtualHost), permission) },
                Set(note, SecurityNotes.Encode(permission)));
    }, _ => _events.PermissionSet(user, virtualHost, permission));

    /// <summary>
    /// Says which routing keys a user may use with a topic exchange; null: all, or with no exchange named all of all.
    /// </summary>
    public string? SetTopicPermission(string user, string virtualHost, string exchange, TopicPermission? permission)
    {
        foreach (var pattern in (string[])[permission?.Write ?? "", permission?.Read ?? ""])
        {
            if (!AccessPattern.TryParse(pattern, out _, out var fault)) return fault;
        }

        return Change(user, state =>
        {
            if (!state.Users.ContainsKey(user)) return (state, $"there is no user '{user}'");
            if (permission is not null && !_hasVirtualHost(virtualHost)) return (state, NoVirtualHost(virtualHost));
            var key = (user, virtualHost);
            var topics = state.Topics.GetValueOrDefault(key)
                ?? ImmutableSortedDictionary.Create<string, TopicPermission>(StringComparer.Ordinal);
            var note = SecurityNotes.Topic(user, virtualHost, exchange);
            return permission is null
                ? (state with { Topics = state.Topics.SetItem(key, topics.Remove(exchange)) }, Remove(note))
                : (state with { Topics = state.Topics.SetItem(key, topics.SetItem(exchange, permission)) },
                    Set(note, SecurityNotes.Encode(permission)));
        }, _ => _events.TopicPermissionSet(user, virtualHost, exchange, permission));
    }

    /// <summary>A virtual host goes, and with it all permissions in it.</summary>
    /// <param name="virtualHost">Which.</param>
    /// <param name="changes">Gets the removals of their notes.</param>
    /// <param name="record">
    /// Records these with the virtual host's own end, so that one made again under its name lets nobody in who could
    /// enter it. False when it can't: then they stay.
    /// </param>
    internal bool TryForgetVirtualHost(string virtualHost, NoteChanges changes, Func<bool> record)
    {
        lock (_lock)
        {
            foreach (var key in SecurityNotes.InVirtualHost(_notes, virtualHost)) changes.Remove(key);
            if (!record()) return false;
            var before = _current.State;
            _current = new Current(before.WithoutVirtualHost(virtualHost));
            foreach (var key in before.Permissions.Keys.Where(key => key.VirtualHost == virtualHost))
                _events.PermissionSet(key.User, virtualHost, permission: null);
            return true;
        }
    }

    /// <summary>Tells those who want to know; without locks held.</summary>
    internal void VirtualHostForgotten() => Changed?.Invoke(null);

    /// <summary>Reads what the notes say. Before any other call.</summary>
    internal void Load() => _current = new Current(SecurityNotes.Read(_notes));

    /// <summary>
    /// Makes the user that clients try on a broker nobody has configured: an administrator with a password that is no
    /// secret, whom the authenticator therefore admits from this machine only.
    /// </summary>
    internal void AddGuest(IEnumerable<string> virtualHosts, Action<Span<byte>> fillRandom) =>
        // A well-known password needs no slow hash, and a test's broker should not wait for one.
        AddAdministrator(Guest, Guest, virtualHosts, fillRandom, ScramCredential.IterationsMin);

    /// <summary>Makes an administrator who may do everything in these virtual hosts.</summary>
    internal void AddAdministrator(
        string name, string password, IEnumerable<string> virtualHosts, Action<Span<byte>> fillRandom,
        int iterations = ScramCredential.IterationsDefault)
    {
        Put(new User(name)
        {
            Passwords =
            [
                ScramCredential.Create(ScramMechanism.Sha512, password, fillRandom, iterations),
                ScramCredential.Create(ScramMechanism.Sha256, password, fillRandom, iterations),
            ],
            Tags = [UserTags.Administrator],
        });
        foreach (var virtualHost in virtualHosts) SetPermission(name, virtualHost, Permission.Full);
    }

    /// <summary>What is wrong with a name; null if nothing.</summary>
    internal static string? CheckName(string name, string what) =>
        name.Length == 0 ? $"the {what} is empty"
        : Encoding.UTF8.GetByteCount(name) > User.NameBytesMax ? $"the {what} is longer than {User.NameBytesMax} bytes"
        : name.Any(char.IsControl) ? $"the {what} holds control characters"
        : null;

    /// <param name="user">Whom it concerns; null for many.</param>
    /// <param name="change">Makes the new state.</param>
    /// <param name="tell">Tells of it, given the old state; under the lock, so that events have the order.</param>
    private string? Change(
        string? user, Func<State, (State State, string? Refused)> change, Action<State> tell)
    {
        lock (_lock)
        {
            var before = _current.State;
            var (state, refused) = change(before);
            if (refused is not null) return refused;
            _current = new Current(state);
            tell(before);
        }

        Changed?.Invoke(user);
        return null;
    }

    private static string NoVirtualHost(string name) => $"there is no virtual host '{name}'";

    private string? Set(byte[] key, byte[] value) => NoteRefusals.Explain(_notes.Set(key, value));

    private string? Remove(byte[] key) => NoteRefusals.Explain(_notes.Remove(key));

    private string? RemoveAll(byte[] prefix) => NoteRefusals.Explain(_notes.RemoveAll(prefix));

    /// <summary>A state with the rules that were made from it, so that none outlives it.</summary>
    private sealed class Current(State state)
    {
        public State State { get; } = state;

        public ConcurrentDictionary<(string User, string VirtualHost), AccessRules> Rules { get; } = new();
    }

    /// <summary>All of it at one time. Immutable.</summary>
    internal sealed record State(
        ImmutableDictionary<string, User> Users,
        ImmutableDictionary<(string User, string VirtualHost), Permission> Permissions,
        ImmutableDictionary<(string User, string VirtualHost), TopicMap> Topics)
    {
        public static readonly State Empty = new(
            ImmutableDictionary.Create<string, User>(StringComparer.Ordinal),
            ImmutableDictionary<(string User, string VirtualHost), Permission>.Empty,
            ImmutableDictionary<(string User, string VirtualHost), TopicMap>.Empty);

        public State Without(string user) => new(
            Users.Remove(user),
            Permissions.RemoveRange(Permissions.Keys.Where(key => key.User == user)),
            Topics.RemoveRange(Topics.Keys.Where(key => key.User == user)));

        public State WithoutVirtualHost(string name) => new(
            Users,
            Permissions.RemoveRange(Permissions.Keys.Where(key => key.VirtualHost == name)),
            Topics.RemoveRange(Topics.Keys.Where(key => key.VirtualHost == name)));
    }
}
