#!/usr/bin/env python3
"""Pushes one image without any retouch library: redis-py and msgpack are enough.

    push.py photo.jpg emoji result.jpg

RETOUCH_REDIS says where Redis is. The contract is include/PROTOCOL.md."""
import os
import sys
import uuid

import msgpack
import redis

QUEUE = "rt:{default}"


def push(server, image, effect):
    """One LPUSH is a job. The reply list tells its end without asking again and again."""
    job = {"id": uuid.uuid4().hex, "effect": effect, "image": image, "reply_to": "push." + uuid.uuid4().hex}
    server.lpush(QUEUE + ":jobs", msgpack.packb(job, use_bin_type=True))
    return job["id"], QUEUE + ":reply:" + job["reply_to"]


def main():
    if len(sys.argv) != 4:
        print("usage: push.py IMAGE EFFECT RESULT", file=sys.stderr)
        return 2
    image_path, effect, result_path = sys.argv[1:]
    server = redis.from_url(os.environ.get("RETOUCH_REDIS", "redis://127.0.0.1:6379"))
    with open(image_path, "rb") as file:
        job, reply = push(server, file.read(), effect)
    if server.brpop(reply, timeout=120) is None:
        print("push.py: %s has not ended yet" % job, file=sys.stderr)
        return 1
    status = server.hgetall(QUEUE + ":job:" + job)
    if status[b"state"] != b"done":
        message = status.get(b"error_message", b"").decode()
        print("push.py: %s: %s" % (status[b"state"].decode(), message), file=sys.stderr)
        return 1
    with open(result_path, "wb") as file:
        file.write(server.get(QUEUE + ":result:" + job))
    return 0


if __name__ == "__main__":
    sys.exit(main())
