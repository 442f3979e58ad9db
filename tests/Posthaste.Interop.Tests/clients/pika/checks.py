"""Named checks of pika against the broker at HOST PORT. Prints `ok NAME` or `not ok NAME: reason`, one line a check."""

import decimal
import sys
import threading
import time
import uuid

import pika
from pika import exceptions
from pika.exchange_type import ExchangeType

HOST, PORT = sys.argv[1], int(sys.argv[2])
WAIT_LIMIT_S = 20
CHECKS = []


def check(name):
    """Registers a check under the name that the test run reports."""

    def register(function):
        CHECKS.append((name, function))
        return function

    return register


def parameters(**overrides):
    settings = dict(host=HOST, port=PORT, blocked_connection_timeout=WAIT_LIMIT_S)
    return pika.ConnectionParameters(**{**settings, **overrides})


def unique():
    return f"pika.{uuid.uuid4()}"


def exclusive(channel, **arguments):
    return channel.queue_declare("", exclusive=True, arguments=arguments or None).method.queue


def expect(actual, wanted):
    assert actual == wanted, f"expected {wanted!r}, got {actual!r}"


def refuses(code, text, method, *args, **kwargs):
    """The method must close its channel with this code and text."""
    try:
        method(*args, **kwargs)
    except exceptions.ChannelClosedByBroker as closed:
        expect(closed.reply_code, code)
        assert text in closed.reply_text, closed.reply_text
        return
    raise AssertionError(f"not refused with {code}")


def wait_for(connection, condition):
    """Runs the connection until the condition holds."""
    deadline = time.monotonic() + WAIT_LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        connection.process_data_events(time_limit=0.05)


@check("declares every type of exchange and queue, and passively")
def declares(connection):
    channel = connection.channel()
    for kind in ExchangeType:
        name = unique()
        channel.exchange_declare(name, kind, durable=True)
        channel.exchange_declare(name, passive=True)
        channel.exchange_delete(name)
    name = unique()
    channel.queue_declare(name, durable=True)
    expect(channel.queue_declare(name, passive=True).method.message_count, 0)
    channel.queue_delete(name)


@check("closes the channel with 404 for a missing queue")
def missing_queue(connection):
    name = unique()
    refuses(404, f"NOT_FOUND - no queue '{name}' in vhost '/'", connection.channel().queue_declare, name, passive=True)
    assert connection.is_open


@check("closes the channel with 406 for a different declaration")
def inequivalent(connection):
    name = unique()
    connection.channel().queue_declare(name, exclusive=True, arguments={"x-max-length": 5})
    refuses(406, "inequivalent arg 'x-max-length'", connection.channel().queue_declare, name, exclusive=True)


@check("locks an exclusive queue with 405")
def locked(connection):
    name = exclusive(connection.channel())
    other = pika.BlockingConnection(parameters())
    refuses(405, "RESOURCE_LOCKED", other.channel().queue_declare, name, passive=True)
    other.close()


@check("reports a wrong password as a refused authentication")
def wrong_password(_):
    try:
        pika.BlockingConnection(parameters(credentials=pika.PlainCredentials("guest", "wrong")))
    except exceptions.ProbableAuthenticationError as refused:
        assert "ACCESS_REFUSED" in str(refused), str(refused)
        return
    raise AssertionError("let in")


@check("reports a missing virtual host as a refused access")
def wrong_vhost(_):
    try:
        pika.BlockingConnection(parameters(virtual_host="missing"))
    except exceptions.ProbableAccessDeniedError as refused:
        assert "530" in str(refused) and "vhost missing not found" in str(refused), str(refused)
        return
    raise AssertionError("let in")


@check("publishes with confirms")
def confirms(connection):
    channel = connection.channel()
    channel.confirm_delivery()
    queue = exclusive(channel)
    for i in range(100):
        channel.basic_publish("", queue, str(i), pika.BasicProperties(delivery_mode=2), mandatory=True)
    expect(channel.queue_declare(queue, passive=True).method.message_count, 100)


