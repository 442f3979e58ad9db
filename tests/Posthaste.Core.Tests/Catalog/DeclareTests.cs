using Posthaste.Core.Catalog;
using Posthaste.Primitives.Tables;
using static Posthaste.Core.Tests.Catalog.TestCatalog;

namespace Posthaste.Core.Tests.Catalog;

public sealed class DeclareTests
{
    private const string Locked =
        "cannot obtain exclusive access to locked queue 'q' in vhost '/'. It could be originally declared on another " +
        "connection or the exclusive property value does not match that of the original declaration.";

    private readonly TestCatalog _catalog = new();

    [Fact]
    public void A_queue_is_made_once_and_found_by_name_and_id()
    {
        var made = Done(_catalog.Queue("q"));
        Assert.True(made.Changed);
        Assert.Equal([new QueueDeclared(made.Queue!.Definition)], made.Changes);

        var again = Done(_catalog.Queue("q"));
        Assert.False(again.Changed);
        Assert.Empty(again.Changes);
        Assert.Same(made.Queue, again.Queue);
        Assert.True(_catalog.Catalog.TryGetQueue("q"u8, out var byBytes) && byBytes == made.Queue);
        Assert.True(_catalog.Catalog.TryGetQueue(made.Queue.Id, out var byId) && byId == made.Queue);
    }

    [Theory]
    [InlineData(true, false, true)]
    [InlineData(true, true, false)]
    [InlineData(false, false, false)]
    public void What_is_durable_and_not_exclusive_is_journaled(bool durable, bool exclusive, bool journaled)
    {
        var outcome = Done(_catalog.Queue("q", durable: durable, exclusive: exclusive));
        Assert.Equal(journaled, outcome.Queue!.IsDurable);
        Assert.Equal(journaled ? 1 : 0, outcome.Changes.Count);
        Assert.Equal(journaled ? 1 : 0, Done(_catalog.Catalog.RemoveQueue(outcome.Queue)).Changes.Count);
    }

    [Fact]
    public void A_name_is_made_up_for_queues_without_one()
    {
        var first = Done(_catalog.Queue("")).Queue!.Name;
        var second = Done(_catalog.Queue("")).Queue!.Name;
        Assert.Matches("^amq\\.gen-[A-Za-z0-9_-]{22}$", first);
        Assert.NotEqual(first, second);
        Refused(
            CatalogErrorCode.PreconditionFailed, "Cannot declare a server-named queue for type rabbit_quorum_queue",
            _catalog.Queue("", [new("x-queue-type", "quorum")]));
    }

    [Fact]
    public void Line_breaks_are_taken_out_of_names()
    {
        Assert.Equal("q", Done(_catalog.Queue("\r\nq\n")).Queue!.Name);
        Assert.Equal("x", Done(_catalog.Exchange("x\n")).Exchange!.Name);
        Done(_catalog.Bind("x\n", "q\r", "k\n"));
        Assert.Equal(["q"], _catalog.Route("x", "k\n"));
    }

    [Fact]
    public void Passive_declarations_only_look()
    {
        Refused(CatalogErrorCode.NotFound, "no queue 'q' in vhost '/'", _catalog.Queue("q", passive: true));
        Refused(CatalogErrorCode.NotFound, "no exchange 'x' in vhost '/'", _catalog.Exchange("x", passive: true));
        Done(_catalog.Queue("q", durable: true));
        Done(_catalog.Exchange("x", "topic"));
        Assert.NotNull(Done(_catalog.Queue("q", passive: true, durable: false)).Queue);
        Assert.NotNull(Done(_catalog.Exchange("x", "nonsense", passive: true)).Exchange);
    }

    [Fact]
    public void An_exclusive_queue_is_for_its_connection_alone()
    {
        Done(_catalog.Queue("q", exclusive: true));
        Done(_catalog.Queue("q", exclusive: true));
        Done(_catalog.Queue("q", passive: true));
        Refused(
            CatalogErrorCode.ResourceLocked, Locked, _catalog.Queue("q", exclusive: true, connection: SomebodyElse));
        Refused(CatalogErrorCode.ResourceLocked, Locked, _catalog.Queue("q", passive: true, connection: SomebodyElse));
        Refused(CatalogErrorCode.ResourceLocked, Locked, _catalog.Queue("q", exclusive: false));
        Refused(CatalogErrorCode.ResourceLocked, Locked, _catalog.Bind("amq.direct", "q", connection: SomebodyElse));
        Refused(
            CatalogErrorCode.ResourceLocked, Locked, _catalog.Catalog.DeleteQueue("q", false, false, SomebodyElse));
        Assert.True(_catalog.Catalog.TryGetQueue("q", out var queue));
        Assert.Equal(Locked, _catalog.Catalog.CheckExclusive(queue, SomebodyElse)?.Text);
        Assert.Null(_catalog.Catalog.CheckExclusive(queue, Me));
        Done(_catalog.Catalog.DeleteQueue("q", false, false, Me));
    }

