"""The producer side against a private Redis: what it writes, how it waits, what it says. The worker is
played by the test, through redis-py."""

import json
import os
import subprocess
import threading
from pathlib import Path

import msgpack
import pytest

from redis_server import RedisServer

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("RETOUCH_BUILD") or ROOT / "build")
P = "rt:{default}"
JPEG = b"\xff\xd8\xff\xe0 picture"
PNG = b"\x89PNG\r\n\x1a\n picture"
RESULT = b"\xff\xd8\xff\xe0 result"


@pytest.fixture
def server():
    with RedisServer() as running:
        yield running


@pytest.fixture
def retouch(server, tmp_path):
    environment = dict(os.environ, RETOUCH_REDIS=server.url)

    def run(*args, stdin=None):
        return subprocess.run([str(BUILD / "src" / "main" / "retouch"), *map(str, args)], input=stdin,
                              env=environment, cwd=tmp_path, capture_output=True, timeout=60)
    return run


def lines(completed):
    return [json.loads(line) for line in completed.stdout.splitlines()]


def envelope(client, job):
    return msgpack.unpackb(client.get(f"{P}:env:{job}"))


def end_job(client, job, state="done", result=RESULT, **fields):
    """What a worker's commit does."""
    if state == "done" and result is not None:
        client.set(f"{P}:result:{job}", result)
        fields = {"result_count": 1, "result_type": "jpeg", "result_bytes": len(result), **fields}
    client.hset(f"{P}:job:{job}", mapping={"state": state, **fields})
    client.xadd(f"{P}:events", {"id": job, "state": state, "effect": "emoji", "ms": 1})


class Worker(threading.Thread):
    """Takes `count` jobs as they come and ends each as `end` says."""

    def __init__(self, server, count, end=end_job):
        super().__init__(daemon=True)
        self.client, self.count, self.end, self.taken = server.client(), count, end, []
        self.start()

    def run(self):
        for _ in range(self.count):
            _, job = self.client.brpop([f"{P}:jobs:high", f"{P}:jobs", f"{P}:jobs:low"], timeout=30)
            self.taken.append(job.decode())
            self.end(self.client, job.decode())


def once_waited_for(server, act):
    """Runs act when a waiter's read of the events blocks."""
    client = server.client()

    def run():
        while not any(other["cmd"].startswith("xread") for other in client.client_list()):
            pass
        act()
    threading.Thread(target=run, daemon=True).start()


def test_a_pushed_file_becomes_status_envelope_and_inbox_element(server, retouch, tmp_path):
    (tmp_path / "a.jpg").write_bytes(JPEG)
    done = retouch("push", "a.jpg", "--id", "job-1", "-e", "idphoto.make", "-p", "size=one-inch", "-p",
                   "clothes_id=007", "--meta", '{"user": 7, "tags": ["x", null, 1.5]}', "--reply-to",
                   "backend", "--json")
    assert done.returncode == 0, done.stderr
    assert lines(done) == [{"file": "a.jpg", "id": "job-1", "submitted": "new"}]
    client = server.client()
    status = client.hgetall(f"{P}:job:job-1")
    assert status[b"state"] == b"queued" and status[b"effect"] == b"idphoto.make"
    assert status[b"priority"] == b"normal" and int(status[b"enqueued_ms"]) > 0
    assert client.lrange(f"{P}:jobs", 0, -1) == [b"job-1"]
    assert envelope(client, "job-1") == {
        "v": 1, "id": "job-1", "effect": "idphoto.make",
        "params": {"size": "one-inch", "clothes_id": "007"}, "reply_to": "backend",
        "meta": {"user": 7, "tags": ["x", None, 1.5]}, "image": JPEG}
    events = client.xrange(f"{P}:events")
    assert [event[1][b"state"] for event in events] == [b"queued"]


def test_a_duplicate_is_dropped_and_counted(server, retouch, tmp_path):
    (tmp_path / "a.jpg").write_bytes(JPEG)
    assert retouch("push", "a.jpg", "--id", "j").returncode == 0
    again = retouch("push", "a.jpg", "--id", "j", "--json")
    assert again.returncode == 0
    assert lines(again)[0]["submitted"] == "duplicate"
    client = server.client()
    assert client.llen(f"{P}:jobs") == 1
    assert client.hget(f"{P}:stats", "duplicates_total") == b"1"


