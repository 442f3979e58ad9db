"""Publishing: properties, confirms, returns."""

import decimal

import pika
from pika import exceptions

from harness import WAIT_LIMIT_S, check, exclusive, expect, parameters, unique, wait_for


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
