"""ACK, NACK, prefetch and redelivery."""

from harness import Client, check, expect, unique


@check("acknowledges single messages in every version")
def individual():
    for version in ("1.0", "1.1", "1.2"):
        queue = f"/queue/{unique()}"
        client = Client(version).opened()
        client.subscribe(queue, ack="client-individual")
        for i in range(3):
            client.send(queue, str(i))
        frames = [client.message(str(i)) for i in range(3)]
        client.ack(frames[1])
        client.close()
        expect_redelivered(queue, "0", "2")


@check("acknowledges all messages up to one")
def cumulative():
    queue = f"/queue/{unique()}"
    client = Client().opened()
    client.subscribe(queue, ack="client")
    for i in range(3):
        client.send(queue, str(i))
    frames = [client.message(str(i)) for i in range(3)]
    client.ack(frames[1])
    client.close()
    expect_redelivered(queue, "2")


@check("gets a rejected message again")
def rejected():
    queue = f"/queue/{unique()}"
    client = Client().opened()
    client.subscribe(queue, ack="client-individual")
    client.send(queue, "x")
    frame = client.message("x")
    expect(frame.headers["redelivered"], "false")
    client.nack(frame)
    frame = client.message("x")
    expect(frame.headers["redelivered"], "true")
    client.ack(frame)
    client.close()


@check("dead-letters what is rejected for good")
def dead_lettered():
    queue, dead = unique(), unique()
    client = Client().opened()
    client.subscribe(f"/queue/{dead}", id="dead")
    arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead}
    client.subscribe(f"/queue/{queue}", id="live", ack="client-individual", **arguments)
    client.connection.send(f"/queue/{queue}", "x", None, arguments)
    client.nack(client.message("x"), requeue="false")
    frame = client.message("x")
    expect(frame.headers["subscription"], "dead")
    expect(frame.headers["x-first-death-reason"], "rejected")
    expect(frame.headers["x-first-death-queue"], queue)
    client.close()


@check("is given no more than its prefetch")
def prefetch():
    queue = f"/queue/{unique()}"
    client = Client().opened()
    client.subscribe(queue, ack="client-individual", **{"prefetch-count": "1"})
    client.send(queue, "1")
    client.send(queue, "2")
    frame = client.message("1")
    client.send_synced(f"/queue/{unique()}", "fence")
    assert client.inbox.frames["message"].empty()
    client.ack(frame)
    client.message("2")
    client.close()


def expect_redelivered(queue, *bodies):
    client = Client().opened()
    client.subscribe(queue)
    for body in bodies:
        expect(client.message(body).headers["redelivered"], "true")
    client.close()
