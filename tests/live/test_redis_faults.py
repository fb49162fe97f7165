"""Everything Redis and the way to it can do wrong: what the operator sees, and that it passes."""

import threading
from pathlib import Path

import pytest
import redis

from photos import unique
from producer import Producer
from redis_server import RedisServer
from relay import Answers, BadLine
from waiting import wait_for

QUICK = ("--concurrency", 4, "--set", "redis.watchdog=600ms", "--set", "redis.connect_timeout=600ms",
         "--set", "worker.lease=2s", "--set", "retry.base=10ms")
NO_ROOM = 1  # byte of maxmemory


@pytest.fixture
def line(store):
    """A bad line to the test's server."""
    with BadLine(store.socket) as running:
        yield running


def push_one(producer, job_id="job"):
    return producer.push(job_id, unique(job_id))


def trouble(worker):
    """What /readyz says while it is not ready."""
    status, _, text = wait_for("/readyz to say no", lambda: not_ready(worker))
    assert status == 503
    return text


def trouble_with(worker, word):
    """Waits until /readyz names it."""
    wait_for(f"/readyz to say {word}", lambda: word in (not_ready(worker) or (0, 0, ""))[2])


def not_ready(worker):
    answer = worker.get("/readyz")
    return answer if answer[0] != 200 else None


def wait_until_ready(worker):
    wait_for("/readyz", lambda: worker.get("/readyz")[0] == 200)


def wait_for_log(worker, text):
    """A log line of a level that operators watch, with that text."""
    return wait_for(f"a warning with {text!r}", lambda: next(
        (line for line in list(worker.lines) if line["lvl"] in ("warn", "error")
         and any(text in value for value in line.values())), None))


def is_done_once(producer, sandbox, *job_ids):
    for job_id in job_ids:
        status = producer.finish(job_id)
        assert status["state"] == "done", status
        assert producer.events(job_id).count("done") == 1
    assert sandbox.billed() == len(job_ids)
    assert producer.stat("done_total") == len(job_ids)


# --- the server cannot be reached ---

def test_a_server_that_is_not_there_yet_is_waited_for(start_worker, sandbox):
    with RedisServer() as server:
        server.kill()
        worker = start_worker(*QUICK, redis=server, ready=False)
        trouble_with(worker, "refused")
        wait_for_log(worker, "refused")
        assert worker.metrics().value("retouch_redis_up") == 0
        server.start()
        wait_until_ready(worker)
        with server.client() as client:
            push_one(Producer(client))
            is_done_once(Producer(client), sandbox, "job")
        assert worker.metrics().value("retouch_redis_up") == 1
        worker.stop()


def test_a_server_that_goes_away_is_dialled_until_it_is_back(store, start_worker, producer, sandbox):
    worker = start_worker(*QUICK)
    store.kill()
    assert trouble(worker).strip()
    wait_for_log(worker, "refused")
    store.start()
    wait_until_ready(worker)
    push_one(producer)
    is_done_once(producer, sandbox, "job")
    assert worker.metrics().value("retouch_redis_reconnects_total") > 0


def test_a_connection_that_is_cut_is_dialled_again(start_worker, producer, sandbox):
    worker = start_worker(*QUICK)
    for n in range(3):
        producer.redis.client_kill_filter(_type="normal", skipme=True)
        wait_for("another redis_down", lambda: len(worker.events("redis_down")) > n)
        push_one(producer, f"job-{n}")
        producer.finish(f"job-{n}")
    is_done_once(producer, sandbox, "job-0", "job-1", "job-2")


def test_a_silent_line_is_given_up_and_dialled_again(line, start_worker, producer, sandbox):
    worker = start_worker(*QUICK, redis=line)
    dialled = line.accepted
    line.fall_silent()
    push_one(producer)
    trouble(worker)
    wait_for_log(worker, "no answer")
    wait_for("new connections", lambda: line.accepted > dialled)
    assert worker.metrics().value("retouch_redis_up") == 0
    line.speak()
    wait_until_ready(worker)
    is_done_once(producer, sandbox, "job")


def test_a_slow_line_is_only_slow(line, start_worker, producer, sandbox):
    line.delay_s = 0.05
    worker = start_worker("--concurrency", 4, redis=line)
    ids = [push_one(producer, f"job-{n}") for n in range(8)]
    is_done_once(producer, sandbox, *ids)
    assert not worker.events("redis_down")


def test_an_answer_that_comes_late_to_a_blocked_read_is_waited_for(store, start_worker, producer, sandbox):
    worker = start_worker("--concurrency", 4)
    with store.client() as other:
        other.execute_command("CLIENT", "PAUSE", 1500, "ALL")  # longer than a blocking read may take
    push_one(producer)
    is_done_once(producer, sandbox, "job")
    assert not worker.events("redis_down")


# --- the server is there, and refuses ---

def test_a_server_that_is_loading_is_waited_for(start_worker):
    def answer(piece):
        return b"-LOADING Redis is loading the dataset in memory\r\n" * piece.count(b"*")
    with Answers(answer) as server:
        worker = start_worker(*QUICK, redis=server, ready=False)
        trouble_with(worker, "LOADING")
        wait_for_log(worker, "LOADING")
        wait_for("more attempts", lambda: server.accepted > 10)
        worker.stop()


def test_a_master_that_became_a_replica_is_left_alone(start_worker, producer, sandbox):
    worker = start_worker(*QUICK)
    producer.redis.replicaof("127.0.0.1", 1)
    try:
        trouble_with(worker, "replica")
        assert worker.metrics().value("retouch_redis_up") == 0
    finally:
        producer.redis.replicaof("NO", "ONE")
    wait_until_ready(worker)
    push_one(producer)
    is_done_once(producer, sandbox, "job")


