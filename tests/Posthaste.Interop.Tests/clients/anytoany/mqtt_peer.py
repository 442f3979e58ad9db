"""paho as a peer, speaking MQTT 5."""

import sys
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

import peer

WAIT_LIMIT_S = 20
REPLY_TOPIC = "$reply/"

# What MQTT has no property for, and the name and type under which the test knows it.
CARRIED = {
    "x-priority": ("priority", int),
    "x-timestamp": ("timestamp", int),
    "x-message-id": ("messageId", str),
    "x-type": ("type", str),
    "x-app-id": ("appId", str),
    "x-content-encoding": ("contentEncoding", str),
}

SWAP = str.maketrans("./", "/.")


class MqttPeer:
    def __init__(self, host, port, name):
        self.client = mqtt.Client(client_id=name, protocol=mqtt.MQTTv5)
        self.client.username_pw_set("guest", "guest")
        self.connected = threading.Event()
        self.subscribed = threading.Event()
        self.responds = False
        self.reply_topic = f"replies/{name}"
        self.client.on_connect = lambda *_: self.connected.set()
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_message = self.on_message
        self.client.connect(host, port)
        self.client.loop_start()
        assert self.connected.wait(WAIT_LIMIT_S), "no CONNACK"

    def subscribe(self, command):
        self.subscribe_topic(command["key"].translate(SWAP))

    def respond(self, command):
        self.responds = True
        self.subscribe(command)

    def publish(self, command):
        properties = Properties(PacketTypes.PUBLISH)
        pairs = [tuple(header) for header in command.get("headers", [])]
        pairs += [(name, str(command[key])) for name, (key, _) in CARRIED.items() if key in command]
        if pairs:
            properties.UserProperty = pairs
        if "contentType" in command:
            properties.ContentType = command["contentType"]
        if "correlationId" in command:
            properties.CorrelationData = peer.decode(command["correlationId"])
        if "replyTo" in command:
            properties.ResponseTopic = command["replyTo"]["key"].translate(SWAP)
        if "expirationMs" in command:
            properties.MessageExpiryInterval = command["expirationMs"] // 1000
        qos = 1 if command.get("persistent") else 0
        sent = self.client.publish(
            command["key"].translate(SWAP), peer.decode(command["body"]), qos, properties=properties)
        sent.wait_for_publish(WAIT_LIMIT_S)
        assert sent.is_published(), "no PUBACK"

    def request(self, command):
        self.subscribe_topic(self.reply_topic)
        self.publish({**command, "replyTo": peer.address("amq.topic", self.reply_topic.translate(SWAP))})

    def subscribe_topic(self, topic):
        self.subscribed.clear()
        self.client.subscribe(topic, qos=1)
        assert self.subscribed.wait(WAIT_LIMIT_S), "no SUBACK"

    def on_message(self, client, data, message):
        if self.responds:
            self.answer(message)
            return
        properties = message.properties
        got = {"key": message.topic.translate(SWAP), "body": peer.encode(message.payload),
               "persistent": message.qos > 0, "headers": []}
        for name, value in getattr(properties, "UserProperty", []):
            if name in CARRIED:
                key, of = CARRIED[name]
                got[key] = of(value)
            else:
                got["headers"].append([name, value])
        if hasattr(properties, "ContentType"):
            got["contentType"] = properties.ContentType
        if hasattr(properties, "CorrelationData"):
            got["correlationId"] = peer.encode(properties.CorrelationData)
        if hasattr(properties, "ResponseTopic"):
            got["replyTo"] = self.parse_topic(properties.ResponseTopic)
        if hasattr(properties, "MessageExpiryInterval"):
            got["expirationMs"] = properties.MessageExpiryInterval * 1000
        peer.say(got=got)

    def answer(self, request):
        properties = Properties(PacketTypes.PUBLISH)
        properties.CorrelationData = request.properties.CorrelationData
        self.client.publish(
            request.properties.ResponseTopic, b"re: " + request.payload, 1, properties=properties)

    @staticmethod
    def parse_topic(topic):
        if topic.startswith(REPLY_TOPIC):
            return peer.parse_address(topic[len(REPLY_TOPIC):])
        return peer.address("amq.topic", topic.translate(SWAP))

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


peer.run(MqttPeer(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
