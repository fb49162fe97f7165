"""Workers and Redis die, hang and come back in the middle of the work."""

import signal

import pytest

from photos import sha256, unique
from producer import TERMINAL
from waiting import wait_for

QUICK = ("--set", "worker.lease=1s", "--set", "retry.base=10ms", "--set", "retry.unknown=50",
         "--set", "retry.max_attempts=100")


def push_numbered(producer, count):
    names = [f"job-{number:03}" for number in range(count)]
    for name in names:
        producer.push(name, unique(name))
    return {sha256(unique(name)): name for name in names}


def answered_then_called_again(sandbox):
    """Images whose success had been handed to the network before a later call of them began."""
    done_at, again = {}, []
    for call in sandbox.calls():
        digest = call["image_sha256"]
        if digest in done_at and call["at_ms"] > done_at[digest]:
            again.append(digest)
        if call["answered"] and call["status"] == 200:
            done_at.setdefault(digest, call["end_ms"])
    return again


@pytest.mark.parametrize("restarted", [False, True], ids=["another", "itself"])
def test_a_killed_workers_jobs_are_taken_over_in_order(restarted, producer, start_worker, sandbox):
    first = start_worker(*QUICK, "--concurrency", 3)
    sandbox.faults({"kind": "never", "times": 3})
    names = push_numbered(producer, 6)
    wait_for("three calls", lambda: sandbox.log()["in_flight"] == 3)
    second = None if restarted else start_worker(*QUICK, "--concurrency", 1, "--queue", "other")
    [lease] = producer.redis.zrange(producer.key("workers"), 0, -1, withscores=True)
    first.kill()
    if second is not None:
        assert second.stop() == 0
    worker = start_worker(*QUICK, "--concurrency", 1)
    producer.push("younger", unique("younger"))
    assert producer.finish_all([*names.values(), "younger"]) == {"done": 7}
    line = worker.wait_for_event("worker_reaped")
    assert (line["worker"], line["requeued"]) == (lease[0].decode(), "3")
    starts = [int(producer.status(name)["finished_ms"]) for name in names.values()]
    reaped = sorted(names.values())[:3]
    for name in reaped:
        status = producer.status(name)
        assert (status["attempts"], status["sent"]) == ("2", "2")
        assert status["last_error_class"] == "lost_worker"
        assert producer.events(name) == ["running", "queued", "running", "done"]
    assert starts[:3] == sorted(starts[:3])
    again = [names[call["image_sha256"]] for call in sandbox.calls()[3:]
             if call["image_sha256"] in names]
    assert [name for name in again if name in reaped] == reaped
    requeued_ms = max(int(fields[b"ms"]) for _, fields in producer.redis.xrange(producer.key("events"))
                      if fields[b"state"] == b"queued")
    assert requeued_ms <= lease[1] + 2000  # the lease it had when it died, and two seconds


def test_a_dead_workers_unsent_jobs_cost_no_attempt(producer, start_worker, sandbox):
    """Claimed and waiting for admission, or claimed and not begun: nothing had left."""
    first = start_worker(*QUICK, "--concurrency", 16)
    sandbox.faults({"kind": "never", "times": 16})
    names = push_numbered(producer, 40)
    wait_for("the calls", lambda: sandbox.log()["in_flight"] == 16)
    first.kill()
    start_worker(*QUICK, "--concurrency", 4)
    assert producer.finish_all(names.values()) == {"done": 40}
    sent = {name: int(producer.status(name)["sent"]) for name in names.values()}
    assert sorted(sent.values()) == [1] * 24 + [2] * 16
    assert sum(sent.values()) == len(sandbox.calls())


def test_a_lost_call_that_may_not_be_repeated_rests_as_unknown(producer, start_worker, sandbox):
    flags = ("--set", "worker.lease=1s", "--set", "retry.unknown=0")
    first = start_worker(*flags)
    sandbox.faults({"kind": "never", "times": 1})
    producer.push("a", unique("a"))
    wait_for("the call", lambda: sandbox.log()["in_flight"] == 1)
    first.kill()
    start_worker(*flags)
    status = producer.finish("a")
    assert (status["state"], status["error_class"], status["sent"]) == ("unknown", "lost_worker", "1")
    assert producer.redis.exists(producer.key("env", "a")) == 1
    assert len(sandbox.calls()) == 1


def test_a_worker_that_was_stopped_overwrites_nothing(producer, start_worker, sandbox):
    sleeper = start_worker(*QUICK, "--concurrency", 8)
    sandbox.faults({"kind": "hold", "times": 8})
    names = push_numbered(producer, 30)
    wait_for("eight calls", lambda: sandbox.log()["in_flight"] == 8)
    sleeper.send(signal.SIGSTOP)
    start_worker(*QUICK, "--concurrency", 4)
    try:
        assert producer.finish_all(names.values()) == {"done": 30}
        before = {name: producer.status(name) for name in names.values()}
        lapsed = int(producer.redis.time()[0]) * 1000 + 2000  # three leases in all
        wait_for("three leases", lambda: producer.redis.time()[0] * 1000 >= lapsed)
        sandbox.clear_faults()
        wait_for("the late answers", lambda: sandbox.log()["in_flight"] == 0)
    finally:
        sleeper.send(signal.SIGCONT)
    sleeper.wait_for_event("lease_lost")
    wait_for("its late answers", lambda: sleeper.metrics().value("retouch_result_dropped_total") == 8)
    assert {name: producer.status(name) for name in names.values()} == before
    for name in names.values():
        assert len([state for state in producer.events(name) if state in TERMINAL]) == 1
    producer.push("after", unique("after"))
    assert producer.finish("after")["state"] == "done"


def test_redis_dies_in_the_middle_and_nothing_is_lost(store, producer, start_worker, sandbox):
    start_worker(*QUICK, "--concurrency", 20)
    sandbox.faults({"kind": "latency", "latency_ms": 50})
    names = push_numbered(producer, 300)
    for part in (50, 150):
        wait_for(f"{part} jobs", lambda: producer.stat("done_total") >= part)
        store.kill()
        store.start()
    assert producer.finish_all(names.values()) == {"done": 300}
    assert answered_then_called_again(sandbox) == []
    for name in names.values():
        assert producer.result(name)
        assert len([state for state in producer.events(name) if state in TERMINAL]) == 1


def test_a_job_pushed_after_redis_lost_its_data_is_done(producer, start_worker, sandbox):
    start_worker("--concurrency", 2)
    producer.redis.flushall()
    for number in range(3):
        producer.push(f"job-{number}", unique(number))
    assert producer.finish_all(f"job-{number}" for number in range(3)) == {"done": 3}
    assert len(sandbox.calls()) == 3