def test_a_password_that_changes_is_told(start_worker, producer, store, sandbox):
    worker = start_worker(*QUICK)
    with store.client() as operator:
        operator.config_set("requirepass", "new")
        operator.execute_command("AUTH", "new")
        operator.client_kill_filter(_type="normal", skipme=True)
        trouble_with(worker, "NOAUTH")
        wait_for_log(worker, "NOAUTH")
        operator.config_set("requirepass", "")
    wait_until_ready(worker)
    push_one(producer)
    is_done_once(producer, sandbox, "job")


def test_without_memory_results_are_taken_and_nothing_new_begins(start_worker, producer, sandbox):
    worker = start_worker(*QUICK, "--concurrency", 1)
    sandbox.faults({"kind": "hold", "times": 1})
    ids = [push_one(producer, f"job-{n}") for n in range(2)]
    wait_for("the call", lambda: sandbox.log()["in_flight"] == 1)
    producer.redis.config_set("maxmemory", NO_ROOM)
    sandbox.clear_faults()
    wait_for_log(worker, "OOM")
    producer.finish(ids[0])
    wait_for("errors", lambda: worker.metrics().value("retouch_redis_errors_total") > 0)
    assert worker.get("/readyz")[0] == 200, "the lease needs no memory"
    assert len(sandbox.calls()) == 1
    producer.redis.config_set("maxmemory", 0)
    is_done_once(producer, sandbox, *ids)


def test_results_wait_while_redis_cannot_save(start_worker, sandbox):
    with RedisServer(options=["--enable-protected-configs", "yes"]) as server, server.client() as client:
        producer, folder = Producer(client), Path(server.folder) / "gone"
        worker = start_worker(*QUICK, redis=server)
        sandbox.faults({"kind": "hold"})
        push_one(producer)
        wait_for("the call", lambda: sandbox.log()["in_flight"] == 1)
        folder.mkdir()
        client.config_set("dir", str(folder))
        folder.rmdir()
        client.config_set("save", "3600 1")
        client.bgsave()
        wait_for("a failed snapshot",
                 lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err")
        sandbox.clear_faults()
        wait_for("the answer", lambda: sandbox.log()["in_flight"] == 0)
        wait_for_log(worker, "MISCONF")
        trouble_with(worker, "MISCONF")
        assert producer.state("job") == "running"
        client.config_set("stop-writes-on-bgsave-error", "no")
        wait_until_ready(worker)
        is_done_once(producer, sandbox, "job")
        worker.stop()


def test_a_script_that_hogs_redis_is_outlasted(store, start_worker, producer, sandbox):
    worker = start_worker(*QUICK)
    push_one(producer, "before")
    producer.finish("before")
    producer.redis.config_set("busy-reply-threshold", 50)

    def hog():
        with store.client() as client, pytest.raises(redis.RedisError):
            client.eval("while true do end", 0)
    hogging = threading.Thread(target=hog)
    hogging.start()
    trouble_with(worker, "BUSY")
    wait_for_log(worker, "BUSY")
    producer.redis.script_kill()
    hogging.join()
    wait_until_ready(worker)
    push_one(producer)
    is_done_once(producer, sandbox, "before", "job")


def test_scripts_that_redis_forgot_are_sent_again(start_worker, producer, sandbox):
    worker = start_worker(*QUICK)
    ids = []
    for n in range(3):
        producer.redis.script_flush()
        ids.append(push_one(producer, f"job-{n}"))
        producer.finish(ids[-1])
    is_done_once(producer, sandbox, *ids)
    assert not worker.events("redis_down") and not worker.events("redis_refused")


# --- what is out while Redis is away ---

def test_a_commit_whose_answer_was_lost_has_one_effect(line, start_worker, producer, sandbox):
    worker = start_worker(*QUICK, redis=line)
    line.lose_answer_to(producer.key("result", "job").encode())
    push_one(producer)
    wait_for("the loss", line.lost.is_set)
    is_done_once(producer, sandbox, "job")
    repeated = worker.wait_for_event("job_done", job="job")
    assert repeated["commit"] == "repeated"
    assert worker.metrics().value("retouch_commit_repeats_total") == 1


def test_results_wait_for_redis_and_no_call_begins_meanwhile(store, start_worker, producer, sandbox):
    worker = start_worker(*QUICK, "--concurrency", 2)
    sandbox.faults({"kind": "hold"})
    ids = [push_one(producer, f"job-{n}") for n in range(6)]
    wait_for("two calls", lambda: sandbox.log()["in_flight"] == 2)
    store.kill()
    sandbox.clear_faults()
    wait_for("their end", lambda: sandbox.log()["in_flight"] == 0)
    wait_for("both results to wait", lambda: worker.metrics().value("retouch_held") >= 2)
    assert trouble(worker).strip()
    assert len(sandbox.calls()) == 2
    store.start()
    is_done_once(producer, sandbox, *ids)


# --- a server that is not fit for jobs ---

@pytest.mark.parametrize("kind, options", [
    ("maxmemory_policy", ["--maxmemory-policy", "allkeys-lru"]),
    ("memory", ["--maxmemory", "1100kb"]),
    ("persistence", ["--appendonly", "no"])])
def test_a_server_that_endangers_jobs_is_warned_of(kind, options, start_worker):
    with RedisServer(options=options) as server:
        worker = start_worker(*QUICK, redis=server, ready=False)
        assert worker.wait_for_event("redis_warning", kind=kind)["hint"]
        wait_for("the metric", lambda: worker.metrics().value("retouch_redis_warning", kind=kind) == 1)
        others = {"maxmemory_policy", "memory", "persistence"} - {kind}
        assert all(worker.metrics().value("retouch_redis_warning", kind=other) == 0 for other in others)
        worker.stop()
