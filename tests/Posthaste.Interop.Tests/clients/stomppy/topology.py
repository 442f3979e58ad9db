"""Destinations: queues, topics, exchanges, durable subscriptions."""

from harness import Client, check, expect, unique


@check("reaches every subscription of a topic")
def topics():
    word = unique()
    client = Client().opened()
    client.subscribe(f"/topic/{word}.*", id="one")
    client.subscribe(f"/topic/{word}.#", id="two")
    client.send(f"/topic/{word}.a", "x")
    frames = [client.message("x"), client.message("x")]
    expect(sorted(frame.headers["subscription"] for frame in frames), ["one", "two"])
    for frame in frames:
        expect(frame.headers["destination"], f"/topic/{word}.a")
    client.close()


@check("subscribes to an exchange by key")
def exchanges():
    key = unique()
    client = Client().opened()
    client.subscribe(f"/exchange/amq.direct/{key}")
    client.send(f"/exchange/amq.direct/{key}", "x")
    expect(client.message("x").headers["destination"], f"/exchange/amq.direct/{key}")
    client.close()


@check("uses a queue that somebody else declared")
def existing():
    queue = unique()
    client = Client().opened()
    client.subscribe(f"/queue/{queue}", id="declares")
    client.send(f"/amq/queue/{queue}", "x")
    expect(client.message("x").headers["destination"], f"/queue/{queue}")
    client.close()


@check("keeps slashes in names")
def slashes():
    name = f"{unique()}%2Fpart"
    client = Client().opened()
    client.subscribe(f"/queue/{name}")
    client.send(f"/queue/{name}", "x")
    expect(client.message("x").headers["destination"], f"/queue/{name}")
    client.close()


@check("misses nothing with a durable subscription")
def durable():
    topic, subscription = f"/topic/{unique()}", unique()
    settings = {"durable": "true", "auto-delete": "false"}
    client = Client().opened()
    client.subscribe(topic, id=subscription, **settings)
    client.close()
    writer = Client().opened()
    writer.send_synced(topic, "while away")
    reader = Client().opened()
    reader.subscribe(topic, id=subscription, **settings)
    reader.message("while away")
    reader.connection.unsubscribe(id=subscription, **settings)
    reader.close()
    writer.close()


@check("bounds a queue by its arguments")
def arguments():
    queue = f"/queue/{unique()}"
    client = Client().opened()
    limits = {"x-max-length": "2"}
    for i in range(3):
        client.connection.send(queue, str(i), None, limits)
    client.send_synced(f"/queue/{unique()}", "fence")
    client.subscribe(queue, **limits)
    client.message("1")
    client.message("2")
    client.close()


@check("unsubscribes")
def unsubscribes():
    queue = f"/queue/{unique()}"
    client = Client().opened()
    client.subscribe(queue, id="gone")
    client.connection.unsubscribe(id="gone")
    client.send(queue, "x")
    client.subscribe(queue, id="here")
    expect(client.message("x").headers["subscription"], "here")
    client.close()