@check("raises for an unroutable mandatory message")
def unroutable(connection):
    channel = connection.channel()
    channel.confirm_delivery()
    try:
        channel.basic_publish("", unique(), "lost", mandatory=True)
    except exceptions.UnroutableError as error:
        expect(error.messages[0].method.reply_code, 312)
        expect(error.messages[0].method.reply_text, "NO_ROUTE")
        expect(error.messages[0].body, b"lost")
        return
    raise AssertionError("not returned")


@check("calls back for a returned message without confirms")
def returned(connection):
    channel = connection.channel()
    returns = []
    channel.add_on_return_callback(lambda *args: returns.append(args))
    channel.basic_publish("", unique(), "lost", mandatory=True)
    wait_for(connection, lambda: returns)
    expect(returns[0][1].reply_code, 312)


@check("raises for a nack from a full queue")
def nacked(connection):
    channel = connection.channel()
    channel.confirm_delivery()
    queue = exclusive(channel, **{"x-max-length": 1, "x-overflow": "reject-publish"})
    channel.basic_publish("", queue, "kept")
    try:
        channel.basic_publish("", queue, "refused")
    except exceptions.NackError:
        return
    raise AssertionError("not nacked")


@check("round-trips every property and header type")
def properties(connection):
    channel = connection.channel()
    queue = exclusive(channel)
    headers = {
        "text": "\u90f5\u4fbf", "yes": True, "none": None, "int": 42, "long": 2**40, "negative": -42,
        "decimal": decimal.Decimal("1.25"), "bytes": b"\x00\xff", "list": ["a", 1, None, {"b": 2}],
        "table": {"a": {"b": "c"}},
    }
    sent = pika.BasicProperties(
        content_type="text/plain", content_encoding="utf-8", headers=headers, delivery_mode=2, priority=3,
        correlation_id="c", reply_to="r", expiration="60000", message_id="m", timestamp=1_700_000_000, type="t",
        user_id="guest", app_id="a", cluster_id="cl")
    channel.basic_publish("", queue, "body", sent)
    _, got, body = next(channel.consume(queue, auto_ack=True, inactivity_timeout=WAIT_LIMIT_S))
    expect(body, b"body")
    got_headers, got.headers, sent.headers = got.headers, None, None
    expect(vars(got), vars(sent))
    expect(got_headers, headers)
    channel.cancel()


@check("splits a body of one megabyte into the frames that were negotiated")
def large(_):
    for frame_max in (4096, 8192, 131072):
        connection = pika.BlockingConnection(parameters(frame_max=frame_max))
        channel = connection.channel()
        channel.confirm_delivery()
        queue = exclusive(channel)
        channel.basic_publish("", queue, b"z" * 1_048_576)
        expect(len(channel.basic_get(queue, auto_ack=True)[2]), 1_048_576)
        connection.close()


@check("gets, and says when there is nothing")
def get(connection):
    channel = connection.channel()
    channel.confirm_delivery()
    queue = exclusive(channel)
    expect(channel.basic_get(queue), (None, None, None))
    channel.basic_publish("", queue, "one")
    method, _, body = channel.basic_get(queue)
    expect((method.redelivered, method.message_count, body), (False, 0, b"one"))
    channel.basic_ack(method.delivery_tag)


@check("consumes with a callback and cancels")
def consumes(connection):
    channel = connection.channel()
    queue = exclusive(channel)
    bodies = []

    def receive(receiver, method, _, body):
        bodies.append(body)
        receiver.basic_ack(method.delivery_tag)
        if len(bodies) == 3:
            receiver.stop_consuming()

    channel.basic_consume(queue, receive, consumer_tag="chosen")
    for body in ("1", "2", "3"):
        channel.basic_publish("", queue, body)
    channel.start_consuming()
    expect(bodies, [b"1", b"2", b"3"])


@check("consumes with a generator and gives back what it did not acknowledge")
def generator(connection):
    channel = connection.channel()
    channel.confirm_delivery()
    queue = exclusive(channel)
    for i in range(5):
        channel.basic_publish("", queue, str(i))
    for method, _, body in channel.consume(queue, inactivity_timeout=WAIT_LIMIT_S):
        channel.basic_ack(method.delivery_tag)
        if body == b"2":
            break
    channel.cancel()
    wait_for(connection, lambda: channel.queue_declare(queue, passive=True).method.message_count == 2)


