"""`retouch photo` and `retouch purge` against a real worker, a real Redis and the sandbox."""

import json
import time

import pytest

from producer import as_json, as_msgpack
from retouch import Retouch
from sandbox import PHOTOS, Sandbox
from studio import BEAUTY, BLUE, CHECK, MAKE, PRIVATE, RED, SHIRT, SUIT, Studio, step
from waiting import wait_for

PHOTO = (PHOTOS / "portrait-small.png").read_bytes()


@pytest.fixture
def sandbox():
    with Sandbox("--photos", PHOTOS) as running:
        yield running


@pytest.fixture
def worker(start_worker):
    return start_worker(*PRIVATE)


@pytest.fixture
def studio(producer, sandbox):
    return Studio(producer, sandbox)


@pytest.fixture
def retouch(store, tmp_path):
    return Retouch(store.url, tmp_path)


def steps_of(view):
    return {(step["effect"], json.dumps(step["params"], sort_keys=True)): step for step in view["steps"]}


# --- photo ---

def test_a_photo_is_a_tree_of_steps(retouch, studio, worker):
    studio.make(MAKE, BEAUTY, BLUE, image=studio.image)
    studio.make(MAKE, BEAUTY, RED)
    view = retouch.one("photo", "u-1")
    assert view["photo"] == "u-1" and sorted(view["jobs"]) == ["u-1.1", "u-1.2"]
    assert view["source"]["kind"] == "url" and view["source"]["url"] == studio.image["url"]
    assert [step["effect"] for step in view["steps"]] == [
        "idphoto.make", "idphoto.beauty", "idphoto.background", "idphoto.background"]
    assert [step["depth"] for step in view["steps"]] == [0, 1, 2, 2]
    made, soft, blue, red = view["steps"]
    assert made["params"] == {"background": "#FFFFFF", "height": 413, "width": 295}
    assert "from" not in made and soft["from"] == made["digest"]
    assert blue["from"] == red["from"] == soft["digest"]
    assert [step["generate_id"] for step in view["steps"]] == [call["generate_id"] for call in studio.calls()]
    assert (made["width"], made["height"]) == (295, 413)
    assert all(0 <= time.time() * 1000 - step["at_ms"] < 600000 for step in view["steps"])
    assert [step["job"] for step in view["steps"]] == ["u-1.1", "u-1.1", "u-1.1", "u-1.2"]
    assert [step["current"] for step in view["steps"]] == [False, False, False, True]
    assert [step["in_current"] for step in view["steps"]] == [True, True, False, True]
    assert view["current"] == red["digest"] and red["result_job"] == "u-1.2"
    assert (view["calls"], view["calls_saved"]) == (4, 2)


def test_a_tree_for_people(retouch, studio, worker):
    studio.make(MAKE, BEAUTY, image=studio.image)
    studio.make(MAKE)
    lines = retouch.run("photo", "u-1").stdout.splitlines()
    assert lines[0].startswith("photo u-1  from url  http://")
    assert lines[1].startswith("  * idphoto.make  width=295 height=413 background=#FFFFFF  295x413  id ")
    assert lines[1].endswith("by u-1.1  <- current")
    assert lines[2].startswith("    - idphoto.beauty  strength=40")
    assert lines[3] == "2 calls on record, 1 saved for 2 jobs"


def test_an_unknown_photo_is_exit_status_1(retouch):
    assert "nothing is known of photo u-9" in retouch.run("photo", "u-9", status=1).stderr
    for words in (("photo", "undo", "u-9", "idphoto.beauty"), ("photo", "replace", "u-9", "idphoto.beauty")):
        assert "nothing is known" in retouch.run(*words, status=1).stderr


def test_undo_calls_only_what_follows(retouch, studio, worker):
    studio.make(MAKE, BEAUTY, BLUE, image=studio.image)
    made, _, _ = studio.calls()
    status = retouch.one("photo", "undo", "u-1", "idphoto.beauty", "--wait", "--out", "plain.jpg")
    assert status["state"] == "done" and status["effect"] == "idphoto.make+idphoto.background"
    [call] = studio.calls()
    assert (call["effect"], call["from"]) == ("background", made["generate_id"])
    assert call["parameter"] == {"background": "#438EDB"}
    assert (retouch.folder / "plain.jpg").read_bytes() == studio.producer.result(status["id"])
    assert "plain.jpg" in retouch.run("photo", "undo", "u-1", "idphoto.background", "--wait", "--out",
                                      "plain.jpg", status=1).stderr, "nothing is written over"


