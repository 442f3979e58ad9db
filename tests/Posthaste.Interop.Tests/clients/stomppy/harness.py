"""The checks of stomp.py: how they are registered and run, and what they share."""

import queue
import sys
import uuid

import stomp

HOST, PORT = sys.argv[1], int(sys.argv[2])
WAIT_LIMIT_S = 20
CHECKS = []
CLASSES = {"1.0": stomp.Connection10, "1.1": stomp.Connection11, "1.2": stomp.Connection12}


def check(name):
    """Registers a check under the name that the test run reports."""

    def register(function):
        CHECKS.append((name, function))
        return function

    return register


class Inbox(stomp.ConnectionListener):
    """Keeps every frame for the check to take, by kind."""

    def __init__(self):
        self.frames = {kind: queue.Queue() for kind in ("message", "receipt", "error", "connected", "disconnected")}

    def on_message(self, frame):
        self.frames["message"].put(frame)

    def on_receipt(self, frame):
        self.frames["receipt"].put(frame)

    def on_error(self, frame):
        self.frames["error"].put(frame)

    def on_connected(self, frame):
        self.frames["connected"].put(frame)

    def on_disconnected(self):
        self.frames["disconnected"].put(None)

    def take(self, kind):
        try:
            return self.frames[kind].get(timeout=WAIT_LIMIT_S)
        except queue.Empty:
            raise AssertionError(f"no {kind} came") from None


class Client:
    """A connection of stomp.py and what came on it."""

    def __init__(self, version="1.2", login="guest", passcode="guest", vhost="/", **settings):
        if version != "1.0":
            settings.setdefault("vhost", vhost)
        self.version = version
        self.inbox = Inbox()
        self.connection = CLASSES[version]([(HOST, PORT)], reconnect_attempts_max=1, **settings)
        self.connection.set_listener("inbox", self.inbox)
        self.connection.connect(login, passcode, wait=False)

    def opened(self):
        self.inbox.take("connected")
        return self

    def subscribe(self, destination, id="0", ack="auto", **headers):
        receipt = str(uuid.uuid4())
        self.connection.subscribe(destination, id=id, ack=ack, headers={**headers, "receipt": receipt})
        self.receipt(receipt)

    def send(self, destination, body, content_type=None, **headers):
        self.connection.send(destination, body, content_type, headers)

    def send_synced(self, destination, body, **headers):
        receipt = str(uuid.uuid4())
        self.send(destination, body, receipt=receipt, **headers)
        self.receipt(receipt)

    def receipt(self, wanted):
        expect(self.inbox.take("receipt").headers["receipt-id"], wanted)

    def message(self, body=None):
        frame = self.inbox.take("message")
        if body is not None:
            expect(frame.body, body)
        return frame

    def ack(self, frame, **headers):
        self._settle(self.connection.ack, frame, **headers)

    def nack(self, frame, **headers):
        self._settle(self.connection.nack, frame, **headers)

    def _settle(self, method, frame, **headers):
        if self.version == "1.2":
            method(frame.headers["ack"], **headers)
        elif self.version == "1.1":
            method(frame.headers["message-id"], frame.headers["subscription"], **headers)
        else:
            method(frame.headers["message-id"], **headers)

    def close(self):
        """Closes after a receipt, so that everything before it has been dealt with."""
        if self.connection.is_connected():
            receipt = str(uuid.uuid4())
            self.connection.disconnect(receipt=receipt)
            self.receipt(receipt)


def unique():
    return f"stomppy.{uuid.uuid4()}"


def expect(actual, wanted):
    assert actual == wanted, f"expected {wanted!r}, got {actual!r}"


def run_all():
    """Runs every check in turn and prints `ok NAME` or `not ok NAME: reason`, one line a check."""
    for name, run in CHECKS:
        try:
            run()
            print(f"ok {name}", flush=True)
        except Exception as error:  # Whatever went wrong is this check's failure and not the next one's.
            print(f"not ok {name}: {type(error).__name__} {' '.join(str(error).split())}", flush=True)
