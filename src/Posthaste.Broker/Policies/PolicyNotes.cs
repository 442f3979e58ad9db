using System.Buffers.Binary;
using System.Text;
using Posthaste.Broker.Notes;
using Posthaste.Core.Notes;
using Posthaste.Core.Policies;
using Posthaste.Primitives.Tables;

namespace Posthaste.Broker.Policies;

/// <summary>
/// How policies stand in the notes of their virtual host. The key says which policy it is, the value what it says.
/// <code>
///  key    "policy" | 0 | 'u' or 'o' | name
///
///  value   0            1              5           6                8
///         +------------+--------------+-----------+----------------+-----------+--------------+
///         | version    | priority     | target    | pattern bytes  | pattern … | definition … |
///         | (u8, 1)    | (i32)        | (u8)      | (u16)          | (UTF-8)   | (a table)    |
///         +------------+--------------+-----------+----------------+-----------+--------------+
/// </code>
/// Integers are little-endian; 'u' is for users' policies, 'o' for operators'; the target is a <see
/// cref="PolicyTarget"/>; the table is as drawn at FieldTableReader, to the end.
/// </summary>
internal static class PolicyNotes
{
    private const byte Version = 1;
    private const int FixedBytes = 8;
    private const byte UserKind = (byte)'u';
    private const byte OperatorKind = (byte)'o';

    private static readonly byte[] Root = [.. "policy\0"u8];

    public static bool IsPolicy(ReadOnlySpan<byte> key) => key.StartsWith(Root);

    public static byte[] Key(PolicyKind kind, string name) => [.. Prefix(kind), .. Encoding.UTF8.GetBytes(name)];

    public static byte[] Encode(Policy policy)
    {
        var pattern = Encoding.UTF8.GetBytes(policy.Pattern);
        var definition = FieldTableCodec.GetContentBytes(policy.Definition);
        var value = new byte[FixedBytes + pattern.Length + definition];
        value[0] = Version;
        BinaryPrimitives.WriteInt32LittleEndian(value.AsSpan(1), policy.Priority);
        value[5] = (byte)policy.AppliesTo;
        BinaryPrimitives.WriteUInt16LittleEndian(value.AsSpan(6), checked((ushort)pattern.Length));
        pattern.CopyTo(value, FixedBytes);
        FieldTableCodec.WriteContent(policy.Definition, value.AsSpan(FixedBytes + pattern.Length));
        return value;
    }

    /// <summary>All policies that the notes hold.</summary>
    /// <exception cref="InvalidDataException">One of them is of another version, or damaged.</exception>
    public static PolicyBook Read(VirtualHostNotes notes)
    {
        var book = PolicyBook.Create();
        foreach (var kind in (PolicyKind[])[PolicyKind.User, PolicyKind.Operator])
        {
            var policies = book[kind].ToBuilder();
            foreach (var note in notes.WithPrefix(Prefix(kind)))
            {
                var policy = Decode(kind, note);
                policies[policy.Name] = policy;
            }

            book = book.With(kind, policies.ToImmutable());
        }

        return book;
    }

    private static byte[] Prefix(PolicyKind kind) =>
        [.. Root, kind == PolicyKind.Operator ? OperatorKind : UserKind];

    private static Policy Decode(PolicyKind kind, Note note)
    {
        var name = Encoding.UTF8.GetString(note.Key[(Root.Length + 1)..]);
        var value = note.Value;
        if (value.Length < FixedBytes || value[0] != Version)
            throw new InvalidDataException($"The policy '{name}' is of another version, or damaged.");
        var priority = BinaryPrimitives.ReadInt32LittleEndian(value[1..]);
        var target = (PolicyTarget)value[5];
        var pattern = value.Slice(FixedBytes, BinaryPrimitives.ReadUInt16LittleEndian(value[6..]));
        return Enum.IsDefined(target)
            && FieldTableCodec.TryDecode(value[(FixedBytes + pattern.Length)..], out var definition)
            && Policy.TryCreate(
                kind, name, Encoding.UTF8.GetString(pattern), definition, priority, target, out _) is { } policy
            ? policy
            : throw new InvalidDataException($"The policy '{name}' is damaged.");
    }
}