def test_undo_of_the_last_step_calls_nothing(retouch, studio, worker):
    studio.make(MAKE, BEAUTY, image=studio.image)
    studio.calls()
    assert "done" in retouch.run("photo", "undo", "u-1", "idphoto.beauty", "--wait").stdout
    assert studio.called() == []
    assert retouch.one("photo", "u-1")["steps"][0]["current"] is True
    assert "nothing would be left" in retouch.run("photo", "undo", "u-1", "idphoto.make", status=1).stderr
    done = retouch.run("photo", "undo", "u-1", "idphoto.beauty", status=1)
    assert "idphoto.beauty is not in the current recipe: idphoto.make" in done.stderr


def test_replace_calls_from_before_and_adds_what_is_new(retouch, studio, worker):
    studio.make(MAKE, BEAUTY, SUIT, image=studio.image)
    _, soft, _ = studio.calls()
    retouch.run("photo", "replace", "u-1", "idphoto.clothes", "-p", "clothes_id=shirt", "--wait")
    [call] = studio.calls()
    assert (call["effect"], call["from"], call["parameter"]) == (
        "clothes", soft["generate_id"], {"clothes_id": "shirt"})
    pushed = retouch.one("photo", "replace", "u-1", "idphoto.background", "-p", "background=red",
                         "-p", "gradient_mode=inside-out")
    assert studio.producer.finish(pushed["id"])["effect"] == (
        "idphoto.make+idphoto.beauty+idphoto.clothes+idphoto.background")
    assert studio.called() == ["background"]
    studio.make(MAKE, BEAUTY, SHIRT)
    assert studio.called() == [], "the same meaning has the same digest"


def test_a_reused_result_says_which_chain_is_meant(retouch, studio, worker):
    studio.make(MAKE, SUIT, image=studio.image)
    studio.make(MAKE, BEAUTY)
    studio.make(MAKE, SUIT)
    studio.calls()
    status = retouch.one("photo", "replace", "u-1", "idphoto.clothes", "-p", "clothes_id=shirt", "--wait")
    assert status["effect"] == "idphoto.make+idphoto.clothes"
    assert studio.called() == ["clothes"]


def test_a_record_of_an_older_version_gives_a_clear_message(retouch, studio, worker):
    studio.make(MAKE, BEAUTY, image=studio.image)
    key = studio.producer.key("photo", "u-1")
    for name, value in studio.producer.redis.hgetall(key).items():
        if name.startswith(b"s:"):
            record = {k: v for k, v in json.loads(value).items() if k != "params_json"}
            studio.producer.redis.hset(key, name, json.dumps(record))
    assert retouch.one("photo", "u-1")["steps"][1]["params"] == "strength=40"
    done = retouch.run("photo", "undo", "u-1", "idphoto.beauty", status=1)
    assert "parameters of idphoto.make are not on record" in done.stderr


def test_a_record_that_goes_round_is_shown_and_refused(retouch, producer):
    key = producer.key("photo", "odd")
    for name, before in (("a", "b"), ("b", "a")):
        producer.redis.hset(key, "s:" + name, json.dumps({"effect": name, "from": before, "params_json": "{}"}))
    producer.redis.hset(key, mapping={"current": "a", "s:c": "no JSON", "j:": "1", "source": "x"})
    assert sorted(step["effect"] for step in retouch.one("photo", "odd")["steps"]) == ["a", "b"]
    assert "not wholly on record" in retouch.run("photo", "undo", "odd", "a", status=1).stderr


# --- purge ---

def everything(redis):
    """Every key and every value of a Redis, as bytes."""
    found = []
    for key in redis.scan_iter():
        kind = redis.type(key)
        found.append(key)
        if kind == b"string":
            found.append(redis.get(key))
        elif kind == b"hash":
            found += [part for pair in redis.hgetall(key).items() for part in pair]
        elif kind == b"list":
            found += redis.lrange(key, 0, -1)
        elif kind == b"zset":
            found += redis.zrange(key, 0, -1)
        elif kind == b"stream":
            found += [part for _, fields in redis.xrange(key) for pair in fields.items() for part in pair]
        else:
            assert kind == b"none", kind
    return found