def test_content_ids_make_a_second_run_free(server, retouch, tmp_path):
    (tmp_path / "a.jpg").write_bytes(JPEG)
    (tmp_path / "b.jpg").write_bytes(JPEG + b"b")
    runs = [lines(retouch("push", "a.jpg", "b.jpg", "--id-from", "content", "--id-prefix", "x-", "--json"))
            for _ in range(2)]
    assert [line["submitted"] for line in runs[0]] == ["new", "new"]
    assert [line["submitted"] for line in runs[1]] == ["duplicate", "duplicate"]
    assert runs[0][0]["id"].startswith("x-") and runs[0][0]["id"] != runs[0][1]["id"]


def test_several_effects_are_a_recipe(server, retouch, tmp_path):
    (tmp_path / "a.png").write_bytes(PNG)
    assert retouch("push", "a.png", "--id", "r", "-e", "idphoto.make", "-p", "size=passport", "-e",
                   "idphoto.beauty", "-p", "strength=40", "--priority", "high").returncode == 0
    client = server.client()
    assert envelope(client, "r")["recipe"] == [
        {"effect": "idphoto.make", "params": {"size": "passport"}},
        {"effect": "idphoto.beauty", "params": {"strength": "40"}}]
    assert client.lrange(f"{P}:jobs:high", 0, -1) == [b"r"]
    assert client.hmget(f"{P}:job:r", "effect", "steps") == [b"idphoto.make+idphoto.beauty", b"2"]


def test_standard_input_urls_and_photos_are_inputs(server, retouch):
    client = server.client()
    assert retouch("push", "-", "--id", "s", stdin=JPEG).returncode == 0
    assert envelope(client, "s")["image"] == JPEG
    assert retouch("push", "--url", "https://h.example/p.jpg?x=1", "--id", "u").returncode == 0
    assert envelope(client, "u")["image"] == {"url": "https://h.example/p.jpg?x=1"}
    assert retouch("push", "--photo", "p-1", "--generate-id", "g", "--id", "p").returncode == 0
    assert "image" not in envelope(client, "p") and envelope(client, "p")["generate_id"] == "g"


def test_a_folder_is_pushed_and_its_results_keep_its_structure(server, retouch, tmp_path):
    (tmp_path / "album" / "sub").mkdir(parents=True)
    (tmp_path / "album" / "a.jpg").write_bytes(JPEG)
    (tmp_path / "album" / "sub" / "b.png").write_bytes(PNG)
    (tmp_path / "album" / "notes.txt").write_bytes(b"no image")
    worker = Worker(server, 2)
    done = retouch("push", "album", "--wait", "--out", "out", "--json")
    assert done.returncode == 0, done.stderr
    assert b"passed over 1 files" in done.stderr
    assert sorted(line["out"] for line in lines(done)) == ["out/a.jpg", "out/sub/b.png.jpg"]
    assert (tmp_path / "out" / "a.jpg").read_bytes() == RESULT
    assert (tmp_path / "out" / "sub" / "b.png.jpg").read_bytes() == RESULT
    assert len(worker.taken) == 2
    again = retouch("push", "album", "--wait", "--out", "out")
    assert again.returncode == 0 and b"--force" in again.stderr
    assert server.client().hget(f"{P}:stats", "submitted_total") == b"2"


def test_more_files_than_the_window_all_come_back(server, retouch, tmp_path):
    (tmp_path / "many").mkdir()
    for i in range(1200):
        (tmp_path / "many" / f"{i}.jpg").write_bytes(JPEG)
    Worker(server, 1200)
    done = retouch("push", "many", "--wait", "--out", "out", "--json")
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "out").iterdir())) == 1200


def test_a_failed_job_is_told_and_the_exit_status_is_1(server, retouch, tmp_path):
    (tmp_path / "a.jpg").write_bytes(JPEG)
    Worker(server, 1, lambda client, job: end_job(
        client, job, "dead", error_class="rejected", error_message="no face\n"))
    done = retouch("push", "a.jpg", "--wait")
    assert done.returncode == 1
    assert done.stdout == b"a.jpg: dead: rejected: no face\\n\n"


def test_waiting_ends_with_its_time(server, retouch, tmp_path):
    (tmp_path / "a.jpg").write_bytes(JPEG)
    assert retouch("push", "a.jpg", "--id", "j", "--wait", "--timeout", "50ms").returncode == 1
    assert retouch("wait", "j", "--timeout", "50ms").returncode == 1


