"""The operator's commands against real workers, a real Redis and the sandbox."""

import json
import os
import pty
import select
import subprocess
import time

import msgpack
import pytest

from retouch import Retouch
from sandbox import PHOTOS, Sandbox
from waiting import wait_for

PHOTO = (PHOTOS / "portrait-small.png").read_bytes()


@pytest.fixture
def retouch(store, tmp_path):
    return Retouch(store.url, tmp_path)


@pytest.fixture
def slow():
    """A sandbox that takes its time: what is in flight stays in flight."""
    with Sandbox("--latency-ms", 60000) as running:
        yield running


def in_flight(sandbox, count):
    wait_for(f"{count} in flight", lambda: sandbox.log()["in_flight"] == count)


def submit(retouch, *ids):
    """By the library's script: envelope, status, id."""
    (retouch.folder / "photo.png").write_bytes(PHOTO)
    for job in ids:
        retouch.run("push", "photo.png", "--id", job)


def kill_call(sandbox, times=1, code=400):
    sandbox.faults({"kind": "status", "status": code, "code": 20004, "times": times})


# --- cancel ---

def test_a_queued_job_is_canceled_and_never_begun(retouch, producer, start_worker, sandbox):
    submit(retouch, "a")
    assert retouch.one("cancel", "a")["answer"] == "canceled"
    status = producer.status("a")
    assert status["state"] == "canceled" and int(status["finished_ms"]) > 0
    assert not producer.redis.exists(producer.key("env", "a"))
    assert producer.redis.pttl(producer.key("job", "a")) > 0
    start_worker()
    wait_for("the inbox to be empty", lambda: producer.redis.llen(producer.inbox()) == 0)
    submit(retouch, "b")
    assert producer.finish("b")["state"] == "done"
    assert producer.state("a") == "canceled" and len(sandbox.calls()) == 1
    assert producer.events("a") == ["queued", "canceled"]
    assert retouch.one("stats")["canceled_total"] == 1


def test_a_scheduled_job_is_canceled(retouch, producer, start_worker, sandbox):
    start_worker()
    producer.push("later", PHOTO, not_before_ms=int(time.time() * 1000) + 3600000)
    producer.wait_for_state("later", "scheduled")
    assert retouch.one("why", "later")["due_in_ms"] > 3000000
    assert "not to start earlier" in retouch.run("why", "later").stdout
    retouch.run("cancel", "later")
    assert producer.state("later") == "canceled"
    assert producer.redis.zcard(producer.key("scheduled")) == 0
    assert producer.status("later").keys().isdisjoint({"reason", "due_ms"})
    assert sandbox.calls() == []


def test_a_call_in_flight_is_cut_off(retouch, producer, start_worker, slow):
    worker = start_worker(api=slow)
    producer.push("a", PHOTO, reply_to="backend")
    in_flight(slow, 1)
    why = retouch.one("why", "a")
    assert why["state"] == "running" and why["worker_alive"] is True and why["sent"] == 1
    retouch.run("cancel", "a")
    assert producer.state("a") == "canceled"
    # The sandbox takes 60 s for its answer, so the worker has not waited for that.
    end = worker.wait_for_event("job_again", job="a", commit="stale")
    assert "cancelled" in end["message"] and int(end["api_ms"]) < 30000
    wait_for("the worker to let go", lambda: worker.metrics().value("retouch_held") == 0)
    assert slow.log()["in_flight"] == 1
    assert producer.redis.brpop(producer.key("reply", "backend"), timeout=10)[1] == b"a"
    assert producer.events("a")[-1] == "canceled" and producer.events("a").count("canceled") == 1
    assert retouch.one("cancel", "a", status=1)["answer"] == "ended"