def assert_gone(redis, *traces):
    stored = everything(redis)
    for trace in traces:
        raw = trace.encode() if isinstance(trace, str) else trace
        assert not [value for value in stored if raw in value], raw[:40]


def other(producer, sandbox, worker):
    """A photo that must stay as it is."""
    studio = Studio(producer, sandbox, "v-2")
    studio.make(MAKE, SHIRT, image=studio.image, reply_to="backend")
    return studio


def test_purge_leaves_nothing_of_an_ended_photo(retouch, studio, sandbox, producer, worker):
    stays = other(producer, sandbox, worker)
    before = {key: producer.redis.dump(key) for key in producer.redis.scan_iter("*v-2*")}
    pictures = [studio.make(*recipe, image=studio.image, reply_to="backend", meta={"who": "u-1"})[1]
                for recipe in ((CHECK, MAKE, BEAUTY), (MAKE, BLUE), (MAKE, BEAUTY))]
    dead = studio.order(MAKE, BLUE, RED)
    assert dead["state"] == "dead"
    view = retouch.one("photo", "u-1")
    ids = [step["generate_id"] for step in view["steps"] if "generate_id" in step]
    counted = retouch.one("purge", "u-1", "--dry-run")
    assert retouch.one("photo", "u-1") == view, "a dry run changes nothing"
    told = retouch.one("purge", "u-1")
    assert told == counted
    assert told == {"photo": "u-1", "records": 1, "canceled": 0, "statuses": 4, "envelopes": 1,
                    "results": 3, "entries": 2, "replies": 3, "events": told["events"], "complete": True}
    assert told["events"] >= 8
    assert_gone(producer.redis, "u-1", *ids, *(picture[-500:-400] for picture in pictures))
    assert {key: producer.redis.dump(key) for key in producer.redis.scan_iter("*v-2*")} == before
    assert producer.redis.lrange(producer.key("reply", "backend"), 0, -1) == [b"v-2.1"]
    assert producer.events("v-2.1")[-1] == "done" and stays.record()["current"]
    retouch.run("fsck")
    assert retouch.one("purge", "u-1")["records"] == 0
    assert "nothing is known" in retouch.run("purge", "u-1").stdout


@pytest.mark.parametrize("write", [as_msgpack, as_json])
def test_purge_finds_jobs_that_wait(retouch, studio, producer, write):
    image = {"data": PHOTO}
    studio.push(MAKE, image=image, write=write)
    studio.push(MAKE, image=image, write=write, id="elsewhere")
    producer.push("kept", PHOTO, out_request_id="u-10", write=write)
    producer.push("u-1", PHOTO, out_request_id="v-2", write=write)
    (retouch.folder / "photo.png").write_bytes(PHOTO)
    retouch.run("push", "photo.png", "-e", "idphoto.make", "-p", "size=one-inch", "--photo", "u-1", "--id", "stored")
    retouch.run("push", "photo.png", "--id", "stored-2")
    producer.push_raw(b'{"id":"escaped","effect":"emoji","out_request_id":"\\u0075-1"}')
    assert retouch.one("purge", "u-1", "--dry-run")["entries"] == 4
    assert retouch.one("purge", "u-1")["entries"] == 4
    left = producer.redis.lrange(producer.inbox(), 0, -1)
    assert len(left) == 3 and left[0] == b"stored-2" and b"kept" in left[2] and b"v-2" in left[1]
    assert_gone(producer.redis, "u-1.1", "elsewhere", "escaped")
    assert producer.state("stored") is None and producer.state("stored-2") == "queued"


def test_purge_cancels_what_is_in_flight_and_nothing_comes_back(retouch, producer, start_worker):
    with Sandbox("--photos", PHOTOS, "--latency-ms", 60000) as slow:
        start_worker(*PRIVATE, api=slow)
        studio = Studio(producer, slow)
        studio.push(MAKE, BEAUTY, image=studio.image)
        wait_for("a call in flight", lambda: slow.log()["in_flight"] == 1)
        studio.push(MAKE, RED, image=studio.image)
        producer.wait_for_state("u-1.2", "scheduled")
        producer.push("later", PHOTO, out_request_id="u-1", not_before_ms=int(time.time() * 1000) + 3600000)
        producer.wait_for_state("later", "scheduled")
        told = retouch.one("purge", "u-1")
        assert told["canceled"] == 3 and told["complete"] is True
        assert_gone(producer.redis, "u-1", "later")
        producer.push("after", PHOTO)
        wait_for("the next job to be begun", lambda: producer.state("after") == "running")
        assert_gone(producer.redis, "u-1", "later")
        retouch.run("cancel", "after")


