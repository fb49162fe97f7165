"""Recipes of ID photos when something happens between their steps: no step that has answered is paid twice."""

import signal
import subprocess

import pytest

from gate import Gate
from photos import sha256
from producer import now_ms
from sandbox import PHOTOS, Sandbox, build_dir
from studio import BEAUTY, BLUE, MAKE, PRIVATE, SUIT, Studio
from waiting import wait_for

LEASE = (*PRIVATE, "--set", "worker.lease=1s")


@pytest.fixture
def sandbox():
    with Sandbox("--photos", PHOTOS) as running:
        yield running


@pytest.fixture
def gate(sandbox):
    with Gate(sandbox.url) as running:
        yield running


@pytest.fixture
def studio(producer, sandbox):
    return Studio(producer, sandbox)


def numbers(status, *names):
    return [int(status[name]) for name in names]


def retouch(store, *words):
    subprocess.run([build_dir() / "src/main/retouch", *words, "--redis", store.url], check=True,
                   stdout=subprocess.DEVNULL, timeout=60)


# --- a worker dies ---

@pytest.mark.parametrize("path, done, repeated", [
    ("beauty", ["make"], "beauty"), ("background", ["make", "beauty"], "background")])
def test_a_worker_killed_with_a_step_out_repeats_that_step_only(path, done, repeated, studio, gate,
                                                                sandbox, start_worker):
    worker = start_worker(*LEASE, api=gate)
    held = gate.hold(f"/v1/idphoto/{path}")
    job = studio.push(MAKE, BEAUTY, BLUE, image=studio.image)
    held.wait()
    status = studio.producer.status(job)
    assert numbers(status, "step", "steps", "attempts", "sent") == [
        len(done), 3, len(done), len(done) + 1]
    assert status["generate_id"] == studio.steps()["idphoto." + done[-1]]["generate_id"]
    assert studio.called() == done
    worker.kill()
    held.drop()
    start_worker(*LEASE)
    status = studio.producer.finish(job)
    assert status["state"] == "done"
    assert numbers(status, "step", "attempts", "sent") == [3, 4, 4]
    assert status["last_error_class"] == "lost_worker"
    rest = ["beauty", "background"][len(done) - 1:]
    assert studio.called() == rest and rest[0] == repeated


def test_a_worker_may_be_lost_at_every_step(studio, gate, start_worker):
    job = studio.push(MAKE, BEAUTY, BLUE, image=studio.image)
    for name in ("make", "beauty", "background"):
        held = gate.hold(f"/v1/idphoto/{name}")
        worker = start_worker(*LEASE, api=gate)
        held.wait()
        worker.kill()
        held.drop()
    start_worker(*LEASE)
    status = studio.producer.finish(job)
    assert status["state"] == "done" and numbers(status, "step", "attempts", "sent") == [3, 6, 6]
    assert studio.called() == ["make", "beauty", "background"]


def test_a_step_that_loses_two_workers_rests_as_unknown(studio, gate, store, start_worker):
    job = studio.push(MAKE, BEAUTY, image=studio.image)
    for _ in range(2):
        held = gate.hold("/v1/idphoto/beauty")
        worker = start_worker(*LEASE, api=gate)
        held.wait()
        worker.kill()
        held.drop()
    start_worker(*LEASE)
    status = studio.producer.finish(job)
    assert (status["state"], status["error_class"]) == ("unknown", "lost_worker")
    assert numbers(status, "step", "attempts", "sent") == [1, 3, 3]
    assert studio.called() == ["make"]
    retouch(store, "retry", job)
    assert studio.producer.wait_for_state(job, "done")["step"] == "2"
    assert studio.called() == ["beauty"]


def test_a_worker_killed_before_the_mark_of_a_step_costs_nothing(studio, sandbox, start_worker):
    sandbox.faults({"kind": "status", "status": 429, "times": 1, "path": "/v1/idphoto/beauty",
                    "headers": {"Retry-After": "600"}})
    worker = start_worker(*LEASE)
    job = studio.push(MAKE, BEAUTY, BLUE, image=studio.image)
    status = studio.producer.wait_for_state(job, "scheduled")
    assert status["reason"] == "limit" and numbers(status, "step", "attempts") == [1, 1]
    worker.kill()
    studio.producer.redis.zadd(studio.producer.key("scheduled"), {job: now_ms()})
    start_worker(*LEASE)
    status = studio.producer.finish(job)
    assert status["state"] == "done"
    assert numbers(status, "step", "attempts") == [3, 3]
    assert [(call["effect"], call["status"]) for call in studio.calls()] == [
        ("make", 200), ("beauty", 429), ("beauty", 200), ("background", 200)]