def test_a_result_that_arrives_anyway_is_dropped_and_counted(retouch, producer, start_worker, sandbox):
    """Another key holds the result up between answer and commit: the cancel then comes in between."""
    sandbox.faults({"kind": "hold", "times": 1})
    worker = start_worker()
    producer.push("a", PHOTO)
    in_flight(sandbox, 1)
    # As a cancel whose message is lost: the truth is in the key alone.
    base = producer.base
    producer.redis.hset(f"{base}:job:a", "state", "canceled")
    producer.redis.hincrby(f"{base}:job:a", "fence", 1)
    sandbox.clear_faults()
    wait_for("the result to be dropped",
             lambda: worker.metrics().value("retouch_result_dropped_total") == 1)
    assert producer.state("a") == "canceled" and producer.result("a") is None
    wait_for("the counter to come home", lambda: retouch.one("stats")["results_dropped"] == 1)
    assert retouch.one("stats")["calls_sent"] == 1


def test_an_id_may_be_canceled_before_its_envelope_is_taken(retouch, producer, start_worker, sandbox):
    producer.push("raw", PHOTO)
    done = retouch.run("cancel", "raw", "never")
    assert done.stdout.count("not known yet: it will be dropped when it comes") == 2
    start_worker()
    wait_for("the envelope to be dropped", lambda: producer.stat("duplicates_total") == 1)
    assert producer.state("raw") == "canceled" and sandbox.calls() == []
    assert producer.redis.llen(producer.inbox()) == 0


def test_cancel_serves_a_waiter_of_a_job_no_worker_has_seen(retouch, producer):
    (retouch.folder / "photo.png").write_bytes(PHOTO)
    retouch.run("push", "photo.png", "--id", "a", "--reply-to", "backend")
    retouch.run("cancel", "a")
    assert producer.redis.lrange(producer.key("reply", "backend"), 0, -1) == [b"a"]


# --- retry, rm ---

def test_dead_jobs_are_retried_by_id_by_class_and_all(retouch, producer, start_worker, sandbox):
    start_worker()
    producer.push("bad", b"no image")
    kill_call(sandbox, 3)
    for job in ("r1", "r2", "r3"):
        producer.push(job, PHOTO)
    for job in ("bad", "r1", "r2", "r3"):
        assert producer.finish(job)["state"] == "dead"
    classes = {job: producer.status(job)["error_class"] for job in ("bad", "r1")}
    assert classes["bad"] == "invalid" and classes["r1"] != "invalid"
    assert retouch.one("retry", "r1")["answer"] == "retried"
    status = producer.finish("r1")
    assert status["state"] == "done" and status["attempts"] == "1" and status["sent"] == "2"
    assert retouch.one("retry", "r1", status=1)["answer"] == "ended"
    assert retouch.one("retry", "nobody", status=1)["answer"] == "missing"
    dry = retouch.run("retry", "--all", "--class", classes["r1"], "--dry-run").stdout.split()
    assert sorted(dry[:2]) == ["r2", "r3"] and dry[2:] == ["2", "would", "be", "retried"]
    assert producer.redis.zcard(producer.key("dead")) == 3
    assert retouch.one("retry", "--all", "--class", classes["r1"], "--limit", "1") == {"retried": 1}
    assert retouch.one("retry", "--all", "--class", classes["r1"]) == {"retried": 1}
    assert producer.finish("r2")["state"] == producer.finish("r3")["state"] == "done"
    assert retouch.one("retry", "--all", "--code", "99") == {"retried": 0}
    assert producer.redis.zrange(producer.key("dead"), 0, -1) == [b"bad"]
    assert producer.stat("operator_retries_total") == 3
    retouch.run("fsck")


def test_an_unknown_job_is_retried_and_its_calls_stay_counted(retouch, producer, start_worker, sandbox):
    start_worker("--set", "retry.unknown=0")
    sandbox.faults({"kind": "reset_after_body", "times": 1})
    producer.push("u", PHOTO)
    assert producer.finish("u")["state"] == "unknown"
    why = retouch.run("why", "u").stdout
    assert "not known" in why and "may be billed once more" in why and "been billed: 1" in why
    assert retouch.one("retry", "--all") == {"retried": 1}
    status = producer.finish("u")
    assert status["state"] == "done" and status["sent"] == "2"
    assert retouch.one("stats")["unknown"] == 0


