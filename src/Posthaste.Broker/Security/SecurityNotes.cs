using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Posthaste.Broker.Notes;
using Posthaste.Broker.Security.Access;
using Posthaste.Broker.Security.Passwords;
using Posthaste.Core.Notes;

namespace Posthaste.Broker.Security;

/// <summary>
/// How users and permissions stand in the broker's notes. Keys are a letter and length-prefixed names, so that those
/// of one user are together; values are JSON with the names that RabbitMQ's definition files have.
/// <code>
///   'u' | name                                                  {"password_hashes":[{…}],"tags":[…],"limits":{…}}
///   'p' | length u8, user | virtual host                        {"configure":"…","write":"…","read":"…"}
///   't' | length u8, user | length u8, virtual host | exchange  {"write":"…","read":"…"}
///   'g'                                                         nothing: there have been users
/// </code>
/// </summary>
internal static class SecurityNotes
{
    private const byte UserKind = (byte)'u';
    private const byte PermissionKind = (byte)'p';
    private const byte TopicKind = (byte)'t';
    private const byte SeededKind = (byte)'g';

    /// <summary>Whether there have been users: who removes the first one does not get it back.</summary>
    public static bool IsSeeded(VirtualHostNotes notes) => notes.TryGet([SeededKind], out _);

    public static void MarkSeeded(VirtualHostNotes notes) => notes.Set([SeededKind], []);

    public static byte[] User(string name) => [UserKind, .. Utf8(name)];

    public static byte[] Permission(string user, string virtualHost) => [.. Permissions(user), .. Utf8(virtualHost)];

    /// <summary>What the keys of all permissions of a user begin with.</summary>
    public static byte[] Permissions(string user) => [PermissionKind, .. Prefixed(user)];

    public static byte[] Topic(string user, string virtualHost, string exchange) =>
        [.. Topics(user), .. Prefixed(virtualHost), .. Utf8(exchange)];

    /// <summary>What the keys of all topic permissions of a user begin with.</summary>
    public static byte[] Topics(string user) => [TopicKind, .. Prefixed(user)];

    /// <summary>The keys of all permissions in a virtual host, whoever has them.</summary>
    public static IEnumerable<byte[]> InVirtualHost(VirtualHostNotes notes, string virtualHost)
    {
        foreach (var note in notes.WithPrefix([PermissionKind]))
        {
            if (Encoding.UTF8.GetString(TakePrefixed(note.Key[1..]).After) == virtualHost)
                yield return note.Key.ToArray();
        }

        foreach (var note in notes.WithPrefix([TopicKind]))
        {
            if (TakePrefixed(TakePrefixed(note.Key[1..]).After).Name == virtualHost) yield return note.Key.ToArray();
        }
    }

    public static byte[] Encode(User user) => Json(writer =>
    {
        writer.WriteStartArray("password_hashes");
        foreach (var password in user.Passwords)
        {
            writer.WriteStartObject();
            writer.WriteString("hashing_algorithm", password.Algorithm);
            writer.WriteString("password_hash", password.Text);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("tags");
        foreach (var tag in user.Tags) writer.WriteStringValue(tag);
        writer.WriteEndArray();
        writer.WriteStartObject("limits");
        foreach (var (limit, value) in user.Limits) writer.WriteNumber(limit, value);
        writer.WriteEndObject();
    });

    public static byte[] Encode(Permission permission) => Json(writer =>
    {
        writer.WriteString("configure", permission.Configure.Text);
        writer.WriteString("write", permission.Write.Text);
        writer.WriteString("read", permission.Read.Text);
    });

    public static byte[] Encode(TopicPermission permission) => Json(writer =>
    {
        writer.WriteString("write", permission.Write);
        writer.WriteString("read", permission.Read);
    });

    /// <summary>All that the notes hold.</summary>
    public static UserStore.State Read(VirtualHostNotes notes)
    {
        var users = UserStore.State.Empty.Users.ToBuilder();
        foreach (var note in notes.WithPrefix([UserKind]))
        {
            var user = DecodeUser(Encoding.UTF8.GetString(note.Key[1..]), note);
            users[user.Name] = user;
        }

        var permissions = UserStore.State.Empty.Permissions.ToBuilder();
        foreach (var note in notes.WithPrefix([PermissionKind]))
        {
            var (user, rest) = TakePrefixed(note.Key[1..]);
            using var json = Parse(note);
            permissions[(user, Encoding.UTF8.GetString(rest))] = Access.Permission.Create(
                Text(json, "configure"), Text(json, "write"), Text(json, "read"));
        }

        var topics = UserStore.State.Empty.Topics.ToBuilder();
        foreach (var note in notes.WithPrefix([TopicKind]))
        {
            var (user, rest) = TakePrefixed(note.Key[1..]);
            var (virtualHost, exchange) = TakePrefixed(rest);
            using var json = Parse(note);
            var known = topics.GetValueOrDefault((user, virtualHost))
                ?? ImmutableSortedDictionary.Create<string, TopicPermission>(StringComparer.Ordinal);
            topics[(user, virtualHost)] = known.SetItem(
                Encoding.UTF8.GetString(exchange), new TopicPermission(Text(json, "write"), Text(json, "read")));
        }

        return new UserStore.State(users.ToImmutable(), permissions.ToImmutable(), topics.ToImmutable());
    }

    private static User DecodeUser(string name, Note note)
    {
        using var json = Parse(note);
        var root = json.RootElement;
        var passwords = ImmutableArray.CreateBuilder<PasswordHash>();
        foreach (var item in root.GetProperty("password_hashes").EnumerateArray())
        {
            var algorithm = item.GetProperty("hashing_algorithm").GetString();
            var text = item.GetProperty("password_hash").GetString()!;
            passwords.Add(PasswordHash.TryParse(algorithm, text, out var hash, out var fault)
                ? hash
                : throw new InvalidDataException($"user '{name}': {fault}"));
        }

        return new User(name)
        {
            Passwords = passwords.ToImmutable(),
            Tags = [.. root.GetProperty("tags").EnumerateArray().Select(static tag => tag.GetString()!)],
            Limits = Security.User.NoLimits.AddRange(root.GetProperty("limits").EnumerateObject()
                .Select(static limit => KeyValuePair.Create(limit.Name, limit.Value.GetInt64()))),
        };
    }

    private static JsonDocument Parse(Note note) => JsonDocument.Parse(note.Value.ToArray());

    private static string Text(JsonDocument json, string name) => json.RootElement.GetProperty(name).GetString()!;

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    // Names have 255 bytes at most.
    private static byte[] Prefixed(string name)
    {
        var bytes = Utf8(name);
        return [checked((byte)bytes.Length), .. bytes];
    }

    private static (string Name, byte[] After) TakePrefixed(ReadOnlySpan<byte> bytes) =>
        (Encoding.UTF8.GetString(bytes.Slice(1, bytes[0])), bytes[(1 + bytes[0])..].ToArray());
}
