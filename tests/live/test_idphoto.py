"""Recipes of ID photos through the whole program: what each costs, counted by the sandbox's calls."""

import json

import pytest

from gate import Gate
from photos import sha256
from sandbox import PHOTOS, Sandbox
from studio import BEAUTY, BLUE, CHECK, HAIR, MAKE, PRIVATE, RED, SHIRT, SUIT, Studio, step
from producer import as_json
from waiting import wait_for


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


# --- the three stories ---

def test_beauty_off_is_one_call_from_the_id_of_make(studio, worker):
    studio.make(MAKE, BEAUTY, BLUE, image=studio.image)
    made, soft, blue = studio.calls()
    assert [call["effect"] for call in (made, soft, blue)] == ["make", "beauty", "background"]
    assert [call["from"] for call in (made, soft, blue)] == [
        "img_url", made["generate_id"], soft["generate_id"]]
    _, picture = studio.make(MAKE, BLUE, image=studio.image)
    [call] = studio.calls()
    assert (call["effect"], call["from"]) == ("background", made["generate_id"])
    assert sha256(picture) == call["result_sha256"]


def test_other_clothes_are_one_call_from_the_id_of_beauty(studio, worker):
    studio.make(MAKE, BEAUTY, SUIT, image=studio.image)
    _, soft, _ = studio.calls()
    studio.make(MAKE, BEAUTY, SHIRT)
    [call] = studio.calls()
    assert (call["effect"], call["from"]) == ("clothes", soft["generate_id"])
    assert call["parameter"] == {"clothes_id": "shirt"}
    assert not call["stacked"]


@pytest.mark.parametrize("size, order", [("one-inch", ["hair", "make"]), ("us-visa", ["make", "hair"])])
def test_hair_stands_where_its_image_is_large_enough(size, order, studio, start_worker):
    with Gate() as front:
        worker = start_worker(*PRIVATE, "--set", "publish.mode=http", "--set",
                              f"publish.base_url={front.url}")
        front.target = worker.url
        photo = (PHOTOS / "portrait.jpg").read_bytes()
        status, _ = studio.make(step("make", size=size), HAIR, image=photo)
        first, second = studio.calls()
        assert [first["effect"], second["effect"]] == order
        assert [first["from"], second["from"]] == ["img_url", first["generate_id"]]
        assert first["image_sha256"] == sha256(photo)
        assert status["effect"] == "idphoto.make+idphoto.hair"


# --- the same again ---

def test_the_same_recipe_again_calls_nothing(studio, worker):
    _, picture = studio.make(MAKE, BEAUTY, image=studio.image)
    assert studio.called() == ["make", "beauty"]
    status, again = studio.make(MAKE, BEAUTY, image=studio.image, write=as_json)
    assert again == picture
    assert [status[name] for name in ("attempts", "sent", "step", "steps")] == ["0", "0", "2", "2"]
    assert [status["result_width"], status["result_height"]] == ["295", "413"]
    assert status["generate_id"] == studio.steps()["idphoto.beauty"]["generate_id"]
    assert studio.called() == []


def test_the_order_of_parameters_and_spellings_do_not_matter(studio, worker):
    studio.make(step("make", width=295, height=413, background="#438edb"), image=studio.image)
    studio.make(step("make", background="blue", size="one-inch"))
    assert studio.called() == ["make"]


def test_an_expired_result_is_fetched_again(studio, worker):
    status, picture = studio.make(MAKE, BEAUTY, image=studio.image, result_ttl_ms=700)
    wait_for("the end of its life", lambda: not studio.producer.redis.keys("*:result:*"))
    _, again = studio.make(MAKE, BEAUTY)
    assert again == picture
    assert studio.called() == ["make", "beauty"]


def test_a_result_that_is_nowhere_is_made_by_its_last_step(studio, sandbox, start_worker):
    with Gate(sandbox.url) as gate:
        start_worker(*PRIVATE, api=gate)
        studio.make(MAKE, BEAUTY, image=studio.image, result_ttl_ms=700)
        wait_for("the end of its life", lambda: not studio.producer.redis.keys("*:result:*"))
        link = studio.steps()["idphoto.beauty"]["url"]
        gate.answer("/" + link.split("/", 3)[3].partition("?")[0], 404, b"cleaned up")
        made, _ = studio.calls()
        _, picture = studio.make(MAKE, BEAUTY)
        [call] = studio.calls()
        assert (call["effect"], call["from"]) == ("beauty", made["generate_id"])
        assert sha256(picture) == call["result_sha256"]


