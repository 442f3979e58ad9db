using System.Buffers;
using Posthaste.Core.Formats;

namespace Posthaste.Core.Catalog;

/// <summary>
/// Catalog changes as bytes for the journal. All numbers are little-endian but those inside tables.
/// <code>
///  0         1        2
/// +---------+--------+-------------------------------------------------------------+
/// | version | kind   | by the kind                                                 |
/// | = 1     |        |                                                             |
/// +---------+--------+-------------------------------------------------------------+
///  ExchangeDeclared   | type u8 | flags u8 | name | table                           |
///  ExchangeDeleted    | name                                                         |
///  QueueDeclared      | id u64 | flags u8 | name | table                             |
///  QueueDeleted       | id u64                                                       |
///  BindingAdded,      | queue id u64 | source name | destination exchange | key       |
///    BindingRemoved   | table                                                         |
///  QueueIdsUsed       | last id u64                                                  |
///  VirtualHostAdded   | id u32 | name                                                |
///  VirtualHostRemoved | id u32                                                       |
///  DelayQueueDeclared | id u64 | exchange                                            |
///  VirtualHostIdsUsed | last id u32                                                  |
/// </code>
/// Names and keys are texts; texts and tables are drawn at <see cref="StoredWriter"/>. What follows from the
/// arguments (settings, alternate exchange) is not stored but read from them again. Only durable things are stored,
/// so durability is not, and exclusive queues never are.
/// </summary>
public static class CatalogCodec
{
    private const byte Version = 1;
    private const byte AutoDeleteFlag = 1;
    private const byte InternalFlag = 2;

    /// <summary>Encodes the change.</summary>
    /// <exception cref="ArgumentException">It is about a queue or exchange that is not durable.</exception>
    public static void Write(CatalogChange change, IBufferWriter<byte> to)
    {
        switch (change)
        {
            case ExchangeDeclared { Definition: { Durable: true } definition }:
                WriteStart(to, CatalogChangeKind.ExchangeDeclared);
                WriteExchange(to, definition);
                break;
            case ExchangeDeleted deleted:
                WriteStart(to, CatalogChangeKind.ExchangeDeleted);
                to.WriteText(deleted.Name);
                break;
            case QueueDeclared { Definition: { Durable: true, Exclusive: false } definition }:
                WriteStart(to, CatalogChangeKind.QueueDeclared);
                WriteQueue(to, definition);
                break;
            case QueueDeleted deleted:
                WriteStart(to, CatalogChangeKind.QueueDeleted);
                to.WriteUInt64(deleted.QueueId);
                break;
            case BindingAdded added:
                WriteStart(to, CatalogChangeKind.BindingAdded);
                WriteBinding(to, added.Binding);
                break;
            case BindingRemoved removed:
                WriteStart(to, CatalogChangeKind.BindingRemoved);
                WriteBinding(to, removed.Binding);
                break;
            case QueueIdsUsed used:
                WriteStart(to, CatalogChangeKind.QueueIdsUsed);
                to.WriteUInt64(used.LastQueueId);
                break;
            case VirtualHostAdded added:
                WriteStart(to, CatalogChangeKind.VirtualHostAdded);
                to.WriteUInt32(added.VirtualHostId);
                to.WriteText(added.Name);
                break;
            case VirtualHostRemoved removed:
                WriteStart(to, CatalogChangeKind.VirtualHostRemoved);
                to.WriteUInt32(removed.VirtualHostId);
                break;
            case DelayQueueDeclared declared:
                WriteStart(to, CatalogChangeKind.DelayQueueDeclared);
                to.WriteUInt64(declared.QueueId);
                to.WriteText(declared.Exchange);
                break;
            case VirtualHostIdsUsed used:
                WriteStart(to, CatalogChangeKind.VirtualHostIdsUsed);
                to.WriteUInt32(used.LastVirtualHostId);
                break;
            default:
                throw new ArgumentException($"{change} is not a durable fact.", nameof(change));
        }
    }