@check("ends a generator when its queue is deleted")
def generator_cancelled(connection):
    queue = unique()
    channel = connection.channel()
    channel.queue_declare(queue)
    messages = channel.consume(queue, inactivity_timeout=0.05)
    next(messages)
    other = pika.BlockingConnection(parameters())
    other.channel().queue_delete(queue)
    other.close()
    deadline = time.monotonic() + WAIT_LIMIT_S
    for message in messages:  # Ends by itself once pika hears that its consumer is cancelled.
        expect(message, (None, None, None))
        assert time.monotonic() < deadline, "the consumer was not cancelled"


@check("honours the prefetch")
def prefetch(connection):
    channel = connection.channel()
    channel.confirm_delivery()
    queue = exclusive(channel)
    for i in range(5):
        channel.basic_publish("", queue, str(i))
    channel.basic_qos(prefetch_count=2)
    received = []
    channel.basic_consume(queue, lambda _, method, __, body: received.append((method.delivery_tag, body)))
    wait_for(connection, lambda: len(received) == 2)
    expect(channel.queue_declare(queue, passive=True).method.message_count, 3)
    channel.basic_ack(received[1][0], multiple=True)
    wait_for(connection, lambda: len(received) == 4)


@check("requeues with nack and reject in place and marked")
def requeues(connection):
    channel = connection.channel()
    channel.confirm_delivery()
    queue = exclusive(channel)
    for body in ("one", "two"):
        channel.basic_publish("", queue, body)
    one = channel.basic_get(queue)[0]
    channel.basic_nack(one.delivery_tag, requeue=True)
    method, _, body = channel.basic_get(queue)
    expect((method.redelivered, body), (True, b"one"))
    channel.basic_reject(method.delivery_tag, requeue=False)
    expect(channel.basic_get(queue, auto_ack=True)[2], b"two")


@check("recovers what is unacknowledged")
def recovers(connection):
    channel = connection.channel()
    channel.confirm_delivery()
    queue = exclusive(channel)
    channel.basic_publish("", queue, "again")
    channel.basic_get(queue)
    channel.basic_recover(requeue=True)
    method, _, body = channel.basic_get(queue, auto_ack=True)
    expect((method.redelivered, body), (True, b"again"))


@check("closes the channel with 406 for an unknown delivery tag")
def unknown_tag(connection):
    channel = connection.channel()
    channel.basic_ack(7)
    refuses(406, "PRECONDITION_FAILED - unknown delivery tag 7",
            lambda: wait_for(connection, lambda: channel.queue_declare("", exclusive=True) is None))


@check("closes the connection with 530 for a consumer tag used twice")
def same_tag(connection):
    # pika refuses the same tag itself, so the second consumer goes below its bookkeeping.
    channel = connection.channel()
    queue = exclusive(channel)
    channel.basic_consume(queue, lambda *_: None, consumer_tag="same")
    channel._impl._send_method(pika.spec.Basic.Consume(queue=queue, consumer_tag="same"))
    try:
        wait_for(connection, lambda: False)
    except exceptions.ConnectionClosedByBroker as closed:
        expect(closed.reply_code, 530)
        assert "attempt to reuse consumer tag 'same'" in closed.reply_text, closed.reply_text
        return
    raise AssertionError("accepted")


@check("commits and rolls back")
def transactions(connection):
    channel = connection.channel()
    queue = exclusive(channel)
    channel.tx_select()
    channel.basic_publish("", queue, "rolled back")
    channel.tx_rollback()
    channel.basic_publish("", queue, "committed")
    channel.tx_commit()
    expect(channel.basic_get(queue)[2], b"committed")
    expect(channel.basic_get(queue)[2], None)


@check("binds exchanges to exchanges and unbinds them")
def exchange_bindings(connection):
    channel = connection.channel()
    channel.confirm_delivery()
    source, sink, queue = unique(), unique(), exclusive(channel)
    channel.exchange_declare(source, "topic")
    channel.exchange_declare(sink, "fanout", internal=True)
    channel.exchange_bind(sink, source, "a.#")
    channel.queue_bind(queue, sink, "")
    channel.basic_publish(source, "a.b", "routed")
    expect(channel.basic_get(queue, auto_ack=True)[2], b"routed")
    channel.exchange_unbind(sink, source, "a.#")
    channel.basic_publish(source, "a.b", "unbound")
    expect(channel.basic_get(queue)[2], None)
    refuses(403, "cannot publish to internal exchange", channel.basic_publish, sink, "", "refused")
    cleaner = connection.channel()
    cleaner.exchange_delete(source)
    cleaner.exchange_delete(sink)


