"""paho as a peer, speaking MQTT 3.1.1: it has topics, bodies and QoS, and no word for anything else."""

import sys
import threading

import paho.mqtt.client as mqtt

import peer

WAIT_LIMIT_S = 20

SWAP = str.maketrans("./", "/.")


class Mqtt311Peer:
    def __init__(self, host, port, name):
        self.client = mqtt.Client(client_id=name, protocol=mqtt.MQTTv311)
        self.client.username_pw_set("guest", "guest")
        self.connected = threading.Event()
        self.subscribed = threading.Event()
        self.client.on_connect = lambda *_: self.connected.set()
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_message = self.on_message
        self.client.connect(host, port)
        self.client.loop_start()
        assert self.connected.wait(WAIT_LIMIT_S), "no CONNACK"

    def subscribe(self, command):
        self.subscribed.clear()
        self.client.subscribe(command["key"].translate(SWAP), qos=1)
        assert self.subscribed.wait(WAIT_LIMIT_S), "no SUBACK"

    def publish(self, command):
        qos = 1 if command.get("persistent") else 0
        sent = self.client.publish(command["key"].translate(SWAP), peer.decode(command["body"]), qos)
        sent.wait_for_publish(WAIT_LIMIT_S)
        assert sent.is_published(), "no PUBACK"

    @staticmethod
    def on_message(client, data, message):
        peer.say(got={
            "key": message.topic.translate(SWAP), "body": peer.encode(message.payload),
            "persistent": message.qos > 0, "headers": []})

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


peer.run(Mqtt311Peer(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
