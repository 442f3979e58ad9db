using Posthaste.Core.Catalog;
using Posthaste.Primitives.Tables;
using static Posthaste.Core.Tests.Catalog.TestCatalog;

namespace Posthaste.Core.Tests.Catalog;

public sealed class DeleteAndBindTests
{
    private readonly TestCatalog _catalog = new TestCatalog().WithQueues("q", "r");

    [Fact]
    public void A_deleted_queue_takes_its_bindings_along_and_its_successor_has_another_id()
    {
        Done(_catalog.Bind("amq.direct", "q", "k"));
        Done(_catalog.Bind("amq.topic", "q", "#"));
        Done(_catalog.Bind("amq.topic", "r", "#"));
        Assert.Equal(3, _catalog.Catalog.BindingCount);

        var deleted = Done(_catalog.Catalog.DeleteQueue("q", ifUnused: false, ifEmpty: false, Me));
        Assert.Equal([new QueueDeleted(deleted.Queue!.Id)], deleted.Changes);
        Assert.Equal([deleted.Queue], deleted.DeletedQueues);
        Assert.True(deleted.Queue.IsDeleted);
        Assert.Equal(1, _catalog.Catalog.BindingCount);
        Assert.Empty(_catalog.Route("", "q"));
        Assert.Empty(_catalog.Route("amq.direct", "k"));
        Assert.Equal(["r"], _catalog.Route("amq.topic", "k"));

        Assert.NotEqual(deleted.Queue.Id, Done(_catalog.Queue("q")).Queue!.Id);
        Assert.False(Done(_catalog.Catalog.RemoveQueue(deleted.Queue)).Changed);
        Assert.Equal(["q"], _catalog.Route("", "q"));
    }

    [Fact]
    public void Queues_in_use_or_not_empty_can_be_kept()
    {
        Assert.True(_catalog.Catalog.TryGetQueue("q", out var found));
        var queue = (TestQueue)found;
        queue.Consumers = 1;
        queue.Messages = 1;
        Refused(
            CatalogErrorCode.PreconditionFailed, "queue 'q' in vhost '/' in use",
            _catalog.Catalog.DeleteQueue("q", ifUnused: true, ifEmpty: true, Me));
        queue.Consumers = 0;
        Refused(
            CatalogErrorCode.PreconditionFailed, "queue 'q' in vhost '/' not empty",
            _catalog.Catalog.DeleteQueue("q", ifUnused: true, ifEmpty: true, Me));
        queue.Messages = 0;
        Assert.True(Done(_catalog.Catalog.DeleteQueue("q", ifUnused: true, ifEmpty: true, Me)).Changed);
        Assert.False(Done(_catalog.Catalog.DeleteQueue("q", ifUnused: true, ifEmpty: true, Me)).Changed);
    }

    [Fact]
    public void An_exchange_is_in_use_while_bindings_start_at_it()
    {
        Done(_catalog.Exchange("x"));
        Done(_catalog.BindExchange("amq.direct", "x"));
        Done(_catalog.Bind("x", "q"));
        Refused(
            CatalogErrorCode.PreconditionFailed, "exchange 'x' in vhost '/' in use",
            _catalog.Catalog.DeleteExchange("x", ifUnused: true));
        Done(_catalog.Unbind("x", "q"));
        Assert.Equal(
            [new ExchangeDeleted("x")], Done(_catalog.Catalog.DeleteExchange("x", ifUnused: true)).Changes);
        Assert.False(Done(_catalog.Catalog.DeleteExchange("x", ifUnused: true)).Changed);
        Assert.Equal(0, _catalog.Catalog.BindingCount);
    }

    [Fact]
    public void Bindings_are_told_apart_by_key_and_arguments_in_any_order()
    {
        Assert.True(Done(_catalog.Bind("amq.direct", "q", "k")).Changed);
        Assert.False(Done(_catalog.Bind("amq.direct", "q", "k")).Changed);
        Assert.True(Done(_catalog.Bind("amq.direct", "q", "k", [new("b", 1), new("a", 2)])).Changed);
        Assert.False(Done(_catalog.Bind("amq.direct", "q", "k", [new("a", 2), new("b", 1)])).Changed);
        Assert.Equal(2, _catalog.Catalog.BindingCount);
        Assert.True(Done(_catalog.Unbind("amq.direct", "q", "k", [new("a", 2), new("b", 1)])).Changed);
        Assert.True(Done(_catalog.Unbind("amq.direct", "q", "k")).Changed);
        Assert.False(Done(_catalog.Unbind("amq.direct", "q", "k")).Changed);
    }

