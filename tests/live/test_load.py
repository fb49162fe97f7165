"""Many calls at once: as many as allowed, in bounded memory."""

from photos import SMALL, sha256, unique, with_comment
from waiting import wait_for
from worker import is_sanitized

JOBS = 2000
IN_FLIGHT = 500
MEMORY_MAX_KB = (800 if is_sanitized() else 200) * 1024


def test_five_hundred_calls_in_flight_stay_within_memory(producer, start_worker, sandbox):
    # As large as a real photo, but of few pixels: the sandbox draws every one of them.
    photo = with_comment(with_comment(SMALL, "x" * 40000), "x" * 40000)
    names = [f"job-{number}" for number in range(JOBS)]
    for name in names:
        producer.push(name, unique(name, photo))
    sandbox.faults({"kind": "hold", "times": IN_FLIGHT})
    worker = start_worker("--concurrency", IN_FLIGHT)
    wait_for("all calls", lambda: sandbox.log()["in_flight"] == IN_FLIGHT)
    sandbox.clear_faults()
    assert producer.finish_all(names) == {"done": JOBS}
    log = sandbox.log()
    assert log["in_flight_max"] == IN_FLIGHT
    assert sorted(call["image_sha256"] for call in log["calls"]) == sorted(
        sha256(unique(name, photo)) for name in names)
    assert worker.memory_kb() < MEMORY_MAX_KB
    assert worker.metrics().value("retouch_jobs_total", outcome="done") == JOBS
