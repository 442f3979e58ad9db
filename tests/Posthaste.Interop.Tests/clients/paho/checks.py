"""Runs every check of paho against the broker at HOST PORT."""

import queue
import sys
import threading
import time
import uuid

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

WAIT_LIMIT_S = 20
HOST, PORT = sys.argv[1], int(sys.argv[2])
VERSIONS = [mqtt.MQTTv31, mqtt.MQTTv311, mqtt.MQTTv5]
CHECKS = []


def check(name):
    return lambda run: CHECKS.append((name, run)) or run


def unique():
    return f"paho/{uuid.uuid4().hex}"


def expect(actual, expected):
    assert actual == expected, f"{actual!r} instead of {expected!r}"


class Peer:
    """A connected client that keeps what it gets."""

    def __init__(self, version=mqtt.MQTTv5, name=None, clean=True, expiry=0, will=None, receive_maximum=None):
        self.messages = queue.Queue()
        self.granted = queue.Queue()
        self.ended = queue.Queue()
        connected = threading.Event()
        self.present = None
        name = name or uuid.uuid4().hex[:20]
        if version == mqtt.MQTTv5:
            self.client = mqtt.Client(name, protocol=version)
        else:
            self.client = mqtt.Client(name, protocol=version, clean_session=clean)
        self.client.on_connect = lambda _c, _u, flags, *_: (
            setattr(self, "present", flags["session present"]), connected.set())
        self.client.on_message = lambda _c, _u, message: self.messages.put(message)
        self.client.on_subscribe = lambda *arguments: self.granted.put(arguments[3])
        self.client.on_disconnect = lambda _c, _u, code, *_: self.ended.put(code)
        if will:
            self.client.will_set(**will)
        if version == mqtt.MQTTv5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = expiry
            if receive_maximum:
                properties.ReceiveMaximum = receive_maximum
            self.client.connect(HOST, PORT, clean_start=clean, properties=properties)
        else:
            self.client.connect(HOST, PORT)
        self.client.loop_start()
        assert connected.wait(WAIT_LIMIT_S), "no CONNACK"

    def subscribe(self, *arguments, **options):
        self.client.subscribe(*arguments, **options)
        return self.granted.get(timeout=WAIT_LIMIT_S)

    def publish(self, *arguments, **options):
        self.client.publish(*arguments, **options).wait_for_publish(WAIT_LIMIT_S)

    def get(self):
        return self.messages.get(timeout=WAIT_LIMIT_S)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

    def vanish(self):
        """Goes away without a word."""
        self.client._sock.close()
        self.client.loop_stop()


@check("publishes and receives in all versions with each QoS")
def all_versions():
    for version in VERSIONS:
        subscriber, publisher, topic = Peer(version), Peer(version), unique()
        subscriber.subscribe(topic + "/#", 2)
        for qos in range(3):
            publisher.publish(f"{topic}/{qos}", f"body {qos}", qos)
            message = subscriber.get()
            expect((message.topic, message.payload, message.qos), (f"{topic}/{qos}", b"body %d" % qos, qos))
        subscriber.close()
        publisher.close()


@check("keeps a session and what came for it")
def kept_session():
    for version in VERSIONS[1:]:
        name, topic = uuid.uuid4().hex[:20], unique()
        first = Peer(version, name, clean=False, expiry=600)
        expect(first.present, 0)
        first.subscribe(topic, 2)
        first.close()
        publisher = Peer(version)
        for number in range(20):
            publisher.publish(topic, str(number), 1)
        again = Peer(version, name, clean=False, expiry=600)
        expect(again.present, 1)
        expect([again.get().payload for _ in range(20)], [b"%d" % number for number in range(20)])
        again.close()
        publisher.close()
        Peer(version, name, clean=True).close()


@check("keeps a retained message until it is cleared")
def retained():
    publisher, topic = Peer(), unique()
    publisher.publish(topic, "kept", 1, retain=True)
    first = Peer()
    first.subscribe(topic)
    message = first.get()
    expect((message.payload, message.retain), (b"kept", True))
    publisher.publish(topic, "", 1, retain=True)
    second = Peer()
    second.subscribe(topic)
    publisher.publish(topic, "live", 1)
    expect(second.get().payload, b"live")


