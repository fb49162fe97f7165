"""Whatever comes in, it is told where its user looks, the worker goes on, and nothing is lost."""

import io
import json
import struct
import zlib

import pytest
from PIL import Image

from photos import PNG, PORTRAIT, SMALL, drawn, unique
from producer import Producer, as_json, as_msgpack
from redis_server import RedisServer
from relay import Answers, Relay
from sandbox import ROOT, Sandbox
from waiting import wait_for
from worker import Worker, is_sanitized

VECTORS = ROOT / "tests" / "data" / "vectors"
MEMORY_MAX_KB = (400 if is_sanitized() else 100) * 1024  # of a worker with nothing in hand
GIB = 1 << 30


@pytest.fixture(scope="module")
def shared():
    """Server, sandbox and one worker for all the elements: that it lives through them all is the test."""
    with RedisServer() as store, Sandbox() as sandbox:
        worker = Worker(store, sandbox, "--concurrency", 4).start()
        yield store, sandbox, worker
        assert worker.stop() == 0


@pytest.fixture
def store(shared):
    """What earlier tests left is forgotten, but for the worker's lease."""
    with shared[0].client() as client:
        old = [key for key in client.scan_iter() if not key.startswith(b"rt:{default}:worker")]
        client.unlink("nothing", *old)
    return shared[0]


@pytest.fixture
def sandbox(shared):
    return shared[1]


@pytest.fixture
def worker(shared, store):
    return shared[2]


def goes_on(producer, worker):
    """The worker lives, and a good job is done; nothing before it is still in its hands."""
    name = producer.push("good-after-bad", SMALL)
    assert producer.finish(name)["state"] == "done"
    assert worker.is_running()
    assert producer.redis.llen(producer.inbox()) == 0
    for kind in ("claim", "active"):
        assert not list(producer.redis.scan_iter(producer.key(kind, "*")))


def must_be_rejected(producer, worker, element):
    producer.push_raw(element)
    [entry] = wait_for("an entry in P:rejected", producer.rejected)
    assert entry["element"] == element
    assert entry.keys() == {"at_ms", "reason", "element"}
    assert entry["at_ms"] > 1700000000000
    assert entry["reason"].strip()
    assert producer.stat("rejected_total") == 1
    assert worker.memory_kb() < MEMORY_MAX_KB
    goes_on(producer, worker)
    return entry["reason"]


def must_be_dead(producer, worker, job_id, *words):
    status = producer.finish(job_id)
    assert (status["state"], status["error_class"]) == ("dead", "invalid"), status
    assert (status["attempts"], status["sent"]) == ("0", "0")
    for word in words:
        assert word in status["error_message"]
    assert producer.events(job_id)[-1] == "dead"
    assert producer.redis.zscore(producer.key("dead"), job_id) is not None
    goes_on(producer, worker)
    return status["error_message"]


# --- elements that are no job ---

NO_JOBS = {
    "noise": bytes(range(128, 256)),
    "a-lone-bracket": b"{",
    "text": b"please make me an avatar",
    "empty": b"",
    "a-msgpack-array": as_msgpack(["id", "a"]),
    "a-msgpack-number": as_msgpack(70000),
    "a-msgpack-text": as_msgpack("job"),
    "json-array": b'["id"]',
    "no-id": as_json({"effect": "emoji"}),
    "slash-in-id-json": as_json({"id": "a/b", "effect": "emoji"}),
    "slash-in-id-msgpack": as_msgpack({"id": "a/b", "effect": "emoji"}),
    "cut-in-half": as_msgpack({"id": "a", "effect": "emoji", "image": SMALL})[:-40],
    "huge-map-in-five-bytes": b"\xdf\xff\xff\xff\xff",
    "huge-array-in-five-bytes": b"\x81\xa2id\xdd\xff\xff\xff\xff",
    "huge-text-in-five-bytes": b"\x81\xa2id\xdb\xff\xff\xff\xff",
    "huge-bytes-in-five-bytes": b"\x82\xa2id\xa1a\xa5image\xc6\xff\xff\xff\xff",
    "nesting-bomb-json": b'{"id":"a","meta":' + b"[" * 200000,
    "closed-nesting-bomb-json": b'{"id":"a","meta":' + b"[" * 200000 + b"]" * 200000 + b"}",
    "nesting-bomb-msgpack": b"\x82\xa2id\xa1a\xa4meta" + b"\x91" * 200000,
    "nesting-bomb-of-maps": b"\x82\xa2id\xa1a\xa4meta" + b"\x81\xa1a" * 100000 + b"\xc0",
}


