"""SEND and MESSAGE: bodies, headers, receipts, transactions, replies."""

from harness import Client, check, expect, unique


@check("round-trips text, binary and empty bodies in every version")
def bodies():
    for version in ("1.0", "1.1", "1.2"):
        queue = f"/queue/{unique()}"
        client = Client(version, auto_decode=False).opened()
        client.subscribe(queue)
        for body in (b"text", b"", b"\x00\x01\xff\x00", "grüße 😀".encode(), b"x" * 300_000):
            client.send(queue, body)
            expect(client.message().body or b"", body)
        client.close()


@check("round-trips headers with every escape")
def headers():
    for version in ("1.1", "1.2"):
        queue = f"/queue/{unique()}"
        client = Client(version).opened()
        client.subscribe(queue)
        sent = {"colon": "a:b", "backslash": "a\\b", "newline": "a\nb", "plain": "ä", "empty": ""}
        client.send(queue, "x", **sent)
        frame = client.message("x")
        for name, value in sent.items():
            expect(frame.headers[name], value)
        client.close()


@check("round-trips the properties of AMQP")
def properties():
    queue = f"/queue/{unique()}"
    client = Client().opened()
    client.subscribe(queue)
    sent = {
        "content-type": "text/plain", "content-encoding": "identity", "persistent": "true", "priority": "4",
        "correlation-id": "c", "expiration": "60000", "amqp-message-id": "m", "timestamp": "1700000000",
        "type": "t", "user-id": "guest", "app-id": "a",
    }
    client.connection.send(queue, "x", None, sent)
    frame = client.message("x")
    for name, value in sent.items():
        expect(frame.headers[name], value)
    client.close()


@check("gets a receipt for a message")
def receipts():
    queue = f"/queue/{unique()}"
    client = Client().opened()
    for i in range(50):
        client.send_synced(queue, str(i), persistent="true")
    client.close()


@check("commits a transaction")
def commits():
    queue = f"/queue/{unique()}"
    client = Client().opened()
    client.subscribe(queue)
    transaction = client.connection.begin()
    client.send(queue, "1", transaction=transaction)
    client.send(queue, "2", transaction=transaction)
    client.send(queue, "before")
    client.message("before")
    client.connection.commit(transaction)
    client.message("1")
    client.message("2")
    client.close()


@check("aborts a transaction")
def aborts():
    queue = f"/queue/{unique()}"
    client = Client().opened()
    client.subscribe(queue)
    transaction = client.connection.begin()
    client.send(queue, "gone", transaction=transaction)
    client.connection.abort(transaction)
    client.send(queue, "kept")
    client.message("kept")
    client.close()


@check("acknowledges within a transaction")
def acknowledges():
    queue = f"/queue/{unique()}"
    client = Client().opened()
    client.subscribe(queue, ack="client-individual")
    client.send(queue, "x")
    frame = client.message("x")
    transaction = client.connection.begin()
    client.ack(frame, transaction=transaction)
    client.connection.commit(transaction)
    client.close()
    reader = Client().opened()
    reader.subscribe(queue)
    reader.send(queue, "y")
    reader.message("y")
    reader.close()


@check("answers to a temporary queue")
def answers():
    queue = f"/queue/{unique()}"
    responder = Client().opened()
    responder.subscribe(queue)
    requester = Client().opened()
    requester.send(queue, "?", **{"reply-to": "/temp-queue/answers"})
    reply_to = responder.message("?").headers["reply-to"]
    assert reply_to.startswith("/reply-queue/"), reply_to
    responder.send(reply_to, "!")
    expect(requester.message("!").headers["subscription"], "/temp-queue/answers")
    requester.close()
    responder.close()
