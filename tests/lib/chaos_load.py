"""Producers of a chaos run: every way into the queue, and a record of all that was sent.

Each job has a photo of its own, so that its SHA-256 names the job in the sandbox's list of calls. A
push that was not acknowledged is pushed again, as a producer has to."""

import base64
import io
import random
import threading
import time
from pathlib import Path

import redis
from PIL import Image

from photos import sha256, with_comment
from producer import Producer, as_json, as_msgpack, now_ms

LUA = Path(__file__).resolve().parents[2] / "src" / "queue" / "lua"
PRIORITIES = ("normal", "normal", "high", "low")
AGAIN_S = 0.05
CALL_TIMEOUT_MS = 1500
# Chances of a job to be special, of 1.
KEYED, WITH_DELAY, WITH_DEADLINE, WITH_REPLY = 0.05, 0.08, 0.06, 0.10
DUPLICATED, CANCELED, CANCELED_AHEAD, JUNK, INVALID = 0.08, 0.05, 0.005, 0.01, 0.01


def script(name):
    return (LUA / "prelude.lua").read_text() + (LUA / f"{name}.lua").read_text()


SUBMIT, CANCEL = script("submit"), script("cancel")


def drawn_photo(chance, name):
    """A small JPEG; both its pixels and its bytes are its own, so that its result is too."""
    picture = Image.frombytes("RGB", (8, 8), chance.randbytes(192)).resize((64, 64))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=60)
    return with_comment(out.getvalue(), name)


class Job:
    """What was sent, and how."""

    def __init__(self, job_id, way, photo_digest):
        self.id = job_id
        self.way = way
        self.photo = photo_digest
        self.invalid = False
        self.canceled = False
        self.deadline_ms = 0
        self.reply_to = None

    def __str__(self):
        marks = [self.way] + [name for name in ("invalid", "canceled", "deadline_ms", "reply_to")
                              if getattr(self, name)]
        return f"{self.id} ({', '.join(marks)})"


class Load:
    """Producer threads that work until stop(); jobs: id -> Job, junk: elements that are none."""

    def __init__(self, server, seed, jobs_per_second, threads=3):
        self.jobs = {}
        self.junk = []
        self.tally = {}
        self.errors = []
        self._server = server
        self._seed = seed
        self._every_s = threads / jobs_per_second
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(n,), daemon=True)
                         for n in range(threads)]

    def start(self):
        for thread in self._threads:
            thread.start()

    def stop(self):
        """Returns when all that was begun is acknowledged."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _count(self, what):
        with self._lock:
            self.tally[what] = self.tally.get(what, 0) + 1

    def _run(self, number):
        try:
            Hand(self, self._server, random.Random(f"{self._seed}/{number}"), number).work()
        except Exception as error:  # pylint: disable=broad-except
            self.errors.append(f"producer {number}: {error!r}")


class Hand:
    """One producer thread."""

    def __init__(self, load, server, chance, number):
        self.load = load
        self.chance = chance
        self.number = number
        self.count = 0
        self.client = server.client(socket_timeout=3)
        self.producer = Producer(self.client)
        self.later = []  # (monotonic time, what to do)
        self.recent = []  # elements pushed lately, to be pushed again

    def work(self):
        load, due = self.load, time.monotonic()
        while not load._stop.is_set():
            self.one()
            self.do_later()
            due = max(due + load._every_s, time.monotonic() - 1)
            load._stop.wait(max(0.0, due - time.monotonic()))
        self.do_later(everything=True)

    def surely(self, what):
        """Until Redis has acknowledged it: what was not may have had its effect all the same."""
        while True:
            try:
                return what()
            except (redis.RedisError, OSError):
                self.load._count("pushes repeated")
                time.sleep(AGAIN_S)

    def do_later(self, everything=False):
        now = time.monotonic()
        ready = [act for at, act in self.later if everything or at <= now]
        self.later = [(at, act) for at, act in self.later if not everything and at > now]
        for act in ready:
            self.surely(act)

    def envelope(self, job, photo):
        chance, fields = self.chance, {"id": job.id, "effect": "emoji", "timeout_ms": CALL_TIMEOUT_MS}
        fields["image"] = photo
        if chance.random() < KEYED:
            key = "photo:" + job.id
            self.surely(lambda: self.client.set(key, photo))
            fields["image"] = {"key": key}
            self.load._count("image behind a key")
        if chance.random() < WITH_DELAY:
            fields["not_before_ms"] = now_ms() + chance.randint(100, 3000)
            self.load._count("with not_before")
        if chance.random() < WITH_DEADLINE:
            job.deadline_ms = fields["deadline_ms"] = now_ms() + chance.randint(50, 4000)
            self.load._count("with deadline")
        if chance.random() < WITH_REPLY:
            job.reply_to = fields["reply_to"] = f"hand-{self.number}"
        if chance.random() < INVALID:
            job.invalid = True
            fields["no_such_field"] = 1
            self.load._count("invalid")
        return fields

    def one(self):
        chance = self.chance
        if chance.random() < JUNK:
            self.push_junk()
        self.count += 1
        job_id = f"c{self.number}-{self.count}"
        photo = drawn_photo(chance, job_id)
        way = chance.choice(("json", "msgpack", "script"))
        job = Job(job_id, way, sha256(photo))
        self.load.jobs[job_id] = job
        priority = chance.choice(PRIORITIES)
        fields = self.envelope(job, photo)
        if chance.random() < CANCELED_AHEAD:
            self.cancel(job)
        act = self.way_in(way, job, fields, priority)
        self.surely(act)
        self.load._count(f"by {way}")
        if chance.random() < DUPLICATED:
            self.later.append((time.monotonic() + chance.random() * 2, act))
            self.load._count("sent twice")
        if chance.random() < CANCELED:
            self.later.append((time.monotonic() + chance.random(), lambda: self.cancel(job)))

    def way_in(self, way, job, fields, priority):
        if way != "script":
            element = (as_json if way == "json" else as_msgpack)(fields)
            return lambda: self.producer.push_raw(element, priority=priority)
        element, key = as_msgpack(fields), self.producer.key
        keys = [key("job", job.id), key("env", job.id), self.producer.inbox(priority), key("events"),
                *self.stats_keys()]
        return lambda: self.client.eval(SUBMIT, len(keys), *keys, job.id, element, "emoji", 1, priority,
                                        job.reply_to or "")

    def stats_keys(self):
        minute = time.strftime("%Y%m%d%H%M", time.gmtime())
        return self.producer.key("stats"), self.producer.key("stats", minute)

    def cancel(self, job):
        """What `retouch cancel` does."""
        key, reply = self.producer.key, job.reply_to
        keys = [key("job", job.id), key("env", job.id), key("scheduled"), key("events"),
                *self.stats_keys(), key("reply", reply) if reply else key("events")]
        job.canceled = True
        self.load._count("canceled")
        self.surely(lambda: self.client.eval(CANCEL, len(keys), *keys, job.id, 3600 * 1000,
                                             key("control"), 1 if reply else 0))

    def push_junk(self):
        element = b"\x01 no job " + base64.b64encode(self.chance.randbytes(12))
        self.load.junk.append(element)
        self.load._count("junk")
        self.surely(lambda: self.producer.push_raw(element))