@check("routes by headers")
def headers_exchange(connection):
    channel = connection.channel()
    channel.confirm_delivery()
    queue = exclusive(channel)
    channel.queue_bind(queue, "amq.headers", "", {"x-match": "any", "pika": queue, "other": 1})
    channel.basic_publish("amq.headers", "", "hit", pika.BasicProperties(headers={"pika": queue}))
    channel.basic_publish("amq.headers", "", "miss", pika.BasicProperties(headers={"pika": "else"}))
    expect(channel.basic_get(queue, auto_ack=True)[2], b"hit")
    expect(channel.basic_get(queue)[2], None)


@check("dead-letters what expires")
def dead_letters(connection):
    channel = connection.channel()
    dead = exclusive(channel)
    queue = exclusive(channel, **{
        "x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead, "x-message-ttl": 50})
    channel.basic_publish("", queue, "late")
    _, props, body = next(channel.consume(dead, auto_ack=True, inactivity_timeout=WAIT_LIMIT_S))
    expect(body, b"late")
    expect((props.headers["x-death"][0]["queue"], props.headers["x-death"][0]["reason"]), (queue, "expired"))
    channel.cancel()


@check("answers a request through direct reply-to")
def reply_to(connection):
    client, server = connection.channel(), connection.channel()
    requests = exclusive(server)
    replies = []
    client.basic_consume("amq.rabbitmq.reply-to", lambda *args: replies.append(args[3]), auto_ack=True)
    server.basic_consume(
        requests, lambda _, __, props, body: server.basic_publish("", props.reply_to, body + b"!"), auto_ack=True)
    client.basic_publish("", requests, "ping", pika.BasicProperties(reply_to="amq.rabbitmq.reply-to"))
    wait_for(connection, lambda: replies)
    expect(replies, [b"ping!"])


@check("negotiates heartbeats and stays connected while idle")
def heartbeats(_):
    connection = pika.BlockingConnection(parameters(heartbeat=1))
    connection.sleep(3)
    connection.channel().queue_declare("", exclusive=True)
    connection.close()


@check("publishes from another thread through the connection")
def threads(connection):
    channel = connection.channel()
    queue = exclusive(channel)
    thread = threading.Thread(target=lambda: connection.add_callback_threadsafe(
        lambda: channel.basic_publish("", queue, "from a thread")))
    thread.start()
    _, _, body = next(channel.consume(queue, auto_ack=True, inactivity_timeout=WAIT_LIMIT_S))
    thread.join()
    expect(body, b"from a thread")
    channel.cancel()


@check("works through the callback-driven adapter")
def select(_):
    outcome = []

    def opened(connection):
        connection.channel(on_open_callback=lambda channel: channel.queue_declare(
            "", exclusive=True, callback=lambda frame: declared(connection, channel, frame.method.queue)))

    def declared(connection, channel, queue):
        def receive(_, method, __, body):
            channel.basic_ack(method.delivery_tag)
            outcome.append(body)
            connection.close()

        channel.basic_consume(queue, receive)
        channel.basic_publish("", queue, "selected")

    connection = pika.SelectConnection(
        parameters(), on_open_callback=opened, on_close_callback=lambda closing, _: closing.ioloop.stop())
    connection.ioloop.call_later(WAIT_LIMIT_S, connection.ioloop.stop)
    connection.ioloop.start()
    expect(outcome, [b"selected"])


def main():
    for name, run in CHECKS:
        connection = pika.BlockingConnection(parameters())
        try:
            run(connection)
            print(f"ok {name}", flush=True)
        except Exception as error:  # Whatever went wrong is this check's failure and not the next one's.
            print(f"not ok {name}: {type(error).__name__} {' '.join(str(error).split())}", flush=True)
        if connection.is_open:
            connection.close()


main()