def bury(producer, *ids, state="dead", ended_ms=1000):
    """Ended jobs as commit leaves them."""
    for job in ids:
        envelope = msgpack.packb({"id": job, "effect": "emoji", "image": PHOTO})
        redis = producer.redis
        redis.set(producer.key("env", job), envelope)
        redis.hset(producer.key("job", job), mapping={
            "state": state, "effect": "emoji", "finished_ms": ended_ms, "error_class": "transient",
            "error_code": "21001", "attempts": 8, "sent": 8})
        redis.zadd(producer.key(state), {job: ended_ms})
        redis.hset(producer.key("dead:bytes"), job, len(envelope))
        redis.hincrby(producer.key("dead:bytes"), "*", len(envelope))


def test_more_jobs_than_a_page_are_walked_over_once(retouch, producer):
    ids = [f"j{i}" for i in range(500)]
    bury(producer, *ids[:300])
    bury(producer, *ids[300:], ended_ms=2000)
    producer.redis.hset(producer.key("job", "j7"), "error_class", "rejected")
    assert retouch.one("retry", "--all", "--dry-run") == {"would_retry": 500}
    assert retouch.one("retry", "--all", "--class", "rejected") == {"retried": 1}
    assert retouch.one("retry", "--all", "--class", "transient", "--limit", 250) == {"retried": 250}
    assert retouch.one("retry", "--all") == {"retried": 249}
    queued = producer.redis.lrange(producer.inbox(), 0, -1)
    assert sorted(queued) == sorted(job.encode() for job in ids)
    assert producer.redis.hgetall(producer.key("dead:bytes")) == {b"*": b"0"}


def test_rm_forgets_what_has_ended(retouch, producer):
    bury(producer, "d1", "d2")
    bury(producer, "u1", state="unknown")
    submit(retouch, "alive")
    producer.redis.set(producer.key("result", "d1"), b"x")
    producer.redis.set(producer.key("result", "d1", "1"), b"x")
    producer.redis.hset(producer.key("job", "d1"), "result_count", 2)
    assert retouch.one("rm", "d1")["removed"] is True
    assert not list(producer.redis.scan_iter(producer.key("*d1*")))
    assert retouch.one("rm", "alive", status=1)["removed"] is False
    assert producer.state("alive") == "queued"
    assert "no such job" in retouch.run("rm", "nobody", status=1).stdout
    assert retouch.one("rm", "--all", "--state", "dead", "--older-than", "100d") == {"removed": 1}
    bury(producer, "young", ended_ms=int(time.time() * 1000))
    assert retouch.one("rm", "--all", "--state", "dead", "--older-than", "1h") == {"removed": 0}
    assert retouch.one("rm", "--all", "--state", "unknown") == {"removed": 1}
    assert retouch.one("rm", "--all", "--state", "dead") == {"removed": 1}
    assert producer.redis.hgetall(producer.key("dead:bytes")) == {b"*": b"0"}


def test_dead_letters_are_bounded_by_bytes(retouch, producer, start_worker):
    bury(producer, *[f"d{i}" for i in range(20)], ended_ms=int(time.time() * 1000) - 1000)
    one = int(producer.redis.hget(producer.key("dead:bytes"), "d0"))
    producer.redis.zadd(producer.key("dead"), {"d0": int(time.time() * 1000)})
    start_worker("--set", f"dead.max_bytes={max(4096, 3 * one)}")
    wait_for("the oldest to go", lambda: int(producer.redis.hget(producer.key("dead:bytes"), "*"))
             <= max(4096, 3 * one))
    assert producer.state("d0") == "dead", "the youngest stays"
    assert 0 < producer.redis.zcard(producer.key("dead")) < 20
    retouch.run("fsck")