def test_another_source_is_another_photo_under_the_same_id(studio, worker):
    studio.make(MAKE, image=studio.image)
    studio.make(MAKE, image={"url": studio.image["url"] + "?another"})
    assert studio.called() == ["make", "make"]
    studio.make(MAKE, BEAUTY)
    assert studio.called() == ["beauty"]


# --- many at once ---

def test_twenty_producers_of_one_recipe_pay_once(studio, start_worker):
    for _ in range(2):
        start_worker(*PRIVATE)
    jobs = [studio.push(MAKE, BEAUTY, BLUE, image=studio.image) for _ in range(20)]
    assert studio.producer.finish_all(jobs) == {"done": 20}
    assert studio.called() == ["make", "beauty", "background"]
    assert len({studio.producer.result(job) for job in jobs}) == 1
    assert sum(int(studio.producer.status(job)["sent"]) for job in jobs) == 3


def test_recipes_of_one_photo_share_their_steps(studio, start_worker):
    for _ in range(2):
        start_worker(*PRIVATE)
    recipes = [(MAKE, BEAUTY, last) for last in (BLUE, RED, SUIT, SHIRT)] + [(MAKE, BLUE), (MAKE,)]
    jobs = [studio.push(*recipe, image=studio.image) for recipe in recipes * 2]
    assert studio.producer.finish_all(jobs) == {"done": len(jobs)}
    assert sorted(studio.called()) == ["background"] * 3 + ["beauty"] + ["clothes"] * 2 + ["make"]
    for one, two in zip(jobs, jobs[len(recipes):]):
        assert studio.producer.result(one) == studio.producer.result(two)


def test_photos_do_not_wait_for_each_other(producer, sandbox, worker):
    studios = [Studio(producer, sandbox, f"u-{number}") for number in range(8)]
    sandbox.faults({"kind": "never", "path": "/v1/idphoto/make", "times": 1})
    stuck = studios[0].push(MAKE, image=studios[0].image, timeout_ms=60000)
    wait_for("the call", lambda: sandbox.log()["in_flight"] == 1)
    jobs = [studio.push(MAKE, image=studio.image) for studio in studios[1:]]
    assert producer.finish_all(jobs) == {"done": 7}
    assert producer.state(stuck) == "running"
    worker.send(15)
    worker.send(15)


# --- the check ---

def test_the_check_alone_answers_with_data(studio, worker):
    status = studio.order(CHECK, image=studio.image)
    assert status["state"] == "done"
    data = json.loads(status["result_json"])
    assert data["passed"] and {item["name"] for item in data["items"]} > {"sunglasses", "single_person"}
    assert status["check_id"] == data["check_id"]
    assert "result_type" not in status and status["result_count"] == "0"
    assert studio.called() == ["check"]
    again = studio.order(CHECK)
    assert (again["result_json"], again["check_id"]) == (status["result_json"], status["check_id"])
    assert studio.called() == []


def test_make_passes_with_the_check_id_only(studio, sandbox, worker):
    sandbox.faults({"kind": "check_items", "items": ["sunglasses"]})
    refused = studio.order(MAKE, image=studio.image)
    assert (refused["state"], refused["error_class"]) == ("dead", "rejected")
    assert (refused["error_code"], refused["attempts"]) == ("20011", "1")
    status, _ = studio.make(CHECK, MAKE, image=studio.image)
    _, checked, made = studio.calls()
    assert made["parameter"]["check_id"] == checked_id(studio) == status["check_id"]
    assert checked["effect"] == "check"


def checked_id(studio):
    return studio.steps()["idphoto.check"]["check_id"]


def test_the_id_of_an_earlier_check_is_handed_over(studio, worker):
    studio.order(CHECK, image=studio.image)
    studio.make(MAKE)
    checked, made = studio.calls()
    assert made["parameter"]["check_id"] == checked_id(studio)
    studio.make(CHECK, MAKE)
    studio.make(MAKE, BEAUTY)
    assert studio.called() == ["beauty"]


@pytest.mark.parametrize("recipe, calls", [
    ((MAKE,), [("make", 21103), ("make", 0)]),
    ((CHECK, MAKE), [("make", 21103), ("check", 0), ("make", 0)])], ids=["without", "again"])
def test_a_check_id_the_api_forgot_is_forgotten(recipe, calls, studio, sandbox, start_worker):
    with Gate(sandbox.url) as gate, Sandbox("--photos", PHOTOS) as successor:
        start_worker(*PRIVATE, api=gate)
        studio.order(CHECK, image={"url": gate.url + "/_sandbox/photo/portrait.jpg"})
        gate.target = successor.url
        studio.make(*recipe)
        assert [(call["effect"], call["code"]) for call in successor.calls()] == calls


# --- generate ids ---