    /// <summary>Decodes one change, which must be all that the bytes hold.</summary>
    /// <exception cref="StoredFormatException">The bytes are damaged or of a newer version.</exception>
    public static CatalogChange Read(ReadOnlySpan<byte> from)
    {
        var reader = new StoredReader(from);
        StoredReader.Require(reader.ReadByte() == Version, "catalog change of an unknown version");
        var kind = (CatalogChangeKind)reader.ReadByte();
        CatalogChange change = kind switch
        {
            CatalogChangeKind.ExchangeDeclared => new ExchangeDeclared(ReadExchange(ref reader)),
            CatalogChangeKind.ExchangeDeleted => new ExchangeDeleted(reader.ReadText()),
            CatalogChangeKind.QueueDeclared => new QueueDeclared(ReadQueue(ref reader)),
            CatalogChangeKind.QueueDeleted => new QueueDeleted(reader.ReadUInt64()),
            CatalogChangeKind.BindingAdded => new BindingAdded(ReadBinding(ref reader)),
            CatalogChangeKind.BindingRemoved => new BindingRemoved(ReadBinding(ref reader)),
            CatalogChangeKind.QueueIdsUsed => new QueueIdsUsed(reader.ReadUInt64()),
            CatalogChangeKind.VirtualHostAdded => new VirtualHostAdded(reader.ReadUInt32(), reader.ReadText()),
            CatalogChangeKind.VirtualHostRemoved => new VirtualHostRemoved(reader.ReadUInt32()),
            CatalogChangeKind.DelayQueueDeclared => new DelayQueueDeclared(reader.ReadUInt64(), reader.ReadText()),
            CatalogChangeKind.VirtualHostIdsUsed => new VirtualHostIdsUsed(reader.ReadUInt32()),
            _ => throw new StoredFormatException($"catalog change of unknown kind {(byte)kind}"),
        };
        StoredReader.Require(reader.IsAtEnd, "bytes behind a catalog change");
        return change;
    }

    private static void WriteExchange(IBufferWriter<byte> to, ExchangeDefinition definition)
    {
        to.WriteByte((byte)definition.Type);
        var autoDelete = definition.AutoDelete ? AutoDeleteFlag : 0;
        to.WriteByte((byte)(autoDelete | (definition.Internal ? InternalFlag : 0)));
        to.WriteText(definition.Name);
        to.WriteTable(definition.Arguments);
    }

    private static ExchangeDefinition ReadExchange(ref StoredReader reader)
    {
        var type = (ExchangeType)reader.ReadByte();
        StoredReader.Require(Enum.IsDefined(type), "exchange of an unknown type");
        var flags = reader.ReadByte();
        StoredReader.Require((flags & ~(AutoDeleteFlag | InternalFlag)) == 0, "exchange with unknown flags");
        var name = reader.ReadText();
        var arguments = reader.ReadTable();
        var error = ExchangeArguments.Parse(arguments, name, out var alternateExchange)
            ?? ExchangeArguments.CheckDelayedType(type, arguments);
        StoredReader.Require(error is null, "exchange with invalid arguments");
        return new ExchangeDefinition(
            name, type, Durable: true, (flags & AutoDeleteFlag) != 0, (flags & InternalFlag) != 0, arguments,
            alternateExchange);
    }

    private static void WriteQueue(IBufferWriter<byte> to, QueueDefinition definition)
    {
        to.WriteUInt64(definition.Id);
        to.WriteByte(definition.AutoDelete ? AutoDeleteFlag : (byte)0);
        to.WriteText(definition.Name);
        to.WriteTable(definition.Arguments);
    }

    private static QueueDefinition ReadQueue(ref StoredReader reader)
    {
        var id = reader.ReadUInt64();
        var flags = reader.ReadByte();
        StoredReader.Require((flags & ~AutoDeleteFlag) == 0, "queue with unknown flags");
        var autoDelete = flags != 0;
        var name = reader.ReadText();
        var arguments = reader.ReadTable();
        var error = QueueArguments.Parse(
            name, virtualHost: "", new QueueFlags(Durable: true, Exclusive: false, autoDelete), arguments,
            out var settings);
        StoredReader.Require(error is null, "queue with invalid arguments");
        return new QueueDefinition(
            id, name, Durable: true, Exclusive: false, OwnerConnectionId: 0, autoDelete, arguments, settings);
    }

    private static void WriteBinding(IBufferWriter<byte> to, BindingDefinition binding)
    {
        to.WriteUInt64(binding.DestinationQueueId);
        to.WriteText(binding.Source);
        to.WriteText(binding.DestinationExchange);
        to.WriteText(binding.Key);
        to.WriteTable(binding.Arguments);
    }

    private static BindingDefinition ReadBinding(ref StoredReader reader)
    {
        var queueId = reader.ReadUInt64();
        return new(reader.ReadText(), queueId, reader.ReadText(), reader.ReadText(), reader.ReadTable());
    }

    private static void WriteStart(IBufferWriter<byte> to, CatalogChangeKind kind)
    {
        to.WriteByte(Version);
        to.WriteByte((byte)kind);
    }
}
