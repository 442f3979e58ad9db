"""Consuming: order, prefetch, settling, dead letters."""

import time

import pika
from pika import exceptions

from harness import WAIT_LIMIT_S, check, exclusive, expect, parameters, refuses, unique, wait_for


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