def test_an_id_the_api_forgot_makes_way_for_a_shorter_prefix(studio, sandbox, worker):
    studio.make(MAKE, BEAUTY, image=studio.image)
    studio.calls()
    sandbox.faults({"kind": "forget_generate_ids"})
    status, picture = studio.make(MAKE, BEAUTY, BLUE)
    calls = studio.calls()
    assert [(call["effect"], call["code"]) for call in calls] == [
        ("background", 21104), ("beauty", 21104), ("make", 0), ("beauty", 0), ("background", 0)]
    assert sha256(picture) == calls[-1]["result_sha256"]
    assert [status[name] for name in ("step", "sent", "attempts")] == ["3", "5", "3"]
    studio.make(MAKE, BEAUTY, RED)
    [call] = studio.calls()
    assert call["from"] == calls[3]["generate_id"]


def test_a_producer_may_give_the_id_to_start_from(studio, worker):
    first, _ = studio.make(MAKE, BEAUTY, image=studio.image)
    studio.calls()
    status, _ = studio.make(BLUE, generate_id=first["generate_id"])
    [call] = studio.calls()
    assert (call["effect"], call["from"]) == ("background", first["generate_id"])
    assert (status["effect"], status["steps"]) == ("idphoto.background", "1")
    studio.make(BLUE, generate_id=first["generate_id"])
    assert studio.called() == []


def test_a_given_id_that_has_expired_ends_with_a_sentence(studio, worker, sandbox):
    first, _ = studio.make(MAKE, image=studio.image)
    sandbox.faults({"kind": "forget_generate_ids"})
    status = studio.order(BLUE, generate_id=first["generate_id"])
    assert (status["state"], status["error_class"], status["error_code"]) == ("dead", "rejected", "21104")
    assert first["generate_id"] in status["error_message"]


# --- no image ---

def test_a_known_photo_needs_no_image_and_an_unknown_one_does(studio, producer, sandbox, worker):
    studio.make(MAKE, image=studio.image)
    studio.make(step("make", size="two-inch"))
    assert [call["from"] for call in studio.calls()] == ["img_url", "img_url"]
    status = Studio(producer, sandbox, "nobody").order(MAKE)
    assert (status["state"], status["error_class"]) == ("dead", "invalid")
    assert "not known yet: send the image" in status["error_message"]
    assert (status["attempts"], status["sent"]) == ("0", "0")


def test_bytes_are_sent_once(studio, sandbox, start_worker):
    photo = (PHOTOS / "portrait.jpg").read_bytes()
    with Gate() as front:
        worker = start_worker(*PRIVATE, "--set", "publish.mode=http", "--set",
                              f"publish.base_url={front.url}")
        front.target = worker.url
        studio.make(MAKE, BEAUTY, image=photo)
        studio.make(MAKE, BLUE)
        assert studio.called() == ["make", "beauty", "background"]
        sandbox.faults({"kind": "forget_generate_ids"})
        status = studio.order(MAKE, RED)
        assert (status["state"], status["error_class"]) == ("dead", "invalid")
        assert "send the image again" in status["error_message"]
        studio.make(MAKE, RED, image=photo)
        assert studio.called() == ["background", "make", "background"]


# --- what is told ---

def test_the_status_of_a_recipe_is_complete(studio, worker):
    status, picture = studio.make(CHECK, MAKE, BEAUTY, BLUE, image=studio.image)
    assert status["effect"] == "idphoto.check+idphoto.make+idphoto.beauty+idphoto.background"
    assert [status[name] for name in ("step", "steps", "attempts", "sent")] == ["4"] * 4
    assert status["out_request_id"] == "u-1"
    assert status["generate_id"] == studio.calls()[-1]["generate_id"]
    assert status["check_id"] == checked_id(studio)
    assert status["result_count"] == "1" and status["result_bytes"] == str(len(picture))
    assert studio.producer.events() == ["running", "done"]
    entry = studio.producer.redis.xrange(studio.producer.key("events"))[-1][1]
    assert entry[b"effect"].decode() == status["effect"]


def test_a_photo_without_a_name_gets_one(studio, producer, worker):
    producer.push("single", studio.image, effect="idphoto.make", params={"size": "one-inch"})
    status = producer.finish("single")
    assert (status["state"], status["effect"]) == ("done", "idphoto.make")
    named = Studio(producer, studio.sandbox, status["out_request_id"])
    assert named.called() == ["make"]
    named.make(MAKE, BEAUTY)
    assert named.called() == ["make", "beauty"]