def test_a_lock_falls_with_its_worker(studio, gate, start_worker):
    worker = start_worker(*LEASE, api=gate)
    held = gate.hold("/v1/idphoto/make")
    first = studio.push(MAKE, image=studio.image)
    held.wait()
    second = studio.push(MAKE, BEAUTY, image=studio.image)
    status = studio.producer.wait_for_state(second, "scheduled")
    assert status["reason"] == "photo" and numbers(status, "attempts", "sent") == [0, 0]
    assert studio.record()["lock"].endswith(":" + first)
    worker.kill()
    held.drop()
    start_worker(*LEASE)
    assert studio.producer.finish_all([first, second]) == {"done": 2}
    assert studio.called() == ["make", "beauty"]
    assert "lock" not in studio.record()


def test_a_late_step_is_kept_and_does_not_end_the_job(studio, gate, start_worker):
    sleeper = start_worker(*LEASE, api=gate)
    late = gate.hold("/v1/idphoto/make")
    job = studio.push(MAKE, BEAUTY, image=studio.image)
    late.wait()
    sleeper.send(signal.SIGSTOP)
    try:
        again = gate.hold("/v1/idphoto/make")
        start_worker(*LEASE, api=gate)
        again.wait()
        late.open()
        wait_for("the late answer", lambda: len(gate.passed) == 1)
    finally:
        sleeper.send(signal.SIGCONT)
    wait_for("the late step on record", studio.steps)
    sleeper.wait_for_event("job_handed_back", commit="stale")
    assert studio.producer.state(job) == "running"
    again.open()
    status = studio.producer.finish(job)
    assert (status["state"], status["step"]) == ("done", "2")
    calls = studio.calls()
    assert [call["effect"] for call in calls] == ["make", "make", "beauty"]
    assert sha256(studio.producer.result(job)) == calls[-1]["result_sha256"]


def test_a_late_last_step_is_a_success_with_its_picture(studio, gate, start_worker):
    sleeper = start_worker(*LEASE, api=gate)
    late = gate.hold("/v1/idphoto/make")
    job = studio.push(MAKE, image=studio.image)
    late.wait()
    sleeper.send(signal.SIGSTOP)
    try:
        again = gate.hold("/v1/idphoto/make")
        start_worker(*LEASE, api=gate)
        again.wait()
        late.open()
        wait_for("the late answer", lambda: len(gate.passed) == 1)
    finally:
        sleeper.send(signal.SIGCONT)
    assert studio.producer.finish(job)["state"] == "done"
    [call] = studio.calls()
    assert sha256(studio.producer.result(job)) == call["result_sha256"]
    again.open()
    wait_for("the lock", lambda: "lock" not in studio.record())
    assert sha256(studio.producer.result(job)) == call["result_sha256"]
    assert studio.producer.events(job).count("done") == 1


# --- told to stop ---

def test_a_drain_between_steps_hands_the_recipe_on(studio, gate, start_worker):
    worker = start_worker(*LEASE, api=gate)
    held = gate.hold("/v1/idphoto/make")
    job = studio.push(MAKE, BEAUTY, BLUE, image=studio.image)
    held.wait()
    worker.send(signal.SIGTERM)
    worker.wait_for_event("draining")
    held.open()
    assert worker.wait_for_exit() == 0
    status = studio.producer.status(job)
    assert status["state"] == "queued" and numbers(status, "step", "attempts", "sent") == [1, 1, 1]
    assert "lock" not in studio.record()
    assert studio.called() == ["make"]
    start_worker(*LEASE)
    status = studio.producer.finish(job)
    assert status["state"] == "done" and numbers(status, "step", "attempts", "sent") == [3, 3, 3]
    assert studio.called() == ["beauty", "background"]


def test_a_cancel_between_steps_ends_it_and_keeps_the_step(studio, store, gate, start_worker):
    start_worker(*LEASE, api=gate)
    held = gate.hold("/v1/idphoto/beauty")
    job = studio.push(MAKE, BEAUTY, BLUE, image=studio.image)
    held.wait()
    retouch(store, "cancel", job)
    assert studio.producer.state(job) == "canceled"
    held.drop()
    wait_for("the lock", lambda: "lock" not in studio.record())
    studio.make(MAKE, SUIT)
    assert studio.called() == ["make", "clothes"]
    assert studio.producer.events(job) == ["running", "canceled"]


def test_a_deadline_between_steps_ends_it_and_keeps_the_step(studio, gate, start_worker):
    start_worker(*PRIVATE, api=gate)
    held = gate.hold("/v1/idphoto/make")
    deadline = now_ms() + 1500
    job = studio.push(MAKE, BEAUTY, image=studio.image, deadline_ms=deadline)
    held.wait()
    wait_for("the deadline", lambda: now_ms() > deadline + 50)
    held.open()
    status = studio.producer.finish(job)
    assert status["state"] == "expired" and numbers(status, "step", "attempts", "sent") == [1, 1, 1]
    assert "lock" not in studio.record()
    studio.make(MAKE, BEAUTY)
    assert studio.called() == ["make", "beauty"]


