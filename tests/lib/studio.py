"""ID photos as a producer orders them: recipes of one photo, and the calls that each has cost."""

import itertools
import json

from producer import as_msgpack

PRIVATE = ("--set", "api.allow_private=yes", "--set", "retry.base=1ms")


def step(name, **params):
    return {"effect": f"idphoto.{name}", "params": params}


MAKE = step("make", size="one-inch", background="white")
BEAUTY = step("beauty", strength=40)
BLUE = step("background", background="blue")
RED = step("background", background="red")
SUIT = step("clothes", clothes_id="suit")
SHIRT = step("clothes", clothes_id="shirt")
HAIR = step("hair", hair_id="h-1")
CHECK = step("check")


class Studio:
    """One photo: `order` pushes a recipe, `calls` tells what the sandbox was asked since last time."""

    def __init__(self, producer, sandbox, photo="u-1"):
        self.producer = producer
        self.sandbox = sandbox
        self.photo = photo
        self.image = {"url": f"{sandbox.url}/_sandbox/photo/portrait.jpg"}
        self._numbers = itertools.count(1)
        self._seen = 0

    def push(self, *recipe, write=as_msgpack, **fields):
        job_id = fields.pop("id", f"{self.photo}.{next(self._numbers)}")
        envelope = {"id": job_id, "out_request_id": self.photo, "recipe": list(recipe), **fields}
        self.producer.push_raw(write({name: value for name, value in envelope.items() if value is not None}))
        return job_id

    def order(self, *recipe, **fields):
        """Its status at the end."""
        return self.producer.finish(self.push(*recipe, **fields))

    def make(self, *recipe, **fields):
        """Pushes, waits for `done`: (status, picture)."""
        job_id = self.push(*recipe, **fields)
        status = self.producer.finish(job_id)
        assert status["state"] == "done", status
        return status, self.producer.result(job_id)

    def calls(self):
        """Of this photo, or answered unread, since the last question."""
        rows = self.sandbox.calls(self._seen)
        self._seen += len(rows)
        for row in rows:
            row.setdefault("effect", row["path"].rsplit("/", 1)[1])
        return [row for row in rows if row.get("out_request_id") in (self.photo, None)]

    def called(self):
        """Their effects only."""
        return [row["effect"] for row in self.calls()]

    def record(self):
        """P:photo:ID, texts and JSON read."""
        fields = self.producer.redis.hgetall(self.producer.key("photo", self.photo))
        texts = {name.decode(): value.decode() for name, value in fields.items()}
        return {name: json.loads(value) if name == "source" or name.startswith("s:") else value
                for name, value in texts.items()}

    def steps(self):
        """The recorded steps by effect."""
        return {step["effect"]: step for name, step in self.record().items() if name.startswith("s:")}
