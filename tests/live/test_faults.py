"""Everything that the API can do wrong, and what a job and its money come to."""

import pytest

from photos import SMALL, sha256, unique
from producer import TERMINAL
from relay import free_port
from waiting import wait_for

FAST = ("--set", "retry.base=1ms", "--set", "retry.cap=50ms")


def push_one(producer, **fields):
    producer.push("a", SMALL, **fields)


def end_of(producer, **fields):
    """The status at the end of job "a", whose fields are these."""
    status = producer.finish("a")
    assert {name: status.get(name) for name in fields} == fields, status
    return status


# --- a bad day ---

def test_on_a_bad_day_all_is_done_and_nothing_is_called_after_success(producer, start_worker, sandbox):
    start_worker("--concurrency", 50, "--set", "retry.base=5ms", "--set", "retry.cap=100ms",
                 "--set", "retry.unknown=20", "--set", "retry.max_attempts=100")
    sandbox.faults({"kind": "status", "status": 500, "rate": 0.10},
                   {"kind": "reset_after_body", "rate": 0.05},
                   {"kind": "status", "status": 429, "code": 90024, "rate": 0.05})
    names = [producer.push(f"job-{number}", unique(number)) for number in range(500)]
    assert producer.finish_all(names, patience_s=300) == {"done": 500}
    log, calls, sent, attempts = sandbox.calls(), {}, 0, 0
    for call in log:  # a scripted status is answered without a look at the image
        calls.setdefault(call["image_sha256"], []).append(call)
    for name in names:
        own = calls[sha256(unique(name.split("-")[1]))]
        succeeded = [call["answered"] and call["status"] == 200 for call in own]
        assert succeeded.count(True) == 1 and succeeded[-1], own
        status = producer.status(name)
        sent += int(status["sent"])
        attempts += int(status["attempts"])
        assert sha256(producer.result(name)) == own[-1]["result_sha256"]
    assert sent == len(log)
    assert attempts == len([call for call in log if call["code"] != 90024])
    ends = [state for state in producer.events() if state in TERMINAL]
    assert ends == ["done"] * 500
    assert all(fault["fired"] for fault in sandbox.fault_counts())


# --- verdicts ---

@pytest.mark.parametrize("status, code, message", [
    (400, 20003, "no face"), (400, 10000, "wrong parameter"), (433, 22203, "too large"),
    (400, 23101, "unsafe"), (404, 10004, "no such route"), (200, 21002, "several faces")])
def test_a_refusal_is_final_with_code_and_message(status, code, message, producer, start_worker, sandbox):
    start_worker()
    sandbox.faults({"kind": "status", "status": status, "code": code, "message": message})
    push_one(producer)
    end_of(producer, state="dead", error_class="rejected", error_code=str(code),
           error_message=message, http_status=str(status), attempts="1", sent="1")
    assert len(sandbox.calls()) == 1
    assert producer.redis.exists(producer.key("env", "a")) == 1


def test_a_bad_key_parks_the_jobs_and_raises_the_alarm(producer, start_worker, sandbox):
    worker = start_worker("--concurrency", 2)
    sandbox.faults({"kind": "status", "status": 401, "code": 90002, "message": "key unknown"})
    names = [producer.push(f"job-{number}", unique(number)) for number in range(5)]
    status = producer.wait_for_state("job-0", "scheduled")
    assert (status["reason"], status["error_class"], status["error_code"]) == ("credential", "blocked", "90002")
    assert status["attempts"] == "0"
    assert "MEITU_OPENAPI_ACCESS_KEY" in worker.wait_for_event("alarm")["hint"]
    wait_for("the metric", lambda: worker.metrics().value(
        "retouch_credential_wait_seconds", credential="default") > 0)
    assert not [name for name in names if producer.state(name) in TERMINAL]
    assert len(sandbox.calls()) <= 2


def test_a_key_that_works_again_frees_the_parked(producer, start_worker, sandbox):
    first = start_worker()
    sandbox.faults({"kind": "status", "status": 401, "code": 90002, "times": 1})
    push_one(producer)
    status = producer.wait_for_state("a", "scheduled")
    first.stop()
    producer.redis.zadd(producer.key("scheduled"), {"a": 0})  # its time comes at once
    start_worker()
    status = end_of(producer, state="done", attempts="1", last_error_class="blocked")
    assert status["sent"] == "2"


def test_throttling_waits_as_told_and_costs_no_attempt(producer, start_worker, sandbox):
    start_worker("--concurrency", 1)
    sandbox.faults({"kind": "status", "status": 429, "times": 2, "headers": {"Retry-After": "1"}})
    push_one(producer)
    status = producer.wait_for_state("a", "scheduled")
    assert (status["reason"], status["error_class"]) == ("limit", "throttled")
    end_of(producer, state="done", attempts="1", sent="3")
    starts = [call["at_ms"] for call in sandbox.calls()]
    assert all(later - earlier >= 990 for earlier, later in zip(starts, starts[1:])), starts


def test_an_overloaded_api_code_is_throttling_whatever_the_status(producer, start_worker, sandbox):
    start_worker()
    sandbox.faults({"kind": "status", "status": 400, "code": 90024, "times": 1})
    push_one(producer)
    end_of(producer, state="done", attempts="1", sent="2", last_error_class="throttled")