def test_the_record_of_a_photo_is_readable(studio, worker):
    status, _ = studio.make(MAKE, BEAUTY, image=studio.image)
    record = studio.record()
    assert record["source"]["kind"] == "url"
    made, soft = studio.steps()["idphoto.make"], studio.steps()["idphoto.beauty"]
    assert "s:" + soft["from"] in record and "from" not in made
    assert soft["generate_id"] == status["generate_id"]
    assert record["r:" + record["current"]] == "u-1.1" and "j:u-1.1" in record
    assert not {"lock", "lock_ms"} & record.keys()
    assert 0 < studio.producer.redis.pttl(studio.producer.key("photo", "u-1")) <= 24 * 3600 * 1000


# --- links ---

def test_links_open_with_their_plus_escaped(studio, sandbox, start_worker):
    with Gate(sandbox.url) as gate:
        start_worker(*PRIVATE, api=gate)
        status, _ = studio.make(MAKE, image=studio.image)
        [fetched] = [row.path for row in gate.passed if row.method == "GET"]
        raw = gate.passed[0].body
        assert b"\\u0026" in raw and b"+" in raw
        assert "&" in status["result_url"] and "+" in status["result_url"]
        assert fetched == "/" + status["result_url"].split("/", 3)[3].replace("+", "%2B")


def test_store_url_keeps_the_link_alone(studio, worker):
    status = studio.order(MAKE, BEAUTY, image=studio.image, store="url")
    assert status["state"] == "done" and status["result_url"].startswith("http")
    assert not studio.producer.redis.keys("*:result:*")
    again = studio.order(MAKE, BEAUTY, store="url")
    assert (again["state"], again["result_url"]) == ("done", status["result_url"])
    _, picture = studio.make(MAKE, BEAUTY)
    calls = studio.calls()
    assert [call["effect"] for call in calls] == ["make", "beauty"]
    assert sha256(picture) == calls[1]["result_sha256"]


@pytest.mark.parametrize("status, body, media, words", [
    (403, b"no", "text/plain", "403"), (200, b"<html>login</html>", "text/html", "JPEG")])
def test_a_link_that_does_not_open_costs_no_second_call(status, body, media, words, studio, sandbox,
                                                        start_worker):
    with Gate(sandbox.url) as gate:
        start_worker(*PRIVATE, api=gate)
        gate.answer("/_sandbox/result/", status, body, media)
        dead = studio.order(MAKE, BEAUTY, image=studio.image)
        assert (dead["state"], dead["error_class"]) == ("dead", "network")
        assert "link" in dead["error_message"] and words in dead["error_message"]
        assert dead["result_url"].startswith("http") and dead["step"] == "2"
        gate.clear()
        _, picture = studio.make(MAKE, BEAUTY)
        calls = studio.calls()
        assert [call["effect"] for call in calls] == ["make", "beauty"]
        assert sha256(picture) == calls[1]["result_sha256"]


# --- another contract ---

ALT = """
[effect]
name = idphoto.{name}
path = /v2/id/{path}
style = img-url
[request]
image_url = image
generate_id = gid
out_request_id = request_no
parameter = args
[order]
family = id-photo
{order}
{params}
[answer]
generate_id = /result/gid
result = /result/url
width = /result/w
height = /result/h
unknown_generate_id = 21104
"""
SIDE = "[param {name}]\nfield = {name[0]}\nkind = int\nrange = 1..4096\nrole = {name}\nrequired = yes\n"


def test_another_contract_is_a_matter_of_files(tmp_path, producer, start_worker):
    sides = SIDE.format(name="width") + SIDE.format(name="height")
    files = {"make": ("make", "first = yes", sides),
             "clothes": ("dress", "", "[param clothes_id]\nfield = garment\nkind = text\nrequired = yes\n")}
    for name, (path, order, params) in files.items():
        (tmp_path / f"{name}.ini").write_text(ALT.format(name=name, path=path, order=order, params=params))
    with Sandbox("--photos", PHOTOS, "--contract", "alt") as renamed:
        start_worker(*PRIVATE, "--set", f"effects.dir={tmp_path}", api=renamed)
        studio = Studio(producer, renamed)
        made = step("make", width=295, height=413)
        studio.make(made, SUIT, image=studio.image)
        studio.make(made, SHIRT)
        calls = studio.calls()
        assert [call["path"] for call in calls] == ["/v2/id/make", "/v2/id/dress", "/v2/id/dress"]
        assert calls[0]["parameter"] == {"w": 295, "h": 413}
        assert calls[2]["from"] == calls[0]["generate_id"]
        renamed.faults({"kind": "forget_generate_ids"})
        studio.make(made, step("clothes", clothes_id="third"))
        assert studio.called() == ["clothes", "make", "clothes"]
