using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using Posthaste.Core.Catalog;
using Posthaste.Core.Formats;
using Posthaste.Core.Queues;
using static Posthaste.Core.Tests.Catalog.TestCatalog;

namespace Posthaste.Core.Tests.Catalog;

public sealed class CatalogCodecTests
{
    public static TheoryData<CatalogChange, string> Golden => new()
    {
        {
            new ExchangeDeclared(new("x", ExchangeType.Topic, true, true, true, [new("alternate-exchange", "y")], "y")),
            "0101" + "03" + "03" + "0100" + "78"
                + "19000000" + "12616C7465726E6174652D65786368616E6765" + "53" + "00000001" + "79"
        },
        { new ExchangeDeleted("x"), "0102" + "0100" + "78" },
        {
            new QueueDeclared(new(
                5, "ü", true, false, 0, true, [new("x-expires", 7)], new QueueSettings { ExpiresMs = 7 })),
            "0103" + "0500000000000000" + "01" + "0200" + "C3BC"
                + "0F000000" + "09782D65787069726573" + "49" + "00000007"
        },
        { new QueueDeleted(0x0102030405060708), "0104" + "0807060504030201" },
        {
            new BindingAdded(new("x", 5, "", "k", [])),
            "0105" + "0500000000000000" + "0100" + "78" + "0000" + "0100" + "6B" + "00000000"
        },
        {
            new BindingRemoved(new("x", 0, "y", "", [new("a", true)])),
            "0106" + "0000000000000000" + "0100" + "78" + "0100" + "79" + "0000" + "04000000" + "0161" + "74" + "01"
        },
        { new QueueIdsUsed(1), "0107" + "0100000000000000" },
        { new VirtualHostAdded(1, "/"), "0108" + "01000000" + "0100" + "2F" },
        { new VirtualHostRemoved(1), "0109" + "01000000" },
        { new DelayQueueDeclared(7, "x"), "010A" + "0700000000000000" + "0100" + "78" },
        { new VirtualHostIdsUsed(7), "010B" + "07000000" },
    };

    [Theory]
    [MemberData(nameof(Golden))]
    public void Bytes_of_version_1_stay_as_they_are(CatalogChange change, string hex)
    {
        Assert.Equal(hex, Convert.ToHexString(Encode(change)));
        Assert.Equal(change, CatalogCodec.Read(Convert.FromHexString(hex)));
    }

    [Fact]
    public void Values_in_journals_only_grow()
    {
        Assert.Equal(
            "ExchangeDeclared=1 ExchangeDeleted=2 QueueDeclared=3 QueueDeleted=4 BindingAdded=5 BindingRemoved=6 " +
            "QueueIdsUsed=7 VirtualHostAdded=8 VirtualHostRemoved=9 " +
            "DelayQueueDeclared=10 VirtualHostIdsUsed=11",
            string.Join(' ', Golden.Select(row => $"{row.Data.Item1.GetType().Name}={Encode(row.Data.Item1)[1]}")));
        Assert.Equal("Direct=1 Fanout=2 Topic=3 Headers=4 DelayedMessage=5", Members<ExchangeType>());
    }

    [Theory]
    [MemberData(nameof(Golden))]
    public void Damage_is_reported_and_nothing_else_happens(CatalogChange change, string hex)
    {
        var whole = Encode(change);
        Assert.Equal(hex.Length / 2, whole.Length);
        for (var length = 0; length < whole.Length; length++)
            Assert.Throws<StoredFormatException>(() => CatalogCodec.Read(whole.AsSpan(0, length)));
        Assert.Throws<StoredFormatException>(() => CatalogCodec.Read([.. whole, 0]));
        Assert.Throws<StoredFormatException>(() => CatalogCodec.Read([2, .. whole[1..]]));
        Assert.Throws<StoredFormatException>(() => CatalogCodec.Read([1, 99, .. whole[2..]]));
    }

    [Fact]
    public void Any_bytes_are_a_change_that_means_the_same_when_written_again_or_are_refused() =>
        Prop.ForAll(Mutations(), CheckMutation).QuickCheckThrowOnFailure();

    [Fact]
    public void Only_durable_facts_can_be_written()
    {
        var catalog = new TestCatalog();
        var queue = Done(catalog.Queue("q", exclusive: true)).Queue!;
        var exchange = Done(catalog.Exchange("x", durable: false)).Exchange!;
        Assert.Throws<ArgumentException>(() => Encode(new QueueDeclared(queue.Definition)));
        Assert.Throws<ArgumentException>(() => Encode(new ExchangeDeclared(exchange.Definition)));
    }

    private static Arbitrary<byte[]> Mutations()
    {
        var seeds = Golden.Select(row => Convert.FromHexString(row.Data.Item2)).ToArray();
        var mutated = from seed in Gen.Elements(seeds)
                      from positions in Gen.Choose(0, seed.Length - 1).ArrayOf(3)
                      from values in Gen.Choose(0, 255).ArrayOf(3)
                      from count in Gen.Choose(1, 3)
                      select Mutate(seed, positions[..count], values);
        var noise = from length in Gen.Choose(0, 64)
                    from bytes in Gen.Choose(0, 255).ArrayOf(length)
                    select bytes.Select(value => (byte)value).ToArray();
        return Arb.From(Gen.Frequency((9, mutated), (1, noise)));
    }

    private static byte[] Mutate(byte[] seed, int[] positions, int[] values)
    {
        byte[] bytes = [.. seed];
        for (var i = 0; i < positions.Length; i++)
            bytes[positions[i]] = (byte)values[i];
        return bytes;
    }

    private static void CheckMutation(byte[] bytes)
    {
        CatalogChange change;
        try
        {
            change = CatalogCodec.Read(bytes);
        }
        catch (StoredFormatException)
        {
            return;
        }

        Assert.Equal(change, CatalogCodec.Read(Encode(change)));
    }

    private static byte[] Encode(CatalogChange change)
    {
        var bytes = new ArrayBufferWriter<byte>();
        CatalogCodec.Write(change, bytes);
        return bytes.WrittenSpan.ToArray();
    }

    private static string Members<T>()
        where T : struct, Enum =>
        string.Join(' ', Enum.GetValues<T>().Select(value => $"{value}={value:D}"));
}
