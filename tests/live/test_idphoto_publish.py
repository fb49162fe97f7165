"""Images given as bytes where the API takes a URL only: put where it can fetch them, gone afterwards."""

import urllib.error
import urllib.request

import pytest

from gate import Gate
from photos import PNG, sha256
from sandbox import PHOTOS, Sandbox
from s3 import S3
from studio import BEAUTY, HAIR, MAKE, Studio
from waiting import wait_for
from worker import Worker

PHOTO = (PHOTOS / "portrait.jpg").read_bytes()
QUICK = ("--set", "retry.base=1ms")


@pytest.fixture
def sandbox():
    with Sandbox("--photos", PHOTOS) as running:
        yield running


@pytest.fixture
def studio(producer, sandbox):
    return Studio(producer, sandbox)


@pytest.fixture
def front():
    """Stands where the public name of the worker would."""
    with Gate() as running:
        yield running


@pytest.fixture
def bucket():
    with S3() as running:
        yield running


@pytest.fixture
def publishing(start_worker, front):
    """Starts a worker that publishes through its own listener."""
    def start(*flags, **options):
        worker = start_worker(*QUICK, "--set", "publish.mode=http", "--set",
                              f"publish.base_url={front.url}", *flags, **options)
        front.target = worker.url
        return worker
    return start


def opens(url):
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


# --- the worker's own listener ---

@pytest.mark.parametrize("photo, media", [(PHOTO, "image/jpeg"), (PNG, "image/png")],
                         ids=["jpeg", "png"])
def test_the_worker_serves_the_image_while_the_job_lives(photo, media, studio, publishing, sandbox, front):
    with Gate(sandbox.url) as gate:
        publishing(api=gate)
        held = gate.hold("/v1/idphoto/beauty")
        job = studio.push(MAKE, BEAUTY, image=photo)
        held.wait()
        [fetched] = front.passed
        assert (fetched.method, fetched.status, fetched.body) == ("GET", 200, photo)
        with urllib.request.urlopen(front.url + fetched.path, timeout=30) as answer:
            assert (answer.read(), answer.headers["Content-Type"]) == (photo, media)
        held.open()
        assert studio.producer.finish(job)["state"] == "done"
        assert studio.calls()[0]["image_sha256"] == sha256(photo)
        assert opens(front.url + fetched.path) == 404


def test_tokens_are_long_and_never_the_same(studio, publishing, front):
    publishing()
    studio.make(MAKE, image=PHOTO)
    studio.make(HAIR, image=PHOTO)
    tokens = [row.path.rsplit("/", 1)[1] for row in front.passed]
    assert len(set(tokens)) == 2
    assert all(len(token) >= 32 and int(token, 16) >= 0 for token in tokens)
    for guess in ("/i/", "/i/0", "/i/" + "0" * len(tokens[0]), "/i/../metrics", "/i"):
        assert opens(front.url + guess) == 404


def test_a_token_is_neither_stored_nor_logged(studio, publishing, front):
    worker = publishing("--log-level", "debug")
    studio.make(MAKE, image=PHOTO)
    token = front.passed[0].path.rsplit("/", 1)[1]
    redis = studio.producer.redis
    shown = worker.raw + [repr(redis.dump(key)) for key in redis.scan_iter()]
    assert not [text for text in shown if token in text]


def test_a_name_that_leads_nowhere_is_the_apis_refusal(studio, publishing, front):
    publishing()
    front.answer("/i/", 502, b"bad gateway")
    status = studio.order(MAKE, image=PHOTO)
    assert (status["state"], status["error_class"], status["error_code"]) == ("dead", "rejected", "10003")
    assert "lock" not in studio.record()


# --- a bucket ---

def test_a_bucket_is_used_and_left_empty(studio, start_worker, bucket):
    start_worker(*QUICK, *bucket.settings())
    studio.make(MAKE, BEAUTY, image=PHOTO)
    wait_for("the deletion", lambda: len(bucket.asked) == 3)
    assert [(row.method, row.status, row.why) for row in bucket.asked] == [
        ("PUT", 200, None), ("GET", 200, None), ("DELETE", 204, None)]
    [path] = {row.path for row in bucket.asked}
    assert path.startswith("/retouch/") and len(path.rsplit("/", 1)[1]) >= 32
    assert bucket.types == {path: "image/jpeg"}
    assert bucket.objects == {}
    assert studio.calls()[0]["image_sha256"] == sha256(PHOTO)


