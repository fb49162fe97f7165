"""Leases: what a worker held when it died is soon another's, once, and in order."""

import signal

from photos import sha256, unique
from producer import TERMINAL, now_ms
from sandbox import ROOT
from waiting import wait_for

LEASE_MS = 2000
RECOVERY_MS = LEASE_MS + 2000  # as PROTOCOL.md promises
QUICK = ("--set", f"worker.lease={LEASE_MS}ms", "--set", "retry.base=10ms", "--set", "retry.unknown=50",
         "--set", "retry.max_attempts=100")
LUA = ROOT / "src" / "queue" / "lua"


def push_numbered(producer, count):
    names = [f"job-{number:03}" for number in range(count)]
    for name in names:
        producer.push(name, unique(name))
    return names


def test_two_hundred_calls_of_a_killed_worker_are_soon_out_again(producer, start_worker, sandbox):
    first = start_worker(*QUICK, "--concurrency", 200)
    sandbox.faults({"kind": "never", "times": 200})
    names = push_numbered(producer, 200)
    wait_for("200 calls", lambda: sandbox.log()["in_flight"] == 200)
    second = start_worker(*QUICK, "--concurrency", 225)
    first.kill()
    killed_ms = now_ms()
    wait_for("all of them again", lambda: len(sandbox.calls()) == 400)
    running = [(fields[b"id"].decode(), int(fields[b"ms"]))
               for _, fields in producer.redis.xrange(producer.key("events"))
               if fields[b"state"] == b"running" and int(fields[b"ms"]) > killed_ms]
    assert [name for name, _ in running] == names
    assert running[-1][1] <= killed_ms + RECOVERY_MS
    assert producer.finish_all(names) == {"done": 200}
    assert second.metrics().value("retouch_reaped_total") == 200
    assert len(sandbox.calls()) == 400


def test_a_rolling_restart_under_load_loses_and_repeats_nothing(producer, start_worker, sandbox):
    sandbox.faults({"kind": "latency", "latency_ms": 100})
    workers = [start_worker(*QUICK, "--concurrency", 8) for _ in range(2)]
    names = []
    for turn in range(6):
        names += [producer.push(f"job-{turn}-{n}", unique(f"{turn}-{n}")) for n in range(40)]
        wait_for("calls", lambda: sandbox.log()["in_flight"] > 0)
        leaving = workers.pop(0)
        leaving.send(signal.SIGTERM)
        workers.append(start_worker(*QUICK, "--concurrency", 8))
        assert leaving.wait_for_exit() == 0
    assert producer.finish_all(names) == {"done": len(names)}
    calls = [call["image_sha256"] for call in sandbox.calls()]
    assert sorted(calls) == sorted(sha256(unique(f"{turn}-{n}")) for turn in range(6) for n in range(40))
    assert {producer.status(name)["sent"] for name in names} == {"1"}


def test_what_a_dead_worker_claimed_and_did_not_begin_comes_back_first(producer, start_worker):
    key = producer.key
    producer.redis.zadd(key("workers"), {"dead": 1})
    for name in ("first", "second"):
        producer.push(name, unique(name))
        producer.redis.lmove(key("jobs"), key("claim", "dead"), "RIGHT", "LEFT")
    producer.push("third", unique("third"))
    start_worker(*QUICK, "--concurrency", 1)
    assert producer.finish_all(["first", "second", "third"]) == {"done": 3}
    begun = [fields[b"id"] for _, fields in producer.redis.xrange(key("events"))
             if fields[b"state"] == b"running"]
    assert begun.index(b"first") < begun.index(b"second")
    assert producer.status("first")["attempts"] == "1"
    assert not producer.redis.exists(key("claim", "dead"))


class Reaper:
    """The script that sweepers call, as one of them."""

    def __init__(self, producer):
        self.producer = producer
        self.source = (LUA / "prelude.lua").read_text() + (LUA / "reap.lua").read_text()

    def reap(self, worker):
        key = self.producer.key
        keys = [key("workers"), key("worker", worker), key("active", worker),
                *(key("claim", worker) + end for end in ("", ":high", ":low")),
                key("jobs"), key("jobs", "high"), key("jobs", "low"), key("events"), key("stats"),
                key("stats", "now")]
        return self.producer.redis.eval(self.source, len(keys), *keys, worker)

    def on_record(self):
        return {name.decode(): score for name, score in
                self.producer.redis.zrange(self.producer.key("workers"), 0, -1, withscores=True)}


def test_two_sweepers_at_once_keep_the_second_look(producer):
    reaper = Reaper(producer)
    producer.redis.zadd(producer.key("workers"), {"w": 1})
    assert [reaper.reap("w") for _ in range(2)] == [[1, 0], [1, 0]]
    assert list(reaper.on_record()) == ["~w"]
    producer.redis.lpush(producer.key("claim", "w"), "late")  # the server had its command already
    producer.redis.zadd(producer.key("workers"), {"~w": 1})
    reaper.reap("w")
    assert producer.redis.lrange(producer.key("jobs"), 0, -1) == [b"late"]
    assert reaper.on_record() == {}


def test_a_second_look_does_not_outlast_a_worker_that_is_back(producer):
    reaper = Reaper(producer)
    later = now_ms() + 3600 * 1000
    producer.redis.zadd(producer.key("workers"), {"~w": 1, "w": later})
    producer.redis.lpush(producer.key("claim", "w"), "its own")
    assert reaper.reap("w") == [-1, 0]
    assert reaper.on_record() == {"w": later}
    assert producer.redis.llen(producer.key("claim", "w")) == 1


def test_a_worker_that_was_stopped_returns_what_it_claimed_late(producer, start_worker, sandbox):
    sleeper = start_worker(*QUICK, "--concurrency", 8)
    sandbox.faults({"kind": "hold", "times": 8})
    names = push_numbered(producer, 100)
    wait_for("calls", lambda: sandbox.log()["in_flight"] > 0)
    sleeper.send(signal.SIGSTOP)
    try:
        start_worker(*QUICK, "--concurrency", 2)
        wait_for("its jobs to be taken", lambda: producer.stat("reaped_total") > 0)
        sandbox.clear_faults()
    finally:
        sleeper.send(signal.SIGCONT)
    sleeper.wait_for_event("lease_lost")
    assert producer.finish_all(names) == {"done": 100}
    for name in names:
        assert len([state for state in producer.events(name) if state in TERMINAL]) == 1
    assert sleeper.stop() == 0
    assert not [key for key in producer.leftovers() if ":claim:" in key]
