"""What the clients of the any-to-any tests share.

A peer reads commands from standard input and prints what happens, one JSON object a line. Messages are in the words of
AMQP's topic exchange, so that the test need not know how a protocol says it: `key` is a routing key of amq.topic,
`replyTo` an exchange and a key. Bodies and correlation ids are base64.

    {"do": "subscribe", "key": K}           -> {"did": "subscribe"}
    {"do": "publish", "key": K, ...}        -> {"did": "publish"}
    {"do": "respond", "key": K}             -> {"did": "respond"}    answers each request with "re: " and its body
    {"do": "request", "key": K, ...}        -> {"did": "request"}    the answer comes as a message
                                               {"got": {...}}        for each message
"""

import base64
import json
import sys
import threading

REPLY_PREFIX = "amq.reply-to."
_printing = threading.Lock()


def say(**line):
    with _printing:
        print(json.dumps(line), flush=True)


def encode(data):
    return base64.b64encode(data).decode()


def decode(text):
    return base64.b64decode(text)


def address(exchange, key):
    return {"exchange": exchange, "key": key}


def parse_address(text):
    """The address in AMQP's words: a key of the default exchange, which may name another exchange."""
    if not text.startswith(REPLY_PREFIX):
        return address("", text)
    exchange, key = text[len(REPLY_PREFIX):].split(".", 1)
    return address(exchange.replace("%2E", ".").replace("%25", "%"), key)


def run(peer):
    """Obeys the commands until standard input ends."""
    for line in sys.stdin:
        command = json.loads(line)
        getattr(peer, command["do"])(command)
        say(did=command["do"])
    peer.close()
