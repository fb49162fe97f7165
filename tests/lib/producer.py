"""A producer as PROTOCOL.md describes one: plain Redis commands, nothing of the project's own code."""

import base64
import json
import time

import msgpack

from waiting import wait_for

TERMINAL = {"done", "dead", "canceled", "expired", "unknown"}


def as_json(envelope):
    """The envelope as JSON; bytes become base64."""
    return json.dumps(envelope, default=lambda raw: base64.b64encode(raw).decode()).encode()


def as_msgpack(envelope):
    return msgpack.packb(envelope, use_bin_type=True)


def now_ms():
    return time.time_ns() // 1000000


class Producer:
    """One queue seen through a client of redis-py."""

    def __init__(self, redis, queue="default", prefix="rt"):
        self.redis = redis
        self.base = f"{prefix}:{{{queue}}}"

    def key(self, *parts):
        return ":".join((self.base, *parts))

    def inbox(self, priority="normal"):
        return self.key("jobs") if priority == "normal" else self.key("jobs", priority)

    def push_raw(self, *elements, priority="normal"):
        self.redis.lpush(self.inbox(priority), *elements)

    def push(self, job_id, image=None, write=as_msgpack, priority="normal", **fields):
        envelope = {"id": job_id, "effect": "emoji", **fields}
        if image is not None:
            envelope["image"] = image
        self.push_raw(write(envelope), priority=priority)
        return job_id

    def submit(self, job_id, image, write=as_msgpack, **fields):
        """What the library's script does: envelope and status first, then the bare id."""
        envelope = write({"id": job_id, "effect": "emoji", "image": image, **fields})
        with self.redis.pipeline() as pipe:
            pipe.set(self.key("env", job_id), envelope)
            pipe.hset(self.key("job", job_id), mapping={
                "state": "queued", "effect": "emoji", "step": 0, "steps": 1, "attempts": 0,
                "sent": 0, "fence": 0, "enqueued_ms": now_ms(), "priority": "normal"})
            pipe.lpush(self.inbox(), job_id)
            pipe.execute()
        return job_id

    # --- what came of it ---

    def status(self, job_id):
        """HGETALL; texts but for meta, which is bytes."""
        fields = self.redis.hgetall(self.key("job", job_id))
        return {name.decode(): value if name == b"meta" else value.decode()
                for name, value in fields.items()}

    def state(self, job_id):
        state = self.redis.hget(self.key("job", job_id), "state")
        return state.decode() if state is not None else None

    def wait_for_state(self, job_id, *states):
        wait_for(f"{job_id} to be {' or '.join(states)}: {self.status(job_id)}",
                 lambda: self.state(job_id) in states)
        return self.status(job_id)

    def finish(self, job_id):
        """Its status once it is terminal."""
        return self.wait_for_state(job_id, *TERMINAL)

    def finish_all(self, job_ids, patience_s=120):
        """The states of many jobs, once all are terminal: {state: how many}."""
        waiting, states = list(job_ids), {}

        def look():
            with self.redis.pipeline(transaction=False) as pipe:
                for job_id in waiting:
                    pipe.hget(self.key("job", job_id), "state")
                found = [state.decode() if state else None for state in pipe.execute()]
            for state in found:
                if state in TERMINAL:
                    states[state] = states.get(state, 0) + 1
            waiting[:] = [job_id for job_id, state in zip(waiting, found) if state not in TERMINAL]
            return not waiting
        try:
            wait_for("all jobs to end", look, patience_s)
        except AssertionError as late:
            raise AssertionError(f"{late}: {len(waiting)} open, such as "
                                 f"{self.status(waiting[0])}") from None
        return states

    def result(self, job_id, number=0):
        return self.redis.get(self.key("result", job_id, *([str(number)] if number else [])))

    def rejected(self):
        """P:rejected, the newest first."""
        return [msgpack.unpackb(entry, raw=False) for entry in self.redis.lrange(self.key("rejected"), 0, -1)]

    def events(self, job_id=None):
        """States in their order, of one job or of all."""
        entries = [fields for _, fields in self.redis.xrange(self.key("events"))]
        return [fields[b"state"].decode() for fields in entries
                if job_id is None or fields[b"id"].decode() == job_id]

    def stat(self, name):
        return int(self.redis.hget(self.key("stats"), name) or 0)

    def workers(self):
        """Who has a lease; "~WORKER" is only a note to look again after one that has gone."""
        members = [member.decode() for member in self.redis.zrange(self.key("workers"), 0, -1)]
        return [member for member in members if not member.startswith("~")]

    def leftovers(self):
        """Keys that only a worker at work may have."""
        return sorted(key.decode() for kind in ("claim", "active", "worker")
                      for key in self.redis.scan_iter(self.key(kind, "*")))