def test_what_needs_no_image_puts_nothing_in_the_bucket(studio, start_worker, bucket):
    start_worker(*QUICK, *bucket.settings())
    studio.make(MAKE, image=PHOTO)
    wait_for("the deletion", lambda: len(bucket.asked) == 3)
    studio.make(MAKE, BEAUTY, image=PHOTO)
    studio.make(MAKE, BEAUTY, image=PHOTO)
    assert len(bucket.asked) == 3
    assert studio.called() == ["make", "beauty"]


def test_a_failed_job_leaves_no_object(studio, sandbox, start_worker, bucket):
    sandbox.faults({"kind": "check_items", "items": ["sunglasses"]})
    start_worker(*QUICK, *bucket.settings())
    assert studio.order(MAKE, image=PHOTO)["state"] == "dead"
    wait_for("the deletion", lambda: len(bucket.asked) == 3)
    assert bucket.objects == {}


def test_a_store_that_refuses_lets_the_job_wait_with_a_message(studio, start_worker, bucket):
    worker = start_worker("--set", "retry.base=4m", *bucket.settings(s3_secret_key="another"))
    job = studio.push(MAKE, image=PHOTO)
    status = studio.producer.wait_for_state(job, "scheduled")
    assert (status["reason"], status["error_class"]) == ("retry", "network")
    assert "publishing the image" in status["error_message"] and "403" in status["error_message"]
    assert [status[name] for name in ("attempts", "sent")] == ["0", "0"]
    assert {row.why for row in bucket.asked} == {"signature"} and bucket.objects == {}
    assert studio.calls() == [] and "lock" not in studio.record()
    assert not [line for line in worker.raw if "X-Amz" in line]
    worker.stop()
    studio.producer.redis.zadd(studio.producer.key("scheduled"), {job: 1})
    start_worker(*QUICK, *bucket.settings())
    assert studio.producer.finish(job)["state"] == "done"


def test_the_next_worker_publishes_anew(studio, sandbox, start_worker, bucket):
    with Gate(sandbox.url) as gate:
        held = gate.hold("/v1/idphoto/make")
        lost = start_worker(*QUICK, *bucket.settings(), "--set", "worker.lease=1s", api=gate)
        job = studio.push(MAKE, image=PHOTO)
        held.wait()
        lost.kill()
        held.drop()
        [left] = bucket.objects
        start_worker(*QUICK, *bucket.settings(), api=gate)
        assert studio.producer.finish(job)["state"] == "done"
        wait_for("the deletion", lambda: list(bucket.objects) == [left])
        assert [row.path != left for row in bucket.asked] == [False, True, True, True]


def test_without_a_base_url_the_listener_s_own_address_is_told(studio, start_worker):
    start_worker(*QUICK, "--set", "publish.mode=http")
    status, _ = studio.make(MAKE, image=PHOTO)
    [call] = studio.calls()
    assert call["image_sha256"] == sha256(PHOTO) and status["attempts"] == "1"


# --- neither ---

def test_without_either_the_sentence_says_what_to_configure(studio, start_worker):
    start_worker(*QUICK)
    status = studio.order(MAKE, image=PHOTO)
    assert (status["state"], status["error_class"]) == ("dead", "invalid")
    for word in ("image.url", "publish.mode", "publish.base_url", "publish.s3_endpoint"):
        assert word in status["error_message"]
    assert studio.calls() == [] and "lock" not in studio.record()


@pytest.mark.parametrize("flags, words", [
    (["publish.mode=http", "admin.listen=*:0"], "publish.base_url"),
    (["publish.mode=http", "admin.listen=none"], "publish.base_url"),
    (["publish.mode=s3"], "publish.s3_endpoint"),
    (["publish.mode=ftp"], "none|http|s3")], ids=["http", "no listener", "s3", "ftp"])
def test_a_mode_without_its_settings_is_no_start(flags, words, store, sandbox):
    worker = Worker(store, sandbox, *(part for flag in flags for part in ("--set", flag)))
    worker.launch()
    assert worker.wait_for_exit() == 2
    assert words in "\n".join(worker.raw)
    worker.stop()