@check("delays what is published below $delayed")
def delayed():
    # Far enough apart for a machine that stands still for seconds in between.
    for version in VERSIONS[1:]:
        subscriber, publisher, topic = Peer(version), Peer(version), unique()
        subscriber.subscribe(topic, 2)
        begun = time.monotonic()
        publisher.publish(f"$delayed/8/{topic}", "last", 2)
        publisher.publish(f"$delayed/4/{topic}", "second", 1)
        publisher.publish(topic, "at once", 1)
        expect([subscriber.get().payload for _ in range(3)], [b"at once", b"second", b"last"])
        assert time.monotonic() - begun >= 8, "it came before its time"
        subscriber.close()
        publisher.close()


@check("publishes the will of a client that is lost")
def will():
    for version in VERSIONS:
        watcher, topic = Peer(version), unique()
        watcher.subscribe(topic, 2)
        lost = Peer(version, will={"topic": topic, "payload": "gone", "qos": 2})
        lost.vanish()
        expect(watcher.get().payload, b"gone")
        watcher.close()


@check("hands properties of MQTT 5 through")
def properties():
    subscriber, publisher, topic = Peer(), Peer(), unique()
    identifier = Properties(PacketTypes.SUBSCRIBE)
    identifier.SubscriptionIdentifier = 77
    subscriber.subscribe(topic, options=SubscribeOptions(qos=1), properties=identifier)
    sent = Properties(PacketTypes.PUBLISH)
    sent.UserProperty = [("a", "1"), ("b", "2"), ("a", "3")]
    sent.CorrelationData = b"\x00\xff"
    sent.ResponseTopic = "answers"
    sent.MessageExpiryInterval = 1000
    publisher.publish(topic, "x", 1, properties=sent)
    got = subscriber.get().properties
    expect(got.UserProperty, [("a", "1"), ("b", "2"), ("a", "3")])
    expect((got.CorrelationData, got.ResponseTopic, got.SubscriptionIdentifier), (b"\x00\xff", "answers", [77]))
    assert 990 <= got.MessageExpiryInterval <= 1000, got.MessageExpiryInterval


@check("answers subscriptions one by one, and refuses those that are none")
def refusals():
    peer = Peer(mqtt.MQTTv311)
    expect(peer.subscribe([("a/b", 0), ("a/#", 2), ("$share/g/a", 1)]), (0, 2, 1))
    peer.close()
    five = Peer()
    codes = five.subscribe([("ok", SubscribeOptions(qos=1)), ("$share/g", SubscribeOptions(qos=1))])
    expect([code.value for code in codes], [1, 0x8F])


@check("does not send a client its own messages if it asks not to")
def no_local():
    peer, other, topic = Peer(), Peer(), unique()
    peer.subscribe(topic, options=SubscribeOptions(qos=1, noLocal=True))
    peer.publish(topic, "own", 1)
    other.publish(topic, "other", 1)
    expect(peer.get().payload, b"other")


@check("shares the messages of a group")
def shared():
    topic = unique()
    members = [Peer() for _ in range(3)]
    for member in members:
        member.subscribe(f"$share/{topic.replace('/', '-')}/{topic}", options=SubscribeOptions(qos=1))
    publisher = Peer()
    for number in range(30):
        publisher.publish(topic, str(number), 1)
    got = []
    for member in members:
        mine = [member.get().payload for _ in range(10)]
        got += mine
    expect(sorted(got, key=int), [b"%d" % number for number in range(30)])


@check("tells a client that another one has taken its session")
def taken_over():
    name = uuid.uuid4().hex[:20]
    first = Peer(name=name)
    second = Peer(name=name)
    expect(first.ended.get(timeout=WAIT_LIMIT_S).value, 0x8E)
    first.client.loop_stop()
    second.close()


@check("takes many at once and a large one")
def load():
    subscriber, publisher, topic = Peer(receive_maximum=5), Peer(), unique()
    subscriber.subscribe(topic, 2)
    pending = [publisher.client.publish(topic, str(number), number % 3) for number in range(600)]
    for info in pending:
        info.wait_for_publish(WAIT_LIMIT_S)
    expect(sorted((int(subscriber.get().payload) for _ in range(600))), list(range(600)))
    publisher.publish(topic, b"x" * 5_000_000, 1)
    expect(len(subscriber.get().payload), 5_000_000)


for check_name, run_check in CHECKS:
    try:
        run_check()
        print(f"ok {check_name}", flush=True)
    except Exception as error:  # pylint: disable=broad-except
        reason = " ".join(f"{type(error).__name__} {error}".split())
        print(f"not ok {check_name}: {reason}", flush=True)