    [Fact]
    public void Binding_needs_both_ends_and_unbinding_neither()
    {
        Refused(CatalogErrorCode.NotFound, "no exchange 'x' in vhost '/'", _catalog.Bind("x", "nobody"));
        Refused(CatalogErrorCode.NotFound, "no exchange 'x' in vhost '/'", _catalog.Bind("x", "q"));
        Refused(CatalogErrorCode.NotFound, "no queue 'nobody' in vhost '/'", _catalog.Bind("amq.direct", "nobody"));
        Refused(CatalogErrorCode.NotFound, "no exchange 'x' in vhost '/'", _catalog.BindExchange("amq.direct", "x"));
        Assert.False(Done(_catalog.Unbind("x", "nobody")).Changed);
        Assert.False(Done(_catalog.Unbind("amq.direct", "nobody")).Changed);
        Assert.False(Done(_catalog.Catalog.UnbindExchange("x", "y", "", FieldTable.Empty, Me)).Changed);
    }

    [Fact]
    public void Only_bindings_between_durable_ends_are_journaled()
    {
        Done(_catalog.Queue("transient", durable: false));
        Done(_catalog.Exchange("x", durable: false));
        Assert.Single(Done(_catalog.Bind("amq.direct", "q")).Changes);
        Assert.Empty(Done(_catalog.Bind("amq.direct", "transient")).Changes);
        Assert.Empty(Done(_catalog.Bind("x", "q")).Changes);
        Assert.Empty(Done(_catalog.Unbind("x", "q")).Changes);
        Assert.Single(Done(_catalog.Unbind("amq.direct", "q")).Changes);
    }

    [Fact]
    public void Headers_bindings_need_a_known_mode()
    {
        Refused(
            CatalogErrorCode.PreconditionFailed,
            "Invalid x-match field value <<\"some\">>; expected all, any, all-with-x, or any-with-x",
            _catalog.Bind("amq.headers", "q", "", [new("x-match", "some")]));
        Refused(
            CatalogErrorCode.PreconditionFailed, "Invalid x-match field type signedint (value 1); expected longstr",
            _catalog.Bind("amq.headers", "q", "", [new("x-match", 1)]));
        Done(_catalog.Bind("amq.direct", "q", "", [new("x-match", "some")]));
    }

    [Fact]
    public void Auto_delete_exchanges_go_with_their_last_binding_one_after_the_other()
    {
        Done(_catalog.Exchange("first", autoDelete: true));
        Done(_catalog.Exchange("second", autoDelete: true));
        Done(_catalog.Exchange("never bound", autoDelete: true));
        Done(_catalog.BindExchange("first", "second"));
        Done(_catalog.Bind("second", "q"));
        Done(_catalog.Bind("second", "r"));
        Done(_catalog.Unbind("second", "r"));
        Assert.True(_catalog.Catalog.TryGetExchange("second", out _));

        var outcome = Done(_catalog.Catalog.DeleteQueue("q", false, false, Me));
        Assert.Equal(
            [new QueueDeleted(outcome.Queue!.Id), new ExchangeDeleted("second"), new ExchangeDeleted("first")],
            outcome.Changes);
        Assert.False(_catalog.Catalog.TryGetExchange("first", out _));
        Assert.True(_catalog.Catalog.TryGetExchange("never bound", out _));
    }

    [Fact]
    public void An_auto_delete_exchange_bound_to_itself_goes_too()
    {
        Done(_catalog.Exchange("x", autoDelete: true));
        Done(_catalog.BindExchange("x", "x", "a"));
        Done(_catalog.BindExchange("x", "x", "b"));
        Done(_catalog.Catalog.UnbindExchange("x", "x", "a", FieldTable.Empty, Me));
        Assert.True(_catalog.Catalog.TryGetExchange("x", out _));
        Done(_catalog.Catalog.UnbindExchange("x", "x", "b", FieldTable.Empty, Me));
        Assert.False(_catalog.Catalog.TryGetExchange("x", out _));
    }
}
