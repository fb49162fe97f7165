"""Calls the ID-photo family of a sandbox and fetches what it makes."""

import http.client
import io
import json

from PIL import Image

WIDTH, HEIGHT = 295, 413
SIZE = {"width": WIDTH, "height": HEIGHT}
KEYS = "?api_key=k&api_secret=s"
PLAIN = {**SIZE, "background": "#438EDB", "watermark_id": "none"}


def exchange(sandbox, method, target, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=60)
    try:
        connection.request(method, target, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def send(sandbox, path, body):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return exchange(sandbox, "POST", path + KEYS, data, {"Content-Type": "application/json"})


def body_of(source, parameter, photo="u-1"):
    name = "mt_generate_id" if source.startswith("g-") else "img_url"
    return {"out_request_id": photo, name: source, "parameter": parameter}


def call(sandbox, effect, source, photo="u-1", **parameter):
    """What a call that succeeds gives: its data."""
    status, answer = send(sandbox, f"/v1/idphoto/{effect}", body_of(source, parameter, photo))
    assert status == 200, answer
    document = json.loads(answer)
    assert (document["code"], document["message"]) == (0, "success")
    return document["data"]


def refused(sandbox, effect, source, photo="u-1", **parameter):
    """The code of a call that is refused."""
    status, answer = send(sandbox, f"/v1/idphoto/{effect}", body_of(source, parameter, photo))
    assert status == 400, answer
    document = json.loads(answer)
    assert set(document) == {"code", "message"} and document["message"]
    return document["code"]


def target_of(url):
    return "/" + url.split("/", 3)[3]


def bytes_of(sandbox, data):
    status, picture = exchange(sandbox, "GET", target_of(data["img_url"]).replace("+", "%2B"))
    assert status == 200
    return picture


def image_of(sandbox, data):
    return Image.open(io.BytesIO(bytes_of(sandbox, data))).convert("RGB")


def photo_url(sandbox, name="portrait.jpg"):
    return f"{sandbox.url}/_sandbox/photo/{name}"
