"""Connecting: versions, logins, heart-beats, errors."""

from harness import Client, check, expect, unique


@check("connects with every version")
def versions():
    for version in ("1.0", "1.1", "1.2"):
        client = Client(version)
        expect(client.inbox.take("connected").headers["version"], version)
        client.close()


@check("is told of a wrong passcode")
def wrong_passcode():
    client = Client(passcode="wrong")
    error = client.inbox.take("error")
    expect(error.headers["message"], "Bad CONNECT")
    assert "Access refused for user 'guest'" in error.body, error.body


@check("is told of an unknown virtual host")
def unknown_host():
    error = Client(vhost="nowhere").inbox.take("error")
    expect(error.headers["message"], "Bad CONNECT")
    assert "nowhere" in error.body, error.body


@check("agrees on heart-beats")
def heart_beats():
    client = Client(heartbeats=(2000, 3000))
    expect(client.inbox.take("connected").headers["heart-beat"], "3000,2000")
    client.close()


@check("disconnects when everything before is done")
def disconnects():
    queue = f"/queue/{unique()}"
    client = Client().opened()
    for i in range(100):
        client.send(queue, str(i))
    client.close()
    reader = Client().opened()
    reader.subscribe(queue)
    for i in range(100):
        reader.message(str(i))
    reader.close()


@check("is told what was wrong with a frame")
def refused():
    client = Client().opened()
    client.send("/nowhere/a", "x", receipt="r")
    error = client.inbox.take("error")
    expect(error.headers["message"], "Unknown destination")