    [Fact]
    public void A_shared_queue_cannot_be_declared_exclusive()
    {
        Done(_catalog.Queue("q"));
        Refused(CatalogErrorCode.ResourceLocked, Locked, _catalog.Queue("q", exclusive: true));
        Done(_catalog.Queue("q", connection: SomebodyElse));
    }

    [Fact]
    public void Redeclaring_a_queue_differently_names_the_first_difference()
    {
        Done(_catalog.Queue("q", [new("x-max-length", 10), new("x-custom", 1), new("note", "a")], durable: false));
        Differs("durable", "'true'", "'false'", _catalog.Queue("q", durable: true));
        Differs("auto_delete", "'true'", "'false'", _catalog.Queue("q", durable: false, autoDelete: true));
        Differs("x-max-length", "'11'", "'10'", Transient([new("x-max-length", 11L), new("x-custom", 1)]));
        Differs("x-max-length", "'10'", "'10'", Transient([new("x-max-length", "10"), new("x-custom", 1)]));
        Differs("x-max-length", "none", "the value '10' of type 'signedint'", Transient([new("x-custom", 1)]));
        Differs(
            "x-message-ttl", "the value '5' of type 'long'", "none",
            Transient([new("x-max-length", 10), new("x-custom", 1), new("x-message-ttl", 5L)]));

        // The same number in another width, other order, and what is none of a broker's business.
        var ten = FieldValue.Integer(FieldType.UInt8, 10);
        Done(Transient([new("note", "b"), new("x-custom", 2L), new("x-max-length", ten)]));
        Done(Transient([new("x-max-length", 10), new("x-custom", 1), new("x-queue-type", "classic")]));

        CatalogOutcome Transient(FieldTable arguments) => _catalog.Queue("q", arguments, durable: false);
        static void Differs(string argument, string received, string current, CatalogOutcome outcome) => Refused(
            CatalogErrorCode.PreconditionFailed,
            $"inequivalent arg '{argument}' for queue 'q' in vhost '/': received {received} but current is {current}",
            outcome);
    }

    [Fact]
    public void A_quorum_queue_must_be_asked_for_again_as_one()
    {
        Done(_catalog.Queue("q", [new("x-queue-type", "quorum")]));
        Refused(
            CatalogErrorCode.PreconditionFailed,
            "inequivalent arg 'x-queue-type' for queue 'q' in vhost '/': received none but current is the value " +
            "'quorum' of type 'longstr'",
            _catalog.Queue("q"));
        Refused(
            CatalogErrorCode.PreconditionFailed,
            "inequivalent arg 'x-queue-type' for queue 'q' in vhost '/': received 'classic' but current is 'quorum'",
            _catalog.Queue("q", [new("x-queue-type", "classic")]));
    }

    [Fact]
    public void Redeclaring_an_exchange_differently_names_the_first_difference()
    {
        Done(_catalog.Exchange("x", "direct", durable: false));
        Differs("type", "'fanout'", "'direct'", _catalog.Exchange("x", "fanout", durable: true));
        Differs("durable", "'true'", "'false'", _catalog.Exchange("x", durable: true));
        Differs("auto_delete", "'true'", "'false'", _catalog.Exchange("x", durable: false, autoDelete: true));
        Differs("internal", "'true'", "'false'", _catalog.Exchange("x", durable: false, isInternal: true));
        Differs(
            "alternate-exchange", "the value 'y' of type 'longstr'", "none",
            _catalog.Exchange("x", "direct", [new("alternate-exchange", "y")], durable: false));
        Done(_catalog.Exchange("x", "direct", [new("anything", 1)], durable: false));

        static void Differs(string argument, string received, string current, CatalogOutcome outcome) => Refused(
            CatalogErrorCode.PreconditionFailed,
            $"inequivalent arg '{argument}' for exchange 'x' in vhost '/': " +
            $"received {received} but current is {current}",
            outcome);
    }