def test_a_pause_between_steps_takes_no_new_job_and_ends_the_old(studio, gate, store, start_worker):
    worker = start_worker(*LEASE, api=gate)
    held = gate.hold("/v1/idphoto/make")
    job = studio.push(MAKE, BEAUTY, image=studio.image)
    held.wait()
    retouch(store, "pause")
    worker.wait_for_event("queue_paused")
    waiting = studio.push(MAKE, BLUE)
    held.open()
    assert studio.producer.finish(job)["state"] == "done"
    assert studio.producer.state(waiting) is None
    retouch(store, "resume")
    assert studio.producer.finish(waiting)["state"] == "done"
    assert studio.called() == ["make", "beauty", "background"]


# --- the API fails in the middle ---

MIDDLE = {"path": "/v1/idphoto/beauty", "times": 1}


@pytest.mark.parametrize("fault, error_class, attempts, sent", [
    ({"kind": "status", "status": 429, "code": 90024, "headers": {"Retry-After": "0"}}, "throttled", 3, 4),
    ({"kind": "status", "status": 500, "code": 10002}, "transient", 4, 4),
    ({"kind": "reset_before_body"}, "network", None, None),
    ({"kind": "reset_after_body"}, "unknown_outcome", 4, 4),
    ({"kind": "truncate"}, "unknown_outcome", 4, 4),
], ids=["throttled", "transient", "reset", "lost", "cut"])
def test_a_failure_in_the_middle_is_retried_from_there(fault, error_class, attempts, sent, studio, sandbox,
                                                      start_worker):
    start_worker(*PRIVATE)
    sandbox.faults({**fault, **MIDDLE})
    status, picture = studio.make(MAKE, BEAUTY, BLUE, image=studio.image)
    calls = studio.calls()
    assert [call["effect"] for call in calls] == ["make", "beauty", "beauty", "background"]
    assert [call["fault"] for call in calls] == [None, fault["kind"], None, None]
    assert sha256(picture) == calls[-1]["result_sha256"]
    if attempts is not None:
        assert status["last_error_class"] == error_class
        assert numbers(status, "step", "attempts", "sent") == [3, attempts, sent]


def test_attempts_are_counted_for_each_step(studio, sandbox, start_worker):
    start_worker(*PRIVATE)
    sandbox.faults(*({"kind": "status", "status": 500, "code": 10002, "times": 2,
                      "path": f"/v1/idphoto/{name}"} for name in ("make", "beauty", "background")))
    status, _ = studio.make(MAKE, BEAUTY, BLUE, image=studio.image, max_attempts=3)
    assert numbers(status, "attempts", "sent") == [9, 9]


def test_a_recipe_that_dies_in_the_middle_goes_on_when_retried(studio, sandbox, store, start_worker):
    start_worker(*PRIVATE)
    sandbox.faults({"kind": "status", "status": 500, "code": 10002, "path": "/v1/idphoto/beauty"})
    job = studio.push(MAKE, BEAUTY, BLUE, image=studio.image, max_attempts=2)
    status = studio.producer.finish(job)
    assert (status["state"], status["error_class"], status["step"]) == ("dead", "transient", "1")
    assert "lock" not in studio.record()
    assert studio.called() == ["make", "beauty", "beauty"]
    sandbox.clear_faults()
    retouch(store, "retry", job)
    assert studio.producer.wait_for_state(job, "done")["step"] == "3"
    assert studio.called() == ["beauty", "background"]


def test_a_blocked_key_parks_the_rest(studio, sandbox, start_worker):
    worker = start_worker(*LEASE)
    sandbox.faults({"kind": "status", "status": 401, "code": 90002, **MIDDLE})
    job = studio.push(MAKE, BEAUTY, BLUE, image=studio.image)
    status = studio.producer.wait_for_state(job, "scheduled")
    assert (status["reason"], status["error_class"], status["step"]) == ("credential", "blocked", "1")
    assert "lock" not in studio.record()
    worker.stop()
    studio.producer.redis.zadd(studio.producer.key("scheduled"), {job: now_ms()})
    start_worker(*LEASE)
    status = studio.producer.finish(job)
    assert status["state"] == "done" and numbers(status, "step", "attempts") == [3, 3]
    assert [(call["effect"], call["status"]) for call in studio.calls()] == [
        ("make", 200), ("beauty", 401), ("beauty", 200), ("background", 200)]


def test_redis_restarted_between_steps_loses_no_step(studio, store, gate, start_worker):
    start_worker(*LEASE, api=gate)
    held = gate.hold("/v1/idphoto/beauty")
    job = studio.push(MAKE, BEAUTY, BLUE, image=studio.image)
    held.wait()
    store.restart()
    held.open()
    status = studio.producer.finish(job)
    assert status["state"] == "done"
    assert studio.called() == ["make", "beauty", "background"]
