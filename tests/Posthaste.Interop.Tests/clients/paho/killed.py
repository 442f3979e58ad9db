"""
Publishes and subscribes with sessions that last, while the broker at HOST PORT is killed and started again. Prints
`progress` each time that some more messages have arrived, reads `finish`, and prints `ok` or what is wrong.
"""

import sys
import threading

import paho.mqtt.client as mqtt

STEP = 40
IN_FLIGHT = 20
WAIT_LIMIT_S = 120

host, port, qos = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
received = []
subscribed = threading.Event()
arrived = threading.Condition()


class Client(mqtt.Client):
    """
    paho 1.6 forgets with its second attempt to connect that PUBREC has come, and publishes anew what was released
    already, which no broker can tell from a new message. Here it remembers.
    """

    def _messages_reconnect_reset_out(self):
        states = (mqtt.mqtt_ms_wait_for_pubcomp, mqtt.mqtt_ms_resend_pubrel)
        released = [message for message in self._out_messages.values() if message.state in states]
        super()._messages_reconnect_reset_out()
        for message in released:
            message.state = mqtt.mqtt_ms_resend_pubrel


def client(name):
    made = Client(client_id=name, clean_session=False)
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
