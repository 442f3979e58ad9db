"""Declaring, binding and routing."""

import pika
from pika.exchange_type import ExchangeType

from harness import check, exclusive, expect, parameters, refuses, unique


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
