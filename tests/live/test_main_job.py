"""One job's way through the whole program, seen by a producer with nothing but a Redis client."""

import io
import signal
import subprocess
import urllib.request

import msgpack
import pytest
from PIL import Image

from photos import PNG, PORTRAIT, SMALL, sha256, unique
from producer import Producer, as_json, as_msgpack, now_ms
from relay import Answers, Relay
from sandbox import ROOT
from waiting import wait_for

HOUR_MS = 3600 * 1000
CLOCK_MS = 2  # what the worker adds, lest clocks in whole milliseconds make it early
BOTH = pytest.mark.parametrize("write", [as_json, as_msgpack], ids=["json", "msgpack"])


@pytest.fixture
def worker(start_worker):
    return start_worker("--concurrency", 4)


def numbers(status, *names):
    return [int(status[name]) for name in names]


def size_of(image):
    return Image.open(io.BytesIO(image)).size


def serve(body):
    """A web server with one picture."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
    return Answers(lambda question: head.encode() + body)


# --- the plainest way in, and what comes out ---

@BOTH
def test_a_pushed_envelope_is_done_with_all_its_fields(write, producer, worker, sandbox):
    before = now_ms()
    producer.push("job-1", PORTRAIT, write)
    status = producer.finish("job-1")
    result = producer.result("job-1")
    assert status["state"] == "done"
    assert status["effect"] == "emoji"
    assert numbers(status, "step", "steps", "attempts", "sent") == [1, 1, 1, 1]
    assert numbers(status, "result_count", "result_bytes") == [1, len(result)]
    assert (*numbers(status, "result_width", "result_height"),) == size_of(result) == (512, 512)
    assert status["result_type"] == "jpeg"
    assert status["worker"] == worker.events("worker_started")[0]["worker"]
    enqueued, started, finished = numbers(status, "enqueued_ms", "started_ms", "finished_ms")
    assert before <= enqueued <= started <= finished <= now_ms()
    wait, total, api = numbers(status, "wait_ms", "total_ms", "api_ms")
    assert [wait, total] == [started - enqueued, finished - enqueued]
    assert 0 <= api <= total
    absent = {"error_class", "error_code", "error_message", "reason", "due_ms", "http_status"}
    assert not absent & status.keys()
    [call] = sandbox.calls()
    assert call["path"] == "/v1/EmojMaterialH5"
    assert call["image_sha256"] == sha256(PORTRAIT)
    assert call["result_sha256"] == sha256(result)
    assert producer.redis.exists(producer.key("env", "job-1")) == 0


def test_redis_cli_is_producer_enough(store, producer, worker, sandbox):
    def cli(*words, given=None):
        return subprocess.run(["redis-cli", "-s", store.socket, *words], input=given, check=True,
                              capture_output=True, timeout=60).stdout
    cli("-x", "LPUSH", "rt:{default}:jobs",
        given=as_json({"id": "shell", "effect": "emoji", "image": SMALL}))
    wait_for("HGET", lambda: cli("HGET", "rt:{default}:job:shell", "state") == b"done\n")
    picture = cli("--raw", "GET", "rt:{default}:result:shell")[:-1]
    assert sha256(picture) == sandbox.calls()[0]["result_sha256"]


@BOTH
def test_a_png_is_sent_as_it_is(write, producer, worker, sandbox):
    producer.push("png", PNG, write)
    status = producer.finish("png")
    assert status["state"] == "done"
    assert [call["image_sha256"] for call in sandbox.calls()] == [sha256(PNG)]
    assert numbers(status, "result_width", "result_height") == [300, 300]


def test_a_data_prefix_before_base64_is_dropped(producer, worker, sandbox):
    text = "data:image/jpeg;base64," + as_json(SMALL).decode().strip('"')
    producer.push("data", {"data": text}, as_json)
    assert producer.finish("data")["state"] == "done"
    assert sandbox.calls()[0]["image_sha256"] == sha256(SMALL)


@BOTH
def test_an_image_may_lie_behind_a_key(write, producer, worker, sandbox):
    producer.redis.set("uploads:42", SMALL)
    producer.push("key", {"key": "uploads:42"}, write)
    assert producer.finish("key")["state"] == "done"
    assert sandbox.calls()[0]["image_sha256"] == sha256(SMALL)
    assert producer.redis.get("uploads:42") == SMALL


@pytest.mark.parametrize("value, words", [(None, "nothing is stored"), (["a", "list"], "string")])
def test_a_key_without_an_image_is_the_producers_fault(value, words, producer, worker, sandbox):
    if value:
        producer.redis.lpush("uploads:42", *value)
    producer.push("key", {"key": "uploads:42"})
    status = producer.finish("key")
    assert (status["state"], status["error_class"]) == ("dead", "invalid")
    assert "image.key" in status["error_message"] and words in status["error_message"]
    assert sandbox.calls() == []


def test_an_image_may_be_a_url_that_the_api_fetches(producer, start_worker, sandbox):
    start_worker("--set", "api.allow_private=yes")
    with serve(SMALL) as web:
        producer.push("url", {"url": f"http://127.0.0.1:{web.port}/a.jpg?x=1&sign=a+b"})
        assert producer.finish("url")["state"] == "done"
    [call] = sandbox.calls()
    assert call["image_sha256"] == sha256(SMALL)
    assert sha256(producer.result("url")) == call["result_sha256"]


@pytest.mark.parametrize("url", ["http://127.0.0.1/a.jpg", "http://[::1]/a.jpg", "http://10.1.2.3/a",
                                 "http://localhost/a.jpg", "http://169.254.169.254/latest/meta-data"])
def test_a_private_url_is_refused_unless_allowed(url, producer, worker, sandbox):
    producer.push("url", {"url": url})
    status = producer.finish("url")
    assert (status["state"], status["error_class"]) == ("dead", "invalid")
    assert "image.url" in status["error_message"]
    assert (status["attempts"], status["sent"]) == ("0", "0")
    assert sandbox.calls() == []


# --- what the API answers with ---

def test_a_result_behind_a_link_is_fetched_at_once(producer, worker, sandbox):
    sandbox.faults({"kind": "answer_as", "form": "url"})
    producer.push("link", SMALL)
    status = producer.finish("link")
    assert status["state"] == "done"
    assert "+" in status["result_url"]
    assert sha256(producer.result("link")) == sandbox.calls()[0]["result_sha256"]
    assert numbers(status, "result_bytes") == [len(producer.result("link"))]


def test_a_producer_may_want_only_the_link(producer, worker, sandbox):
    sandbox.faults({"kind": "answer_as", "form": "url"})
    producer.push("link", SMALL, store="url")
    status = producer.finish("link")
    assert status["state"] == "done"
    assert producer.result("link") is None
    with urllib.request.urlopen(status["result_url"].replace("+", "%2B"), timeout=60) as answer:
        assert sha256(answer.read()) == sandbox.calls()[0]["result_sha256"]


def test_a_link_that_answers_with_a_page_is_no_picture(producer, worker, sandbox):
    sandbox.faults({"kind": "result_url_html"})
    producer.push("page", SMALL)
    status = producer.finish("page")
    assert status["state"] == "dead"
    assert "link" in status["error_message"]
    assert status["result_url"].startswith("http")
    assert len(sandbox.calls()) == 1


def test_a_png_answer_is_stored_as_png(producer, worker, sandbox):
    sandbox.faults({"kind": "answer_as", "form": "png"})
    producer.push("png", SMALL)
    assert producer.finish("png")["result_type"] == "png"
    assert producer.result("png").startswith(b"\x89PNG")


# --- what is handed back ---

def test_the_end_is_told_to_who_waits_for_it(producer, worker):
    producer.push("a", SMALL, reply_to="backend-7")
    name, job_id = producer.redis.brpop([producer.key("reply", "backend-7")], timeout=30)
    assert job_id == b"a"
    assert producer.state("a") == "done"
    assert producer.result("a")


@BOTH
def test_meta_and_trace_come_back_unchanged(write, producer, worker):
    meta = {"order": 17, "tags": ["a", "\u56fe"], "deep": {"yes": True, "no": None}, "half": 0.5}
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    producer.push("a", SMALL, write, meta=meta, traceparent=trace, out_request_id="photo-1")
    status = producer.finish("a")
    assert msgpack.unpackb(status["meta"], raw=False) == meta
    assert status["traceparent"] == trace
    assert status["out_request_id"] == "photo-1"


@pytest.mark.parametrize("flags, field, at_most", [
    ((), {}, 24 * HOUR_MS), (("--set", "result.ttl=2h"), {}, 2 * HOUR_MS),
    ((), {"result_ttl_ms": 90000}, 90000)], ids=["default", "configured", "own"])
def test_status_and_result_live_as_long_as_told(flags, field, at_most, producer, start_worker):
    start_worker(*flags)
    producer.push("a", SMALL, **field)
    producer.finish("a")
    for kind in ("job", "result"):
        left = producer.redis.pttl(producer.key(kind, "a"))
        assert at_most - 60000 < left <= at_most, kind


def test_after_its_life_nothing_of_a_job_is_left(producer, worker):
    producer.push("a", SMALL, result_ttl_ms=300)
    wait_for("done", lambda: "done" in producer.events("a"))
    wait_for("no key of the job", lambda: not producer.redis.exists(
        *(producer.key(kind, "a") for kind in ("job", "env", "result"))))


def test_every_state_change_is_one_event(producer, worker, sandbox):
    producer.push("raw", unique(1))
    producer.finish("raw")
    assert producer.events("raw") == ["running", "done"]
    sandbox.faults({"kind": "status", "status": 500, "times": 1})
    producer.push("again", unique(2))
    producer.finish("again")
    assert producer.events("again") == ["running", "scheduled", "queued", "running", "done"]
    entry = producer.redis.xrange(producer.key("events"))[-1][1]
    assert set(entry) == {b"id", b"state", b"effect", b"ms"}
    assert entry[b"effect"] == b"emoji"


def test_a_failure_before_success_is_remembered(producer, start_worker, sandbox):
    start_worker("--set", "retry.base=1ms")
    sandbox.faults({"kind": "status", "status": 500, "code": 10002, "message": "engine", "times": 2})
    producer.push("a", SMALL)
    status = producer.finish("a")
    assert (status["state"], status["attempts"], status["sent"]) == ("done", "3", "3")
    assert status["last_error_class"] == "transient"
    assert status["last_error_code"] == "10002"
    assert status["last_error_message"] == "engine"
    assert not {"error_class", "error_code", "error_message"} & status.keys()


def test_counters_in_redis_add_up(producer, start_worker, sandbox):
    start_worker("--set", "worker.lease=1s", "--set", "retry.base=1ms")
    sandbox.faults({"kind": "status", "status": 500, "times": 1})
    for name in ("a", "b", "c"):
        producer.push(name, unique(name))
    producer.push("bad", b"no image")
    producer.push_raw(b"!!")
    producer.finish_all(["a", "b", "c", "bad"])
    wait_for("the lease brings the calls home", lambda: producer.stat("calls_ok") == 3)
    assert [producer.stat(name) for name in ("done_total", "dead_total", "retries_total", "rejected_total",
                                             "calls_transient")] == [3, 1, 1, 1, 1]
    minutes = list(producer.redis.scan_iter(producer.key("stats", "2*")))
    assert sum(int(producer.redis.hget(key, "done_total") or 0) for key in minutes) == 3
    for key in minutes:
        assert 0 < producer.redis.pttl(key) <= 48 * HOUR_MS


# --- the library's way in, and the same id twice ---

def test_a_bare_id_finds_its_stored_envelope(producer, worker, sandbox):
    producer.submit("lib", SMALL)
    status = producer.finish("lib")
    assert (status["state"], status["attempts"]) == ("done", "1")
    assert producer.events("lib") == ["running", "done"]
    assert sandbox.calls()[0]["image_sha256"] == sha256(SMALL)


def test_a_bare_id_without_envelope_is_rejected_by_name(producer, worker):
    producer.push_raw("nobody")
    [entry] = wait_for("an entry", producer.rejected)
    assert entry["element"] == b"nobody"
    assert "not stored" in entry["reason"]
    assert producer.state("nobody") is None


def test_a_known_id_whose_envelope_is_gone_is_dead(producer, worker):
    producer.redis.hset(producer.key("job", "lost"), mapping={"state": "queued", "effect": "emoji"})
    producer.push_raw("lost")
    status = producer.finish("lost")
    assert (status["state"], status["error_class"]) == ("dead", "internal")
    assert 0 < producer.redis.pttl(producer.key("job", "lost"))


def test_the_same_id_again_is_dropped_and_counted(producer, worker, sandbox):
    sandbox.faults({"kind": "hold", "times": 1})
    producer.push("a", unique("first"))
    wait_for("the call", lambda: sandbox.log()["in_flight"] == 1)
    producer.push("a", unique("second"))
    wait_for("the count", lambda: producer.stat("duplicates_total") == 1)
    sandbox.clear_faults()
    assert producer.finish("a")["state"] == "done"
    producer.push("a", unique("third"))
    wait_for("the count", lambda: producer.stat("duplicates_total") == 2)
    assert [call["image_sha256"] for call in sandbox.calls()] == [sha256(unique("first"))]
    assert producer.events("a") == ["running", "done"]


# --- order and time ---

def test_a_job_is_not_started_before_its_time(producer, worker, sandbox):
    delay = 1500
    due = now_ms() + delay
    producer.push("later", SMALL, not_before_ms=due)
    status = producer.wait_for_state("later", "scheduled")
    assert status["reason"] == "delay"
    assert due <= int(status["due_ms"]) <= now_ms() + delay + CLOCK_MS
    status = producer.finish("later")
    assert int(status["started_ms"]) >= due
    assert producer.events("later") == ["running", "scheduled", "queued", "running", "done"]
    assert len(sandbox.calls()) == 1
    assert (status["state"], status["attempts"]) == ("done", "1")


def test_a_job_past_its_deadline_is_never_paid_for(producer, worker, sandbox):
    producer.push("late", SMALL, deadline_ms=now_ms() - 1)
    producer.push("too-late", SMALL, deadline_ms=now_ms() + 400, not_before_ms=now_ms() + HOUR_MS)
    for name in ("late", "too-late"):
        status = producer.finish(name)
        assert (status["state"], status["attempts"], status["sent"]) == ("expired", "0", "0")
        assert producer.redis.exists(producer.key("env", name)) == 0
    assert sandbox.calls() == []


def test_attempts_end(producer, start_worker, sandbox):
    start_worker("--set", "retry.base=1ms", "--set", "retry.max_attempts=2")
    sandbox.faults({"kind": "status", "status": 500, "code": 10002, "message": "engine"})
    producer.push("own", unique(1), max_attempts=3)
    producer.push("configured", unique(2))
    for name, attempts in (("own", "3"), ("configured", "2")):
        status = producer.finish(name)
        assert (status["state"], status["error_class"]) == ("dead", "transient")
        assert (status["attempts"], status["sent"]) == (attempts, attempts)
        assert (status["http_status"], status["error_code"]) == ("500", "10002")
        assert status["error_message"] == "engine"
        assert producer.redis.exists(producer.key("env", name)) == 1


def test_two_queues_are_served_and_kept_apart(store, producer, start_worker, sandbox):
    start_worker("--queue", "photos,faces")
    with store.client() as client:
        queues = [Producer(client, name) for name in ("photos", "faces")]
        for queue in queues:
            queue.push("same-id", unique(queue.base))
        assert [queue.finish("same-id")["state"] for queue in queues] == ["done", "done"]
        assert queues[0].result("same-id") and queues[1].result("same-id")
    assert len(sandbox.calls()) == 2
    assert producer.status("same-id") == {}


def busy_worker(start_worker, sandbox, producer):
    """A worker whose one slot is taken until the fault is cleared, and that waits at no inbox."""
    worker = start_worker("--concurrency", 1, "--set", "worker.lease=1s")
    sandbox.faults({"kind": "hold", "times": 1})
    producer.push("plug", unique("plug"))
    wait_for("the call that is held", lambda: sandbox.log()["in_flight"] == 1)
    wait_for("no blocking read", lambda: all("b" not in client["flags"]
                                             for client in producer.redis.client_list()))
    return worker


def wait_for_depths(worker, **depths):
    """Until the worker has heard what is in the inboxes; it hears with every renewal of its lease."""
    wait_for(f"depths {depths}", lambda: depths == {
        priority: worker.metrics().value("retouch_queue_depth", queue="default", priority=priority)
        for priority in depths})


def test_high_goes_before_normal_before_low(producer, start_worker, sandbox):
    worker = busy_worker(start_worker, sandbox, producer)
    rank = {"high": 0, "normal": 1, "low": 2}
    images = {}
    for priority in ("low", "normal", "high"):
        for number in range(3):
            name = f"{priority}-{number}"
            images[sha256(unique(name))] = (priority, number)
            producer.push(name, unique(name), priority=priority)
    wait_for_depths(worker, high=3, normal=3, low=3)
    sandbox.clear_faults()
    producer.finish_all(["-".join(map(str, job)) for job in images.values()])
    order = [images[call["image_sha256"]] for call in sandbox.calls()[1:]]
    for priority in rank:
        assert [number for name, number in order if name == priority] == [0, 1, 2]
    assert order[0][0] == "high"
    overtaken = sum(rank[earlier[0]] > rank[later[0]]
                    for at, earlier in enumerate(order) for later in order[at:])
    assert overtaken <= 6, order  # the share kept for the lower ones: one of them, out of turn


def test_the_lower_priorities_never_starve(producer, start_worker, sandbox):
    worker = busy_worker(start_worker, sandbox, producer)
    names = ["low-1"] + [f"high-{number}" for number in range(60)]
    producer.push("low-1", unique("low-1"), priority="low")
    for name in names[1:]:
        producer.push(name, unique(name), priority="high")
    wait_for_depths(worker, high=60, low=1)
    sandbox.clear_faults()
    producer.finish_all(names)
    digests = [call["image_sha256"] for call in sandbox.calls()]
    assert digests.index(sha256(unique("low-1"))) < len(digests) - 1


# --- effects by file ---

def test_an_effect_needs_no_more_than_a_file(producer, start_worker, sandbox):
    start_worker("--set", f"effects.dir={ROOT / 'tests/data/effects'}")
    producer.push("tint", SMALL, effect="filter", params={"filter_id": "warm", "alpha": 70})
    producer.push("still", unique("still"))
    assert producer.finish("tint")["state"] == "done"
    assert producer.finish("still")["state"] == "done"
    by_path = {call["path"]: call["parameter"] for call in sandbox.calls()}
    assert by_path["/v1/filter"]["alpha"] == 70
    assert by_path["/v1/filter"]["filter_id"] == "warm"
    assert by_path["/v1/EmojMaterialH5"]["version"] == "1.0.0"


# --- pages ---

def test_metrics_are_strictly_what_prometheus_reads(producer, worker):
    for name in ("a", "b"):
        producer.push(name, unique(name))
    producer.push("bad", b"no image")
    producer.finish_all(["a", "b", "bad"])
    wait_for("the commits", lambda: worker.metrics().value("retouch_commits_total") == 3)
    status, headers, _ = worker.get("/metrics")
    metrics = worker.metrics()
    assert status == 200
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert metrics.value("retouch_jobs_total", outcome="done") == 2
    assert metrics.value("retouch_jobs_total", outcome="dead") == 1
    assert metrics.value("retouch_calls_total", **{"class": "ok"}) == 2
    assert metrics.value("retouch_call_seconds_count") == 2
    assert metrics.value("retouch_redis_up") == 1
    assert metrics.value("retouch_queue_depth", queue="default", priority="high") == 0


def test_pages_say_who_lives_and_who_is_ready(worker):
    assert worker.get("/healthz")[0] == 200
    assert worker.get("/readyz")[0] == 200
    status, headers, page = worker.get("/")
    assert status == 200 and headers["Content-Type"].startswith("text/html")
    assert worker.get("/nothing")[0] == 404


# --- signals ---

def test_term_finishes_the_calls_in_flight_and_leaves_nothing(producer, start_worker, sandbox):
    worker = start_worker("--concurrency", 2)
    sandbox.faults({"kind": "hold", "times": 2})
    names = [producer.push(f"job-{number}", unique(number)) for number in range(6)]
    wait_for("two calls", lambda: sandbox.log()["in_flight"] == 2)
    worker.send(signal.SIGTERM)
    wait_for("/readyz tells", lambda: worker.get("/readyz")[0] == 503)
    assert "draining" in worker.get("/readyz")[2]
    sandbox.clear_faults()
    assert worker.wait_for_exit() == 0
    calls = sandbox.calls()
    assert [call["answered"] for call in calls] == [True, True]
    states = [producer.state(name) for name in names]
    assert states.count("done") == 2
    assert set(states) <= {"done", "queued", None}
    assert producer.redis.llen(producer.inbox()) == 4
    assert producer.leftovers() == []
    assert producer.workers() == []
    start_worker()
    assert producer.finish_all(names) == {"done": 6}
    assert len(sandbox.calls()) == 6


def test_a_second_term_cuts_the_calls_off(producer, start_worker, sandbox):
    worker = start_worker("--set", "retry.unknown=1")
    sandbox.faults({"kind": "never", "times": 1})
    producer.push("a", SMALL)
    wait_for("the call", lambda: sandbox.log()["in_flight"] == 1)
    worker.send(signal.SIGTERM)
    worker.wait_for_event("draining")
    assert worker.stop() == 0
    assert producer.leftovers() == []
    assert producer.workers() == []
    status = producer.status("a")
    assert (status["state"], status["reason"], status["sent"]) == ("scheduled", "retry", "1")
    assert status["error_class"] == "unknown_outcome"


def test_hup_takes_a_good_file_and_keeps_the_old_for_a_bad_one(tmp_path, producer, start_worker, sandbox):
    path = tmp_path / "retouchd.conf"
    path.write_text("[retry]\nmax_attempts = 1\nbase = 1ms\n")
    worker = start_worker("-c", path)
    sandbox.faults({"kind": "status", "status": 500})

    def attempts(name):
        producer.push(name, unique(name))
        return producer.finish(name)["attempts"]
    assert attempts("before") == "1"
    path.write_text("[retry]\nmax_atempts = 5\n")
    worker.send(signal.SIGHUP)
    line = worker.wait_for_event("reload_failed")
    assert f"{path}:2" in line["error"] and "max_attempts" in line["error"]
    assert attempts("kept") == "1"
    path.write_text("[retry]\nmax_attempts = 2\nbase = 1ms\n")
    worker.send(signal.SIGHUP)
    worker.wait_for_event("reload")
    assert attempts("after") == "2"


# --- connections ---

def test_connections_to_the_api_are_kept(producer, start_worker, sandbox):
    with Relay(sandbox.port) as relay:
        start_worker("--concurrency", 1, api=relay)
        names = [producer.push(f"job-{number}", unique(number)) for number in range(20)]
        assert producer.finish_all(names) == {"done": 20}
        assert relay.accepted == 1


def test_secrets_are_never_shown(producer, start_worker, sandbox):
    worker = start_worker("--log-level", "debug")
    sandbox.faults({"kind": "status", "status": 400, "code": 10000, "times": 1})
    producer.push("bad", unique(1))
    producer.push("good", unique(2))
    producer.finish_all(["bad", "good"])
    shown = [worker.get(path)[2] for path in ("/", "/metrics", "/readyz")] + worker.raw
    for key in producer.redis.scan_iter():
        shown.append(repr(producer.redis.dump(key)))
    assert not [text for text in shown if "secret-of-tests" in text or "key-of-tests" in text]
