using FsCheck;
using FsCheck.Fluent;
using Posthaste.Core.Catalog;
using Posthaste.Core.Tests.Catalog;
using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Tests.Routing;

internal enum CommandKind
{
    DeclareQueue,
    DeclareExchange,
    BindQueue,
    BindExchange,
    UnbindQueue,
    UnbindExchange,
    DeleteQueue,
    DeleteExchange,
}

/// <summary>
/// A random catalog command over few names and keys, so that they meet. What an exchange is follows from its name, so
/// declaring it again never differs.
/// </summary>
internal sealed record CatalogCommand(CommandKind Kind, int Source, int Destination, int Key, int Arguments)
{
    public static readonly string[] QueueNames = ["q0", "q1", "q2", "q3", "q4", "q5"];

    public static readonly string[] ExchangeNames =
        ["amq.direct", "amq.fanout", "amq.topic", "amq.headers", "x4", "x5", "x6", "x7", "x8", "x9"];

    public static readonly string[] Keys =
        ["", "a", "a.b", "#", "*", "a.#", "#.b", "*.b", "a.*.b", "#.a.#", "a..b", "*.#.*", "#.#", "a.a.b"];

    public static readonly FieldTable[] Tables =
    [
        [],
        [new("h", 1)],
        [new("h", 1), new("x-match", "any"), new("i", "s")],
        [new("h", 1), new("i", "s"), new("x-match", "all")],
        [new("i", FieldValue.Void)],
        [new("x-h", 1), new("x-match", "any-with-x")],
        [new("h", 1), new("x-h", 1), new("x-match", "all-with-x")],
    ];

    private static readonly string[] Types = ["direct", "fanout", "topic", "headers"];

    public static Arbitrary<CatalogCommand[]> Histories { get; } = Arb.From(MakeGenerator(), Shrink);

    // Odd queues and some exchanges are transient, so that bindings of all kinds of durability occur.
    public static bool IsDurableQueue(int index) => index % 2 == 0;

    public static bool IsDurableExchange(int index) => index != 5 && index != 9;

    public CatalogOutcome Run(VirtualHostCatalog catalog)
    {
        var exchange = ExchangeNames[Source];
        var queue = QueueNames[Destination % QueueNames.Length];
        return Kind switch
        {
            CommandKind.DeclareQueue => catalog.DeclareQueue(
                queue, false, IsDurableQueue(Destination % QueueNames.Length), false, false, [], TestCatalog.Me),
            CommandKind.DeclareExchange => DeclareExchange(catalog),
            CommandKind.BindQueue => catalog.BindQueue(exchange, queue, Keys[Key], Tables[Arguments], TestCatalog.Me),
            CommandKind.UnbindQueue => catalog.UnbindQueue(
                exchange, queue, Keys[Key], Tables[Arguments], TestCatalog.Me),
            CommandKind.BindExchange => catalog.BindExchange(
                exchange, ExchangeNames[Destination], Keys[Key], Tables[Arguments], TestCatalog.Me),
            CommandKind.UnbindExchange => catalog.UnbindExchange(
                exchange, ExchangeNames[Destination], Keys[Key], Tables[Arguments], TestCatalog.Me),
            CommandKind.DeleteQueue => catalog.DeleteQueue(queue, false, false, TestCatalog.Me),
            _ => catalog.DeleteExchange(exchange, ifUnused: false),
        };
    }

    public void Run(NaiveModel model)
    {
        var exchange = ExchangeNames[Source];
        var queue = QueueNames[Destination % QueueNames.Length];
        var key = Keys[Key];
        var table = FieldTable.Create([.. Tables[Arguments].OrderBy(field => field.Key, StringComparer.Ordinal)]);
        switch (Kind)
        {
            case CommandKind.DeclareQueue:
                model.DeclareQueue(queue);
                break;
            case CommandKind.DeclareExchange when !exchange.StartsWith("amq."):
                model.DeclareExchange(exchange, Types[Source % Types.Length], Source % 3 == 0, Alternate);
                break;
            case CommandKind.BindQueue:
                model.Bind(exchange, true, queue, key, table);
                break;
            case CommandKind.UnbindQueue:
                model.Unbind(exchange, true, queue, key, table);
                break;
            case CommandKind.BindExchange:
                model.Bind(exchange, false, ExchangeNames[Destination], key, table);
                break;
            case CommandKind.UnbindExchange:
                model.Unbind(exchange, false, ExchangeNames[Destination], key, table);
                break;
            case CommandKind.DeleteQueue:
                model.DeleteQueue(queue);
                break;
            case CommandKind.DeleteExchange when !exchange.StartsWith("amq."):
                model.DeleteExchange(exchange);
                break;
        }
    }

    private string? Alternate => Source is 4 or 6 or 8 ? ExchangeNames[Source + 1] : null;

    private CatalogOutcome DeclareExchange(VirtualHostCatalog catalog)
    {
        FieldTable arguments = Alternate is { } alternate ? [new("alternate-exchange", alternate)] : [];
        return catalog.DeclareExchange(
            ExchangeNames[Source], Types[Source % Types.Length], false, IsDurableExchange(Source), Source % 3 == 0,
            false, arguments);
    }

    private static Gen<CatalogCommand[]> MakeGenerator()
    {
        CommandKind[] kinds =
        [
            .. Enumerable.Repeat(CommandKind.DeclareQueue, 4), .. Enumerable.Repeat(CommandKind.DeclareExchange, 6),
            .. Enumerable.Repeat(CommandKind.BindQueue, 12), .. Enumerable.Repeat(CommandKind.BindExchange, 6),
            .. Enum.GetValues<CommandKind>(),
        ];
        var command =
            from kind in Gen.Elements(kinds)
            from source in Gen.Choose(0, ExchangeNames.Length - 1)
            from destination in Gen.Choose(0, ExchangeNames.Length - 1)
            from key in Gen.Choose(0, Keys.Length - 1)
            from arguments in Gen.Choose(0, Tables.Length - 1)
            select new CatalogCommand(kind, source, destination, key, arguments);
        return from length in Gen.Choose(0, 120)
               from commands in command.ArrayOf(length)
               select commands;
    }

    private static IEnumerable<CatalogCommand[]> Shrink(CatalogCommand[] history)
    {
        for (var size = history.Length / 2; size > 0; size /= 2)
        {
            for (var start = 0; start + size <= history.Length; start += size)
                yield return [.. history[..start], .. history[(start + size)..]];
        }
    }
}
