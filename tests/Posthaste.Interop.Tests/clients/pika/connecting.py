"""Connecting, authenticating and being refused."""

import threading

import pika
from pika import exceptions

from harness import WAIT_LIMIT_S, check, exclusive, expect, parameters


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
