"""
Publishes and subscribes with sessions that last, while the broker at HOST PORT is killed and started again. Prints
`progress` each time that some more messages have arrived, reads `finish`, and prints `ok` or what is wrong.
"""

import socket
import sys
import threading
import time

import paho.mqtt.client as mqtt

STEP = 40
IN_FLIGHT = 20
WAIT_LIMIT_S = 120

host, port, qos = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
received = []
subscribed = threading.Event()
arrived = threading.Condition()


def wait_for_broker(*_):
    """
    Lets paho connect again only when the broker is there: with each attempt in vain paho 1.6 forgets one more thing. After
    two it publishes anew what was released already (_messages_reconnect_reset_out), which no broker can tell from a
    new message.
    """
    while not is_there():
        time.sleep(0.05)


def is_there():
    """Whether somebody answers: a process that was killed accepts for a moment after its connections are gone."""
    connect = b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00"
    try:
        with socket.create_connection((host, port), timeout=5) as probe:
            probe.sendall(connect)
            return len(probe.recv(4)) > 0
    except OSError:
        return False


def client(name):
    made = mqtt.Client(client_id=name, clean_session=False)
    made.on_disconnect = wait_for_broker
    made.max_inflight_messages_set(IN_FLIGHT)
    made.reconnect_delay_set(1, 1)
    return made


def on_message(_client, _userdata, message):
    with arrived:
        received.append(int(message.payload))
        if len(received) % STEP == 0:
            print("progress", flush=True)
        arrived.notify_all()


subscriber = client("subscriber")
subscriber.on_connect = lambda made, *_: made.subscribe("flow/#", qos)
subscriber.on_subscribe = lambda *_: subscribed.set()
subscriber.on_message = on_message
subscriber.connect(host, port)
subscriber.loop_start()
assert subscribed.wait(WAIT_LIMIT_S), "no SUBACK"

publisher = client("publisher")
publisher.connect(host, port)
publisher.loop_start()

answered = set()


def on_publish(_client, _userdata, mid):
    with arrived:
        answered.add(mid)
        arrived.notify_all()


publisher.on_publish = on_publish
finish = threading.Event()
threading.Thread(target=lambda: (sys.stdin.readline(), finish.set()), daemon=True).start()

# What is published while there is no connection is sent when there is one again. Identifiers are not used twice:
# there are far fewer messages.
published = []
while not finish.is_set():
    published.append(publisher.publish(f"flow/{len(published) % 7}", str(len(published)), qos).mid)
    with arrived:
        # As fast as they are answered, with some always under way.
        assert arrived.wait_for(lambda: len(published) - len(answered) < 2 * IN_FLIGHT, WAIT_LIMIT_S), "no answers"

with arrived:
    arrived.wait_for(lambda: len(answered) == len(published), WAIT_LIMIT_S)
    arrived.wait_for(lambda: len(set(received)) == len(published), WAIT_LIMIT_S)
    unanswered = sorted(set(published) - answered)
    missing = sorted(set(range(len(published))) - set(received))
    twice = sorted({number for number in received if received.count(number) > 1}) if qos == 2 else []

if unanswered or missing or twice:
    print(f"of {len(published)}: unanswered {unanswered}, missing {missing}, twice {twice}")
else:
    print("ok")