def test_processing_errors_are_tried_twice(producer, start_worker, sandbox):
    start_worker(*FAST)
    sandbox.faults({"kind": "status", "status": 400, "code": 20001, "message": "PROCESS_ERROR"})
    push_one(producer)
    end_of(producer, state="dead", error_class="transient", error_code="20001", attempts="2", sent="2")


# --- outcomes nobody knows ---

UNKNOWN = {
    "reset-after-the-body": ({"kind": "reset_after_body"}, "unknown_outcome"),
    "truncated": ({"kind": "truncate"}, "unknown_outcome"),
    "wrong-length": ({"kind": "wrong_length"}, "unknown_outcome"),
    "not-json": ({"kind": "not_json"}, "unknown_outcome"),
    "empty": ({"kind": "empty"}, "unknown_outcome"),
    "wrong-types": ({"kind": "wrong_types"}, "unknown_outcome"),
    "never": ({"kind": "never"}, "timeout"),
    "huge": ({"kind": "huge"}, "unknown_outcome"),
    "gzip-bomb": ({"kind": "gzip_bomb"}, "unknown_outcome"),
}


@pytest.mark.parametrize("retries", [0, 1])
@pytest.mark.parametrize("fault, error_class", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_an_unknown_outcome_is_repeated_only_as_often_as_allowed(
        fault, error_class, retries, producer, start_worker, sandbox):
    worker = start_worker(*FAST, "--set", f"retry.unknown={retries}")
    sandbox.faults(fault)
    push_one(producer, timeout_ms=400 if fault["kind"] == "never" else 30000)
    calls = str(1 + retries)
    status = end_of(producer, state="unknown", error_class=error_class, attempts=calls, sent=calls)
    assert status["error_message"]
    assert len(sandbox.calls()) == 1 + retries
    assert producer.redis.zscore(producer.key("unknown"), "a") is not None
    assert producer.redis.exists(producer.key("env", "a")) == 1
    assert worker.memory_kb() < 200 * 1024
    sandbox.clear_faults()
    producer.push("good", unique("good"))
    assert producer.finish("good")["state"] == "done"


@pytest.mark.parametrize("kind", ["reset_after_body", "truncate", "not_json", "empty"])
def test_after_an_unknown_outcome_a_success_ends_it(kind, producer, start_worker, sandbox):
    start_worker(*FAST)
    sandbox.faults({"kind": kind, "times": 1})
    push_one(producer)
    end_of(producer, state="done", attempts="2", sent="2", last_error_class="unknown_outcome")


# --- failures that are known to cost nothing ---

def test_what_never_left_costs_no_attempt(producer, start_worker, sandbox):
    worker = start_worker(*FAST, api=f"http://127.0.0.1:{free_port()}")
    push_one(producer)
    wait_for("some tries", lambda: worker.metrics().value(
        "retouch_calls_total", **{"class": "not_sent"}) >= 5)
    worker.stop()
    status = producer.status("a")
    assert status["state"] in ("scheduled", "queued")
    assert (status["attempts"], status["sent"]) == ("0", "0")
    assert status["error_class"] == "network"
    start_worker()
    end_of(producer, state="done", attempts="1", sent="1", last_error_class="network")


def test_what_never_left_ends_with_its_deadline(producer, start_worker):
    start_worker(*FAST, api=f"http://127.0.0.1:{free_port()}")
    deadline = producer.redis.time()[0] * 1000 + 1500
    push_one(producer, deadline_ms=deadline)
    end_of(producer, state="expired", attempts="0", sent="0")


@pytest.mark.parametrize("kind", ["reset_before_body", "reset_mid_body"])
def test_a_connection_lost_before_the_body_was_through_is_tried_again(kind, producer, start_worker, sandbox):
    """Small bodies may all have left before the reset: then it is an unknown outcome. A success ends it."""
    start_worker(*FAST, "--set", "retry.unknown=9")
    sandbox.faults({"kind": kind, "times": 2})
    push_one(producer)
    status = end_of(producer, state="done")
    assert 1 <= int(status["sent"]) <= 3
    assert sandbox.billed() == 1


@pytest.mark.parametrize("fault, error_class", [
    ({"kind": "html"}, "transient"), ({"kind": "status", "status": 500}, "transient"),
    ({"kind": "status", "status": 599}, "transient"), ({"kind": "redirect"}, "rejected")],
    ids=["html", "500", "599", "redirect"])
def test_an_answer_without_a_code_is_judged_by_its_status(fault, error_class, producer, start_worker, sandbox):
    start_worker(*FAST, "--set", "retry.max_attempts=2")
    sandbox.faults(fault)
    push_one(producer)
    attempts = "2" if error_class == "transient" else "1"
    status = end_of(producer, state="dead", error_class=error_class, attempts=attempts)
    assert "\n" not in status.get("error_message", "")
    assert "error_code" not in status


def test_a_slow_answer_within_its_time_is_an_answer(producer, start_worker, sandbox):
    start_worker()
    sandbox.faults({"kind": "slow_answer", "bytes_per_second": 4000})
    push_one(producer)
    end_of(producer, state="done", attempts="1", sent="1")