def test_dead_letters_are_bounded_by_age(retouch, producer, start_worker):
    bury(producer, "old", ended_ms=int(time.time() * 1000) - 7200000)
    bury(producer, "young", ended_ms=int(time.time() * 1000))
    start_worker("--set", "dead.ttl=1h")
    wait_for("the old one to go", lambda: producer.state("old") is None)
    assert producer.state("young") == "dead"
    assert not producer.redis.exists(producer.key("env", "old"))
    assert retouch.one("stats")["dead"] == 1


# --- pause, why, top ---

def test_a_pause_is_at_once_and_outlives_a_restart(retouch, producer, store, start_worker, sandbox):
    worker = start_worker()
    retouch.run("pause")
    wait_for("the worker to know", lambda: worker.metrics().value("retouch_paused") == 1)
    submit(retouch, "a")
    assert "queue is paused" in retouch.run("why", "a").stdout
    assert retouch.one("why", "a")["paused"] is True
    worker.stop()
    assert "no worker serves" in retouch.run("workers").stdout
    assert "none serves queue default" in retouch.run("check").stdout
    store.restart()
    second = start_worker()
    wait_for("the worker to know", lambda: second.metrics().value("retouch_paused") == 1)
    assert producer.state("a") == "queued" and sandbox.calls() == []
    retouch.run("resume")
    assert producer.finish("a")["state"] == "done"


def test_why_tells_each_state(retouch, producer, start_worker, sandbox):
    submit(retouch, "a", "b")
    assert "No worker serves the queue" in retouch.run("why", "b").stdout
    assert retouch.one("why", "b")["ahead"] == 1
    start_worker()
    producer.finish("b")
    assert "retouch get b" in retouch.run("why", "b").stdout
    producer.push("bad", b"no image")
    producer.finish("bad")
    assert "A retry would end the same way" in retouch.run("why", "bad").stdout
    producer.push("late", PHOTO, deadline_ms=1)
    producer.finish("late")
    assert "deadline" in retouch.run("why", "late").stdout
    assert "Nothing is known of nobody" in retouch.run("why", "nobody", status=1).stdout
    assert retouch.one("why", "nobody", status=1)["state"] == "none"


def test_top_shows_one_look_or_lines(retouch, producer, start_worker, sandbox):
    start_worker()
    producer.push("a", PHOTO)
    producer.finish("a")
    screen = retouch.run("top", "--once", "--interval", "100ms").stdout
    assert "alive" in screen and "a done emoji" in screen and "\x1b" not in screen
    look = retouch.one("top", "--once", "--interval", "100ms")
    assert look["workers"] == 1 and look["dead"] == 0 and look["done_per_s"] >= 0
    running = subprocess.Popen([retouch.program, "top", "--interval", "100ms"], env=retouch.env,
                               stdout=subprocess.PIPE, text=True)
    lines = [running.stdout.readline() for _ in range(3)]
    running.terminate()
    running.wait()
    running.stdout.close()
    assert all(" queued=0 " in line and "done_per_s=" in line for line in lines)


@pytest.mark.parametrize("args", [
    ("cancel",), ("cancel", "no id"), ("retry",), ("retry", "a", "--all"), ("retry", "a", "--class", "x"),
    ("rm",), ("rm", "--all"), ("rm", "--all", "--state", "done"), ("rm", "a", "--older-than", "1h"),
    ("why",), ("why", "a", "b"), ("top", "--interval", "1ms"), ("fsck", "x")])
def test_usage_is_exit_status_2(retouch, args):
    retouch.run(*args, status=2)


def test_without_redis_it_is_exit_status_3(retouch):
    retouch.env["RETOUCH_REDIS"] = "unix:///nowhere.sock"
    for command in (("cancel", "a"), ("retry", "--all"), ("why", "a"), ("top", "--once"), ("fsck",)):
        assert "nowhere.sock" in retouch.run(*command, status=3).stderr


