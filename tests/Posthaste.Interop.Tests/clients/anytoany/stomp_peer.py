"""stomp.py as a peer, speaking STOMP 1.2."""

import sys
import threading

import stomp

import peer

WAIT_LIMIT_S = 20

# Headers that are properties, and the name and type under which the test knows them.
KNOWN = {
    "content-type": ("contentType", str),
    "content-encoding": ("contentEncoding", str),
    "priority": ("priority", int),
    "expiration": ("expirationMs", int),
    "timestamp": ("timestamp", int),
    "amqp-message-id": ("messageId", str),
    "type": ("type", str),
    "app-id": ("appId", str),
}

# Headers of the frame, not of the message.
OF_FRAME = {"subscription", "message-id", "redelivered", "content-length", "ack"}


class StompPeer(stomp.ConnectionListener):
    def __init__(self, host, port, name):
        self.name = name
        self.count = 0
        self.receipts = {}
        self.responds = False
        self.connection = stomp.Connection12([(host, port)], auto_decode=False, vhost="/")
        self.connection.set_listener("peer", self)
        self.connection.connect("guest", "guest", wait=True)

    def subscribe(self, command):
        self.count += 1
        self.and_wait(lambda receipt: self.connection.subscribe(
            f"/topic/{command['key']}", f"{self.count}", headers={"receipt": receipt}))

    def respond(self, command):
        self.responds = True
        self.subscribe(command)

    def publish(self, command):
        headers = {name: str(command[key]) for name, (key, _) in KNOWN.items() if key in command}
        headers.update({name: value for name, value in command.get("headers", [])})
        if "correlationId" in command:
            headers["correlation-id"] = peer.decode(command["correlationId"]).decode()
        if "replyTo" in command:
            headers["reply-to"] = f"/topic/{command['replyTo']['key']}"
        self.send(command, headers)

    def request(self, command):
        self.send(command, {
            "correlation-id": peer.decode(command["correlationId"]).decode(), "reply-to": "/temp-queue/answers"})

    def send(self, command, headers):
        headers["persistent"] = "true" if command.get("persistent") else "false"
        self.and_wait(lambda receipt: self.connection.send(
            f"/topic/{command['key']}", peer.decode(command["body"]), headers={**headers, "receipt": receipt}))

    def and_wait(self, act):
        """Does it with a receipt and waits for that."""
        receipt = f"receipt-{len(self.receipts)}"
        self.receipts[receipt] = threading.Event()
        act(receipt)
        assert self.receipts[receipt].wait(WAIT_LIMIT_S), f"no RECEIPT {receipt}"

    def on_receipt(self, frame):
        self.receipts[frame.headers["receipt-id"]].set()

    def on_error(self, frame):
        peer.say(error=f"{frame.headers.get('message')}: {frame.body!r}")

    def on_message(self, frame):
        headers = frame.headers
        if self.responds:
            self.connection.send(
                headers["reply-to"], b"re: " + frame.body, headers={"correlation-id": headers["correlation-id"]})
            return
        kind, _, key = headers["destination"].lstrip("/").partition("/")
        got = {"key": key, "body": peer.encode(frame.body), "persistent": headers.get("persistent") == "true",
               "headers": []}
        for name, value in headers.items():
            if name in KNOWN:
                known, of = KNOWN[name]
                got[known] = of(value)
            elif name == "correlation-id":
                got["correlationId"] = peer.encode(value.encode())
            elif name == "reply-to":
                got["replyTo"] = self.parse_destination(value)
            elif name not in OF_FRAME | {"destination", "persistent"}:
                got["headers"].append([name, value])
        peer.say(got=got)

    @staticmethod
    def parse_destination(text):
        kind, _, rest = text.lstrip("/").partition("/")
        if kind == "exchange":
            exchange, _, key = rest.partition("/")
            return peer.address(exchange, key)
        return peer.address("amq.topic" if kind == "topic" else "", rest)

    def close(self):
        self.connection.disconnect()


peer.run(StompPeer(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