def test_wait_tells_ends_in_their_order(server, retouch, tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.jpg").write_bytes(JPEG)
        assert retouch("push", f"{name}.jpg", "--id", name).returncode == 0
    client = server.client()
    end_job(client, "b", "expired")

    def end_two():
        end_job(client, "c")
        end_job(client, "a")
    once_waited_for(server, end_two)
    done = retouch("wait", "a", "b", "c", "--json")
    assert done.returncode == 1
    assert [(line["id"], line["state"]) for line in lines(done)] == [
        ("b", "expired"), ("c", "done"), ("a", "done")]


def test_wait_outlives_a_restart_of_redis(server, retouch, tmp_path):
    (tmp_path / "a.jpg").write_bytes(JPEG)
    assert retouch("push", "a.jpg", "--id", "a").returncode == 0

    def restart_and_end():
        server.restart()
        end_job(server.client(), "a")
    once_waited_for(server, restart_and_end)
    assert retouch("wait", "a").returncode == 0


def test_wait_finds_an_end_whose_event_was_trimmed(server, retouch, tmp_path):
    (tmp_path / "a.jpg").write_bytes(JPEG)
    assert retouch("push", "a.jpg", "--id", "a").returncode == 0

    def end_and_trim():
        with server.client().pipeline(transaction=True) as pipeline:
            pipeline.hset(f"{P}:job:a", "state", "done")
            pipeline.xadd(f"{P}:events", {"id": "a", "state": "done", "effect": "", "ms": 1})
            pipeline.xadd(f"{P}:events", {"id": "z", "state": "done", "effect": "", "ms": 1}, maxlen=1,
                          approximate=False)
            pipeline.execute()
    once_waited_for(server, end_and_trim)
    assert retouch("wait", "a").returncode == 0


def test_status_shows_every_field(server, retouch):
    client = server.client()
    client.hset(f"{P}:job:j", mapping={
        "state": "dead", "attempts": 3, "error_class": "rejected", "error_message": "bad \x1b[31m",
        "meta": msgpack.packb({"a": [1]})})
    done = retouch("status", "j", "nobody", "--json")
    assert done.returncode == 1
    assert lines(done) == [
        {"id": "j", "state": "dead", "attempts": 3, "error_class": "rejected",
         "error_message": "bad \x1b[31m", "meta": {"a": [1]}},
        {"id": "nobody", "state": "none"}]
    assert b"\x1b" not in retouch("status", "j").stdout
    client.hset(f"{P}:job:j", "state", "done")
    assert retouch("status", "j").returncode == 0


def test_get_writes_a_file_once(server, retouch, tmp_path):
    client = server.client()
    assert retouch("get", "j").returncode == 1
    end_job(client, "j")
    assert retouch("get", "j").returncode == 0
    assert (tmp_path / "j.jpg").read_bytes() == RESULT
    again = retouch("get", "j")
    assert again.returncode == 1 and b"--force" in again.stderr
    assert retouch("get", "j", "-f").returncode == 0
    assert retouch("get", "j", "-o", "-").stdout == RESULT


def test_ls_finds_jobs_by_state(server, retouch, tmp_path):
    client = server.client()
    (tmp_path / "a.jpg").write_bytes(JPEG)
    for job in ("q1", "q2", "d"):
        assert retouch("push", "a.jpg", "--id", job).returncode == 0
    client.lpush(f"{P}:jobs", msgpack.packb({"id": "raw", "image": b"x" * 100}))
    client.lrem(f"{P}:jobs", 1, "d")
    end_job(client, "d", "done")
    client.hset(f"{P}:job:s", "state", "scheduled")
    client.zadd(f"{P}:scheduled", {"s": 5})
    client.hset(f"{P}:job:r", "state", "running")
    client.zadd(f"{P}:workers", {"w": 1 << 50})
    client.hset(f"{P}:active:w", "r", "1:1:0")
    listed = lines(retouch("ls", "--json"))
    assert [line.get("id") for line in listed] == ["r", None, "q1", "q2", "s"]
    assert listed[1]["envelope_bytes"] > 100
    assert [line["id"] for line in lines(retouch("ls", "--json", "--state", "done"))] == ["d"]
    assert len(lines(retouch("ls", "--json", "--limit", "1"))) == 1


def test_stats_workers_pause_and_resume(server, retouch, tmp_path):
    client = server.client()
    (tmp_path / "a.jpg").write_bytes(JPEG)
    assert retouch("push", "a.jpg").returncode == 0
    stats = lines(retouch("stats", "--json"))[0]
    assert stats["queued"] == 1 and stats["submitted_total"] == 1 and stats["paused"] == 0
    assert retouch("pause").returncode == 0 and client.exists(f"{P}:paused")
    assert lines(retouch("stats", "--json"))[0]["paused"] == 1
    assert retouch("resume").returncode == 0 and not client.exists(f"{P}:paused")
    assert retouch("pause", "--for", "1h").returncode == 0 and client.pttl(f"{P}:paused") > 0
    client.zadd(f"{P}:workers", {"w": 1 << 50})
    client.hset(f"{P}:worker:w", mapping={"host": "h", "pid": 7})
    assert lines(retouch("workers", "--json"))[0]["pid"] == 7


def test_check_says_what_to_do(server, retouch):
    grades = {line["check"]: line for line in lines(retouch("check", "--json"))}
    assert grades["redis"]["grade"] == "ok" and grades["effects"]["grade"] == "ok"
    assert grades["memory"]["grade"] == "warn"
    server.client().config_set("maxmemory-policy", "allkeys-lru")
    failed = retouch("check")
    assert failed.returncode == 1
    assert b"FAIL  maxmemory_policy" in failed.stdout
    assert b"allkeys-lru: set maxmemory-policy noeviction" in failed.stdout


@pytest.mark.parametrize("args, status, text", [
    ((), 2, b"Usage"),
    (("psh",), 2, b'did you mean "push"'),
    (("push",), 2, b"missing"),
    (("push", "--prio", "x", "-"), 2, b"high, normal or low"),
    (("push", "-", "-p", "x"), 2, b"KEY=VALUE"),
    (("push", "nowhere.jpg"), 1, b"nowhere.jpg"),
    (("push", "-", "--out", "x"), 2, b"--wait"),
    (("status",), 2, b"ID... is missing"),
    (("status", "no id"), 2, b"no job id"),
    (("status", "--queue", "No", "x"), 2, b"--queue"),
    (("ls", "--state", "x"), 2, b"scheduled"),
    (("wait", "nobody"), 1, b""),
    (("status", "x", "--redis", "unix:///nowhere.sock"), 3, b"nowhere.sock"),
    (("status", "x", "--redis", "http://h"), 2, b"redis://"),
    (("push", "-", "--meta", "[1]"), 1, b"meta"),
])
def test_mistakes_are_explained(retouch, args, status, text):
    done = retouch(*args, stdin=JPEG)
    assert done.returncode == status, done.stderr
    assert text in done.stderr + done.stdout


def test_a_file_beyond_the_limit_is_refused(retouch, tmp_path):
    with open(tmp_path / "big.jpg", "wb") as file:
        file.truncate(65 << 20)
    done = retouch("push", "big.jpg")
    assert done.returncode == 1 and b"big.jpg" in done.stderr and b"at most" in done.stderr


@pytest.mark.parametrize("program", [
    BUILD / "tools/producers/c/push", ROOT / "tools/producers/python/push.py",
    ROOT / "tools/producers/sh/push.sh"])
def test_the_examples_work(server, tmp_path, program):
    (tmp_path / "in.jpg").write_bytes(JPEG)

    class RawWorker(threading.Thread):
        def run(self):
            client = server.client()
            _, element = client.brpop(f"{P}:jobs", timeout=30)
            if element[:1] == b"{":
                decoded = json.loads(element)
            elif element[0] & 0xf0 == 0x80 or element[:1] == b"\xde":
                decoded = msgpack.unpackb(element)
            else:
                decoded = {"id": element.decode()}
            end_job(client, decoded["id"])
            if "reply_to" in decoded:
                client.lpush(f"{P}:reply:{decoded['reply_to']}", decoded["id"])

    worker = RawWorker()
    worker.start()
    environment = dict(os.environ, RETOUCH_REDIS=server.url)
    command = ["/usr/bin/python3", program] if program.suffix == ".py" else [program]
    done = subprocess.run([*map(str, command), "in.jpg", "emoji", "out.jpg"], cwd=tmp_path, env=environment,
                          capture_output=True, timeout=60)
    worker.join()
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.jpg").read_bytes() == RESULT
