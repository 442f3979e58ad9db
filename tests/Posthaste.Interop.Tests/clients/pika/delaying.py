"""Delayed exchanges, as clients of RabbitMQ's plug-in use them."""

import time

import pika

from harness import check, exclusive, expect, refuses, unique, wait_for

# Far enough apart for a machine that stands still for seconds in between.
STEP_MS = 4_000


def delayed(channel, kind):
    exchange = unique()
    channel.exchange_declare(
        exchange, exchange_type="x-delayed-message", durable=True, arguments={"x-delayed-type": kind})
    channel.confirm_delivery()
    return exchange, exclusive(channel)


def delay(milliseconds):
    return pika.BasicProperties(headers={"x-delay": milliseconds}, delivery_mode=2)


def consume(channel, queue):
    """Bodies and `x-delay` headers, as they come."""
    found = []

    def receive(_channel, _method, properties, body):
        found.append((body.decode(), (properties.headers or {}).get("x-delay")))

    channel.basic_consume(queue, receive, auto_ack=True)
    return found


@check("delays messages by their header and shows it negated")
def in_order(connection):
    channel = connection.channel()
    exchange, queue = delayed(channel, "direct")
    channel.queue_bind(queue, exchange, "key")
    found = consume(channel, queue)
    begun = time.monotonic()
    channel.basic_publish(exchange, "key", "last", delay(2 * STEP_MS))
    channel.basic_publish(exchange, "key", "second", delay(STEP_MS))
    channel.basic_publish(exchange, "key", "at once")
    wait_for(connection, lambda: len(found) == 3)
    assert time.monotonic() - begun >= 2 * STEP_MS / 1_000, "it came before its time"
    expect(found, [("at once", None), ("second", -STEP_MS), ("last", -2 * STEP_MS)])


@check("routes a delayed message by the bindings of when it is due")
def by_topic(connection):
    channel = connection.channel()
    exchange, queue = delayed(channel, "topic")
    found = consume(channel, queue)
    channel.basic_publish(exchange, "a.b", "bound later", delay(STEP_MS))
    channel.queue_bind(queue, exchange, "a.*")
    wait_for(connection, lambda: found)
    expect(found, [("bound later", -STEP_MS)])


@check("refuses a delayed exchange that does not say how it routes")
def without_type(connection):
    refuses(
        406, "x-delayed-type", connection.channel().exchange_declare, unique(), exchange_type="x-delayed-message")