@pytest.mark.parametrize("element", NO_JOBS.values(), ids=NO_JOBS.keys())
def test_what_is_no_job_is_kept_untouched_with_its_reason(element, producer, worker):
    must_be_rejected(producer, worker, element)


def test_only_the_newest_thousand_are_kept_and_all_are_counted(producer, worker):
    producer.push_raw(*(b"junk %d" % number for number in range(1100)))
    wait_for("the count", lambda: producer.stat("rejected_total") == 1100)
    entries = producer.rejected()
    assert len(entries) == 1000
    assert entries[0]["element"] == b"junk 1099"
    goes_on(producer, worker)


# --- jobs that say something that is not allowed ---

FIELDS = {
    "unknown-field": ({"colour": "red"}, ["colour"]),
    "wrong-type": ({"max_attempts": "three"}, ["max_attempts", "1"]),
    "out-of-range": ({"max_attempts": 101}, ["max_attempts", "101", "100"]),
    "unknown-effect": ({"effect": "emojy"}, ["effect", "emojy", "emoji"]),
    "unknown-parameter": ({"params": {"hue": 1}}, ["hue"]),
    "parameter-not-a-choice": ({"params": {"rsp_media_type": "gif"}}, ["rsp_media_type", "gif", "jpg"]),
    "parameter-too-long": ({"params": {"version": "1" * 17}}, ["version", "16"]),
    "parameter-of-another-type": ({"params": {"version": []}}, ["version"]),
    "store-elsewhere": ({"store": "disk"}, ["store", "disk", "bytes", "url"]),
    "reply-with-blank": ({"reply_to": "a b"}, ["reply_to"]),
    "image-in-two-places": ({"image": {"key": "a", "url": "http://a"}}, ["image"]),
}


@pytest.mark.parametrize("write", [as_json, as_msgpack], ids=["json", "msgpack"])
@pytest.mark.parametrize("fields, words", FIELDS.values(), ids=FIELDS.keys())
def test_a_wrong_field_is_named_with_what_is_allowed(fields, words, write, producer, worker):
    producer.push("bad", write=write, **{"image": SMALL, **fields})
    must_be_dead(producer, worker, "bad", *words)


def test_a_parameter_out_of_range_is_told_its_range(producer, store, sandbox):
    effects = ROOT / "tests" / "data" / "effects"
    with Worker(store, sandbox, "--set", f"effects.dir={effects}", "--queue", "files") as other:
        files = Producer(producer.redis, "files")
        files.push("bad", SMALL, effect="filter", params={"alpha": 101})
        status = files.finish("bad")
        assert (status["state"], status["error_class"]) == ("dead", "invalid")
        for word in ("alpha", "101", "0", "100"):
            assert word in status["error_message"]
        assert other.is_running()


# --- images ---

def huge_png():
    """Claims 65000x65000 px; 12.7 GB when decoded."""
    header = struct.pack(">IIBBBBB", 65000, 65000, 8, 2, 0, 0, 0)
    body = PNG[8:]
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    return PNG[:8] + chunk + body[25:]


def grown(jpeg, size):
    """The same picture in exactly so many bytes."""
    comment = b"\xff\xfe\xff\xff" + b"x" * 65533
    while len(jpeg) < size - 70000:
        jpeg = jpeg[:2] + comment + jpeg[2:]
    rest = size - len(jpeg) - 4
    while rest > 65533:
        jpeg = jpeg[:2] + b"\xff\xfe" + struct.pack(">H", 30002) + b"x" * 30000 + jpeg[2:]
        rest = size - len(jpeg) - 4
    return jpeg[:2] + b"\xff\xfe" + struct.pack(">H", 2 + rest) + b"x" * rest + jpeg[2:]