    [Fact]
    public void Names_of_the_broker_are_refused_but_its_exchanges_can_be_declared_again()
    {
        Refused(
            CatalogErrorCode.AccessRefused, "queue name 'amq.q' contains reserved prefix 'amq.*'",
            _catalog.Queue("amq.q"));
        Refused(
            CatalogErrorCode.AccessRefused, "exchange name 'amq.x' contains reserved prefix 'amq.*'",
            _catalog.Exchange("amq.x"));
        Refused(
            CatalogErrorCode.AccessRefused, "deletion of system exchange 'amq.direct' in vhost '/' not allowed",
            _catalog.Catalog.DeleteExchange("amq.direct", ifUnused: false));
        string[] types = ["direct", "fanout", "topic", "headers"];
        foreach (var type in types)
            Assert.False(Done(_catalog.Exchange($"amq.{type}", type)).Changed);
        Assert.False(Done(_catalog.Exchange("amq.match", "headers")).Changed);
    }

    [Fact]
    public void The_default_exchange_is_nobodys()
    {
        const string Text = "operation not permitted on the default exchange";
        _catalog.WithQueues("q");
        Refused(CatalogErrorCode.AccessRefused, Text, _catalog.Exchange(""));
        Refused(CatalogErrorCode.AccessRefused, Text, _catalog.Exchange("", passive: true));
        Refused(CatalogErrorCode.AccessRefused, Text, _catalog.Catalog.DeleteExchange("", ifUnused: false));
        Refused(CatalogErrorCode.AccessRefused, Text, _catalog.Bind("", "q", "q"));
        Refused(CatalogErrorCode.AccessRefused, Text, _catalog.Unbind("", "q", "q"));
        Refused(CatalogErrorCode.AccessRefused, Text, _catalog.BindExchange("amq.direct", ""));
        Refused(CatalogErrorCode.AccessRefused, Text, _catalog.BindExchange("", "amq.direct"));
    }

    [Fact]
    public void Unknown_exchange_types()
    {
        Refused(CatalogErrorCode.PreconditionFailed, "unknown exchange type 'foo'", _catalog.Exchange("x", "foo"));
        Refused(
            CatalogErrorCode.NotImplemented, "exchange type 'x-consistent-hash' is not supported",
            _catalog.Exchange("x", "x-consistent-hash"));
        Refused(
            CatalogErrorCode.PreconditionFailed,
            "invalid type 'signedint' for arg 'alternate-exchange' in exchange 'x' in vhost '/'",
            _catalog.Exchange("x", "direct", [new("alternate-exchange", 1)]));
    }

    [Fact]
    public void Limits_are_for_what_is_new()
    {
        var limits = new CatalogLimits
        {
            QueuesMax = 1,
            ExchangesMax = 1,
            BindingsMax = 1,
            ArgumentCountMax = 1,
            ArgumentBytesMax = 20,
        };
        var catalog = new TestCatalog(limits).WithQueues("q");
        Done(catalog.Queue("q"));
        Full("cannot declare queue 'r': queue limit in vhost '/' (1) is reached", catalog.Queue("r"));
        Done(catalog.Exchange("x"));
        Done(catalog.Exchange("x"));
        Full("cannot declare exchange 'y' in vhost '/': exchange limit of 1 is reached", catalog.Exchange("y"));
        Done(catalog.Bind("x", "q"));
        Done(catalog.Bind("x", "q"));
        Full("cannot bind: binding limit in vhost '/' (1) is reached", catalog.Bind("x", "q", "k"));
        Full("binding has more than 1 arguments", catalog.Bind("x", "q", "k", [new("a", 1), new("b", 2)]));
        Full(
            "the argument table of binding is longer than 20 bytes",
            catalog.Bind("x", "q", "k", [new("a", new string('a', 20))]));
        Full("binding key is longer than 65535 bytes", catalog.Bind("x", "q", new string('k', 65_536)));
        Full("queue name is longer than 255 bytes", catalog.Queue(new string('ü', 128)));
        Full("exchange name is longer than 255 bytes", catalog.Exchange(new string('x', 256)));

        static void Full(string text, CatalogOutcome outcome) =>
            Refused(CatalogErrorCode.PreconditionFailed, text, outcome);
    }
}