# --- fsck ---

def break_queued(producer, redis):
    redis.lrem(producer.inbox(), 0, "a")


def break_envelope(producer, redis):
    redis.delete(producer.key("env", "a"))


def break_running(producer, redis):
    redis.lrem(producer.inbox(), 0, "a")
    redis.hset(producer.key("job", "a"), mapping={"state": "running", "worker": "w", "sent": 1})


def break_scheduled(producer, redis):
    redis.lrem(producer.inbox(), 0, "a")
    redis.hset(producer.key("job", "a"), mapping={"state": "scheduled", "due_ms": 1, "reason": "retry"})


def break_stray_scheduled(producer, redis):
    redis.zadd(producer.key("scheduled"), {"a": 1 << 42})


def break_result(producer, redis):
    redis.set(producer.key("result", "gone"), b"x")


def break_further_result(producer, redis):
    redis.set(producer.key("result", "gone", "3"), b"x")


def break_dead(producer, redis):
    redis.zadd(producer.key("dead"), {"a": 5})
    redis.hset(producer.key("dead:bytes"), mapping={"a": 10, "*": 10})


def break_unknown(producer, redis):
    redis.zadd(producer.key("unknown"), {"gone": 5})
    redis.hset(producer.key("dead:bytes"), mapping={"gone": 10, "*": 10})


def break_unlisted(producer, redis):
    redis.lrem(producer.inbox(), 0, "a")
    redis.hset(producer.key("job", "a"), "state", "dead")


def break_bytes(producer, redis):
    redis.hset(producer.key("dead:bytes"), mapping={"gone": 10, "*": 10})


def break_missing_bytes(producer, redis):
    bury(producer, "d")
    redis.delete(producer.key("dead:bytes"))


def break_sum(producer, redis):
    bury(producer, "d")
    redis.hset(producer.key("dead:bytes"), "*", 7)


def break_active(producer, redis):
    redis.lrem(producer.inbox(), 0, "a")
    redis.hset(producer.key("job", "a"), mapping={"state": "running", "worker": "w", "fence": 1})
    redis.hset(producer.key("active", "w"), "a", "1:1:0")


def break_claim(producer, redis):
    redis.lmove(producer.inbox(), producer.key("claim", "w", "low"), "RIGHT", "LEFT")


@pytest.mark.parametrize("wreck, found, after", [
    (break_queued, ["lost_queued"], "done"),
    (break_envelope, ["lost_envelope"], "dead"),
    (break_running, ["lost_running"], "done"),
    (break_scheduled, ["lost_scheduled"], "done"),
    (break_stray_scheduled, ["stray_scheduled"], "done"),
    (break_result, ["stray_result"], "done"),
    (break_further_result, ["stray_result"], "done"),
    (break_dead, ["stray_dead"], "done"),
    (break_unknown, ["stray_unknown"], "done"),
    (break_unlisted, ["unlisted"], "dead"),
    (break_bytes, ["stray_bytes"], "done"),
    (break_missing_bytes, ["missing_bytes"], "done"),
    (break_sum, ["wrong_sum"], "done"),
    (break_active, ["orphans"], "done"),
    (break_claim, ["orphans"], "done"),
])
def test_fsck_finds_and_mends(retouch, producer, start_worker, wreck, found, after):
    submit(retouch, "a")
    wreck(producer, producer.redis)
    before = dump(producer.redis)
    looked = retouch.lines("fsck", status=1)
    assert [line["finding"] for line in looked[:-1]] == found
    assert all(line["mended"] is False for line in looked[:-1])
    assert dump(producer.redis) == before, "a look changes nothing"
    mended = retouch.lines("fsck", "--repair")
    assert [line["finding"] for line in mended[:-1]] == found
    assert all(line["mended"] is True and line["done"] for line in mended[:-1])
    assert retouch.lines("fsck")[-1]["findings"] == 0
    start_worker()
    assert producer.finish("a")["state"] == after