IMAGES = {
    "no-bytes": (b"", ["image"]),
    "half-a-jpeg": (PORTRAIT[:len(PORTRAIT) // 2], ["image", "cut"]),
    "half-a-png": (PNG[:len(PNG) // 2], ["image", "cut"]),
    "png-65000x65000": (huge_png(), ["image", "65000x65000", "4096"]),
    "one-byte-over-2-mb": (grown(SMALL, 2 * 1024 * 1024 + 1), ["image", "2097153", "2097152"]),
    "47x48": (drawn(47, 48), ["image", "47x48", "48", "4096"]),
    "48x4097": (drawn(48, 4097), ["image", "48x4097", "48", "4096"]),
    "gif": (drawn(64, 64, "GIF"), ["image", "GIF"]),
    "webp-head": (b"RIFF\x24\0\0\0WEBPVP8 " + bytes(24), ["image", "WebP"]),
    "text-named-jpg": (b"this is portrait.jpg", ["image", "text"]),
    "html-page": (b"<!DOCTYPE html><html></html>", ["image", "HTML"]),
}


@pytest.mark.parametrize("write", [as_json, as_msgpack], ids=["json", "msgpack"])
@pytest.mark.parametrize("image, words", IMAGES.values(), ids=IMAGES.keys())
def test_a_wrong_image_is_told_what_is_wrong(image, words, write, producer, worker):
    producer.push("bad", image, write)
    must_be_dead(producer, worker, "bad", *words)
    assert worker.memory_kb() < MEMORY_MAX_KB


def test_two_megabytes_are_not_too_many(producer, worker, sandbox):
    image = grown(SMALL, 2 * 1024 * 1024)
    assert len(image) == 2 * 1024 * 1024 and Image.open(io.BytesIO(image)).size == (64, 64)
    producer.push("big", image)
    assert producer.finish("big")["state"] == "done"


# --- the vectors of the protocol ---

ROWS = json.loads((VECTORS / "index.json").read_text())["vectors"]


def of(verdict):
    rows = [row for row in ROWS if row["verdict"] == verdict and row["element"] != "id"]
    return pytest.mark.parametrize("row", rows, ids=[row["name"] for row in rows])


@of("rejected")
def test_vectors_to_reject_are_rejected(row, producer, worker):
    reason = must_be_rejected(producer, worker, (VECTORS / row["file"]).read_bytes())
    assert row.get("reason", "") in reason


@of("dead")
def test_vectors_to_refuse_are_refused_by_field(row, producer, worker):
    producer.push_raw((VECTORS / row["file"]).read_bytes())
    # Without ID-photo effects in the catalogue every recipe is refused for that reason.
    has_recipes = any((ROOT / "deploy" / "effects").glob("idphoto*"))
    reason = row["reason"] if has_recipes or row["field"] != "recipe" else ""
    must_be_dead(producer, worker, row["id"], row["field"], reason)


@of("ok")
def test_vectors_that_decode_are_never_rejected(row, producer, worker):
    """Some of them cannot be done here (no such effect or key); then they say so, as jobs."""
    producer.push_raw((VECTORS / row["file"]).read_bytes())
    status = producer.wait_for_state(row["id"], "done", "dead", "scheduled", "expired")
    assert status["state"] != "dead" or status["error_message"]
    assert producer.rejected() == []
    goes_on(producer, worker)


# --- configuration and surroundings ---

def refused(redis, *flags, file=None, tmp_path=None, env=None):
    """Exit status and standard error of a worker that must not start."""
    if file is not None:
        path = tmp_path / "retouchd.conf"
        path.write_text(file)
        flags = ("-c", path, *flags)
    worker = Worker(redis, "http://127.0.0.1:9", *flags, env=env).launch()
    return worker.wait_for_exit(), "\n".join(worker.raw)


MISTAKES = {
    "unknown-key": ("[worker]\nconcurency = 5\n", [":2", "worker.concurency", "worker.concurrency"]),
    "unknown-section": ("\n\n[workers]\nlease = 5s\n", [":4", "workers.lease", "worker.lease"]),
    "out-of-range": ("[worker]\nconcurrency = 0\n", [":2", "worker.concurrency", "0", "1", "20000"]),
    "not-a-number": ("[worker]\nconcurrency = many\n", [":2", "worker.concurrency", "many"]),
    "no-unit": ("[worker]\nlease = 5parsecs\n", [":2", "worker.lease", "5parsecs", "ms"]),
    "no-choice": ("[log]\nlevel = loud\n", [":2", "log.level", "loud", "debug"]),
    "no-line": ("[log]\nlevel\n", [":2"]),
}


@pytest.mark.parametrize("text, words", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_in_the_file_is_named_with_its_line(text, words, store, tmp_path):
    status, said = refused(store, file=text, tmp_path=tmp_path)
    assert status == 2
    for word in ["retouchd.conf", *words]:
        assert word in said


@pytest.mark.parametrize("flags, words", [
    (["--set", "worker.leese=5s"], ["--set", "worker.leese", "worker.lease"]),
    (["--concurrency", "x"], ["--concurrency", "x"]),
    (["--set", "worker"], ["--set"]), (["-c", "/nowhere/at.all"], ["/nowhere/at.all"]),
    (["--set", "effects.dir=/nowhere"], ["/nowhere"]), (["--colour"], ["--colour"]),
    (["--redis", "memcached://x"], ["--redis", "redis.url", "redis://"])],
    ids=lambda value: value[-1] if value[0].startswith("-") else "")
def test_a_wrong_flag_is_named(flags, words, store):
    status, said = refused(store, *flags)
    assert status == 2
    for word in words:
        assert word in said


def test_a_port_in_use_is_told(store, worker):
    address = worker.url.split("//")[1]
    status, said = refused(store, "--listen", address)
    assert status == 1
    assert address.split(":")[1] in said and "in use" in said


def redis_answering(info):
    """A server that speaks enough of Redis to be asked for its version."""
    body = info.encode()
    bulk = b"$%d\r\n%s\r\n" % (len(body), body)

    def answer(question):
        replies = b""
        for word in question.split(b"\r\n"):
            if word.upper() == b"INFO":
                replies += bulk
            elif word.upper() in (b"HELLO", b"CLIENT", b"SELECT", b"PING", b"SCRIPT"):
                replies += b"+OK\r\n"
        return replies or b"+OK\r\n"
    return answer


def waits_and_says(server, url, *words):
    """It stays, says why once, and tells at /readyz; returns the running worker."""
    worker = Worker(url, "http://127.0.0.1:9", "--set", "redis.connect_timeout=1s").start(ready=False)
    wait_for(f"{words} at /readyz", lambda: worker.get("/readyz")[0] == 503 and all(
        word.lower() in worker.get("/readyz")[2].lower() for word in words))
    tries = 4 * 5  # of each connection: control, bulk and three inboxes
    wait_for("some tries", lambda: server.accepted >= tries)
    [line] = worker.events("redis_down", connection="control")
    for word in words:
        assert word.lower() in line["error"].lower()
    return worker


@pytest.mark.parametrize("login, words", [(":wrong@", ["password"]), ("", ["NOAUTH"])],
                         ids=["wrong", "none"])
def test_a_refused_password_is_told_and_waited_out(login, words):
    with RedisServer() as guarded, guarded.client() as client, Relay(guarded.socket) as relay:
        client.config_set("requirepass", "right")
        worker = waits_and_says(relay, f"redis://{login}127.0.0.1:{relay.port}", *words)
        assert "wrong" not in "".join(worker.raw)
        client.config_set("requirepass", "")
        if not login:
            wait_for("ready", lambda: worker.get("/readyz")[0] == 200)
        assert worker.stop() == 0


def test_a_redis_that_is_too_old_is_told():
    with Answers(redis_answering("redis_version:5.0.7\r\n")) as old:
        worker = waits_and_says(old, old.url, "5.0.7", "6.2")
        assert worker.get("/healthz")[0] == 200
        assert worker.stop() == 0


def test_what_is_not_redis_at_all_is_told():
    page = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
    with Answers(lambda question: page) as web:
        worker = waits_and_says(web, web.url, "not", "redis")
        assert worker.stop() == 0


def test_a_redis_that_comes_late_is_waited_for(sandbox):
    late = RedisServer()
    worker = Worker(late, sandbox, "--set", "redis.connect_timeout=1s").start(ready=False)
    worker.wait_for_event("redis_down", connection="control")
    assert worker.get("/readyz")[0] == 503 and worker.get("/healthz")[0] == 200
    with late:
        with late.client() as client:
            producer = Producer(client)
            producer.push("early-bird", unique("late"))
            assert producer.finish("early-bird")["state"] == "done"
            wait_for("ready", lambda: worker.get("/readyz")[0] == 200)
            assert worker.stop() == 0