def test_purge_reaches_elements_that_a_worker_has_claimed(retouch, producer, start_worker):
    with Sandbox("--photos", PHOTOS, "--latency-ms", 60000) as slow:
        worker = start_worker(*PRIVATE, "--concurrency", 1, api=slow)
        producer.push("busy", PHOTO)
        wait_for("a call in flight", lambda: slow.log()["in_flight"] == 1)
        studio = Studio(producer, slow)
        studio.push(MAKE, image=studio.image)
        told = retouch.one("purge", "u-1")
        assert told["complete"] is True
        assert_gone(producer.redis, "u-1")
        assert worker.is_running() and producer.state("busy") == "running"
        retouch.run("cancel", "busy")


def test_a_late_step_does_not_bring_a_purged_photo_back(retouch, studio, producer, worker, store):
    """A worker whose job was taken from it puts its step on record only where the photo is known."""
    studio.make(MAKE, image=studio.image)
    retouch.run("purge", "u-1")
    script = "".join((PHOTOS.parents[2] / "src" / "queue" / "lua" / f"{name}.lua").read_text()
                     for name in ("prelude", "checkpoint"))
    keys = [producer.key("job", "u-1.1"), producer.key("active", "w"), producer.key("photo", "u-1")]
    answer = producer.redis.eval(script, 3, *keys, "u-1.1", 1, 1, 1, 60000, "digest", "{}", 1)
    assert answer[0] == 0
    assert_gone(producer.redis, "u-1")


def test_a_job_without_a_photo_is_its_own(retouch, producer, worker):
    producer.push("avatar", PHOTO)
    producer.finish("avatar")
    picture = producer.result("avatar")
    told = retouch.one("purge", "avatar")
    assert (told["statuses"], told["results"]) == (1, 1)
    assert_gone(producer.redis, "avatar", picture)


def test_an_id_that_another_photo_has_now_is_left_alone(retouch, studio, producer, worker):
    studio.make(MAKE, image=studio.image, id="shared")
    producer.redis.delete(producer.key("job", "shared"), producer.key("result", "shared"))
    studio.photo = "v-2"
    studio.make(MAKE, image=studio.image, id="shared")
    retouch.run("purge", "u-1")
    assert producer.state("shared") == "done" and producer.result("shared")
    assert_gone(producer.redis, "u-1")


def test_purge_walks_over_more_than_a_page(retouch, producer):
    for i in range(1500):
        producer.submit(f"j{i}", b"x", out_request_id="u-1" if i % 3 else "u-2")
    told = retouch.one("purge", "u-1")
    assert told["canceled"] == 1000 and told["statuses"] == 1000 and told["complete"] is True
    assert len(producer.redis.lrange(producer.inbox(), 0, -1)) == 500
    assert_gone(producer.redis, "u-1")


# --- both ---

@pytest.mark.parametrize("args", [
    ("photo",), ("photo", "a", "b"), ("photo", "drop", "a", "b"), ("photo", "undo", "a"),
    ("photo", "u-1", "-p", "a=b"), ("photo", "undo", "u-1", "e", "-p", "a=b"), ("photo", "u-1", "--wait"),
    ("photo", "undo", "u-1", "e", "--out", "f"), ("photo", "replace", "u-1", "e", "-p", "novalue"),
    ("photo", "x" * 65), ("photo", "a\nb"), ("photo", ""), ("purge",), ("purge", "a", "b"), ("purge", "x" * 65)])
def test_usage_is_exit_status_2(retouch, args):
    retouch.run(*args, status=2)


def test_without_redis_it_is_exit_status_3(retouch):
    retouch.env["RETOUCH_REDIS"] = "unix:///nowhere.sock"
    for command in (("photo", "a"), ("photo", "undo", "a", "b"), ("purge", "a")):
        assert "nowhere.sock" in retouch.run(*command, status=3).stderr