def dump(redis):
    """Every key with its content, as Redis serialises it."""
    return {key: redis.dump(key) for key in redis.scan_iter() if redis.type(key) != b"none"}


def test_fsck_finds_nothing_beside_busy_workers(retouch, producer, start_worker, sandbox):
    workers = [start_worker("--concurrency", 4) for _ in range(2)]
    ids = [f"j{i}" for i in range(300)]
    for index, job in enumerate(ids):
        (producer.submit if index % 2 else producer.push)(job, PHOTO)
    while any(producer.state(job) not in ("done",) for job in ids[::10]):
        retouch.run("fsck", "--repair")
    assert producer.finish_all(ids) == {"done": 300}
    assert len(sandbox.calls()) == 300 and len(workers) == 2
    assert producer.stat("duplicates_total") == 0


def test_fsck_tells_a_key_of_another_type(retouch, producer):
    producer.redis.set(producer.key("job", "odd"), b"text")
    [line, last] = retouch.lines("fsck", "--repair", status=1)
    assert line["finding"] == "unreadable" and line["subject"] == "odd" and last["mended"] == 0


def test_fsck_copes_with_more_than_a_page(retouch, producer):
    for i in range(1200):
        producer.submit(f"j{i}", b"x")
    retouch.run("fsck")
    producer.redis.delete(producer.inbox())
    assert retouch.lines("fsck", status=1)[-1]["findings"] == 1200
    assert retouch.lines("fsck", "--repair")[-1] == {"looked_at": 1200, "findings": 1200, "mended": 1200}
    assert producer.redis.llen(producer.inbox()) == 1200


# --- loose ends of push and effects ---

def test_force_does_not_write_over_inputs(retouch, producer):
    album = retouch.folder / "album"
    album.mkdir()
    (album / "a.png").write_bytes(PHOTO)
    for out, folder in (("album", "album"), ("./album/", "album"), (".", "album/a.png")):
        if folder.endswith(".png"):
            out = "album"
        done = retouch.run("push", folder, "--wait", "--out", out, "--force", "--timeout", "1s", status=1)
        assert "its own folder" in done.stderr
    assert (album / "a.png").read_bytes() == PHOTO
    assert producer.redis.llen(producer.inbox()) == 0, "nothing was pushed"


def test_effects_are_one_object_each(retouch):
    effects = retouch.lines("effects")
    emoji = next(effect for effect in effects if effect["effect"] == "emoji")
    assert len({effect["effect"] for effect in effects}) == len(effects)
    params = {param["name"]: param for param in emoji["params"]}
    assert params["version"]["default"] == "1.0.0" and params["version"]["required"] is False
    assert [choice["name"] for choice in params["rsp_media_type"]["choices"]] == ["jpg", "url"]
    assert retouch.one("effects", "emoji") == emoji


def test_a_terminal_has_a_progress_bar_and_a_pipe_has_none(retouch, producer, start_worker):
    start_worker()
    (retouch.folder / "a.png").write_bytes(PHOTO)
    ours, theirs = pty.openpty()
    running = subprocess.Popen([retouch.program, "push", "a.png", "--wait"], env=retouch.env,
                               cwd=retouch.folder, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    text = read_terminal(ours)
    assert running.wait(timeout=60) == 0
    assert b"[------------------------] 0 of 1 done" in text
    assert b"[########################] 1 of 1 done" in text
    assert text.rstrip().endswith(b"1 pushed, 1 done, 0 not, 0 failed, 0 passed over")
    assert retouch.run("push", "a.png", "--wait").stderr == ""


def read_terminal(fd):
    text = b""
    try:
        while select.select([fd], [], [], 60)[0]:
            piece = os.read(fd, 4096)
            if not piece:
                break
            text += piece
    except OSError:
        pass  # the other side is closed
    finally:
        os.close(fd)
    return text
