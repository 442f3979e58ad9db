"""The checks of pika: how they are registered and run, and what they share."""

import sys
import time
import uuid

import pika
from pika import exceptions

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


def run_all():
    """Runs every check in turn and prints `ok NAME` or `not ok NAME: reason`, one line a check."""
    for name, run in CHECKS:
        connection = pika.BlockingConnection(parameters())
        try:
            run(connection)
            print(f"ok {name}", flush=True)
        except Exception as error:  # Whatever went wrong is this check's failure and not the next one's.
            print(f"not ok {name}: {type(error).__name__} {' '.join(str(error).split())}", flush=True)
        if connection.is_open:
            connection.close()
