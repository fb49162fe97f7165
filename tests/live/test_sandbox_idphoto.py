"""The ID-photo family of the sandbox is strict and has a memory."""

import base64
import hashlib
import json

import pytest
from PIL import Image

from idphoto import (HEIGHT, KEYS, SIZE, WIDTH, body_of, bytes_of, call, exchange, image_of,
                     photo_url, refused, send, target_of)
from sandbox import PHOTOS, Sandbox

FINE = ["beauty", "skin", "symmetry", "expression", "eyes", "glasses", "shading"]


# --- photos ---

def test_photos_are_served_by_name(studio):
    status, photo = exchange(studio, "GET", "/_sandbox/photo/portrait.jpg?whatever")
    assert (status, photo) == (200, (PHOTOS / "portrait.jpg").read_bytes())
    for name in ("nothing.jpg", "../README.md", "..%2fREADME.md", ".hidden", ""):
        assert exchange(studio, "GET", f"/_sandbox/photo/{name}")[0] == 404
    with Sandbox() as bare:
        assert exchange(bare, "GET", "/_sandbox/photo/portrait.jpg")[0] == 404


def test_own_host_under_any_name_is_fetched_from_itself(studio):
    body = json.dumps(body_of("http://api.example/_sandbox/photo/portrait.jpg", SIZE))
    headers = {"Content-Type": "application/json", "Host": "api.example"}
    assert exchange(studio, "POST", "/v1/idphoto/make" + KEYS, body, headers)[0] == 200
    headers["Host"] = "other.example"
    status, answer = exchange(studio, "POST", "/v1/idphoto/make" + KEYS, body, headers)
    assert (status, json.loads(answer)["code"]) == (400, 10003)


# --- the answer ---

def test_make_answers_in_the_assumed_shape(studio):
    status, answer = send(studio, "/v1/idphoto/make", body_of(photo_url(studio), SIZE))
    assert status == 200
    text = answer.decode()
    assert "\\u0026" in text and "http:\\/\\/" in text
    data = json.loads(text)["data"]
    assert set(data) == {"mt_generate_id", "img_url", "width", "height"}
    assert (data["width"], data["height"]) == (WIDTH, HEIGHT)
    assert image_of(studio, data).size == (WIDTH, HEIGHT)


def test_links_open_only_with_their_plus_escaped(studio):
    target = target_of(call(studio, "make", photo_url(studio), **SIZE)["img_url"])
    assert "+" in target.partition("?")[2]
    assert exchange(studio, "GET", target)[0] == 403
    assert exchange(studio, "GET", target.replace("+", "%20"))[0] == 403
    assert exchange(studio, "GET", target.replace("+", "%2B"))[0] == 200


def test_links_fail_as_scripted(studio):
    studio.faults({"kind": "result_url_status", "status": 503, "times": 1},
                  {"kind": "result_url_html", "times": 1},
                  {"kind": "status", "status": 500, "code": 10002, "shape": "code",
                   "path": "/v1/idphoto/make", "times": 1})
    for status in (503, 200):
        data = call(studio, "make", photo_url(studio), **SIZE)
        assert exchange(studio, "GET", target_of(data["img_url"]).replace("+", "%2B"))[0] == status
    status, answer = send(studio, "/v1/idphoto/make", body_of(photo_url(studio), SIZE))
    assert (status, json.loads(answer)["code"]) == (500, 10002)


# --- strictness ---

WRONG = [
    (b"[]", 10000),
    (b"{", 10000),
    ({"out_request_id": None}, 21102),
    ({"out_request_id": 7}, 21102),
    ({"out_request_id": ""}, 21103),
    ({"out_request_id": "x" * 129}, 21103),
    ({"out_request_id": ...}, 21101),
    ({"img_url": ...}, 21101),
    ({"img_url": 7}, 21102),
    ({"mt_generate_id": "g-1"}, 21103),
    ({"img_url": ..., "mt_generate_id": "g-1"}, 21104),
    ({"img_url": ..., "mt_generate_id": "g-99999999999999999999-00"}, 21104),
    ({"img_url": "http://192.0.2.1/a.jpg"}, 10003),
    ({"img_url": "file:///etc/passwd"}, 10003),
    ({"img_url": "/_sandbox/photo/nothing.jpg"}, 10003),
    ({"img_url": "/_sandbox/photo/README.md"}, 10025),
    ({"parameter": ...}, 21101),
    ({"parameter": []}, 21102),
    ({"media_info_list": []}, 21103),
]

WRONG_PARAMETERS = [
    ("make", {"width": ...}, 21101),
    ("make", {"height": ...}, 21101),
    ("make", {"width": "295"}, 21102),
    ("make", {"width": 295.5}, 21102),
    ("make", {"width": 0}, 21103),
    ("make", {"height": 4097}, 21103),
    ("make", {"background": 255}, 21102),
    ("make", {"background": "438EDB"}, 21103),
    ("make", {"background": "#438EDG"}, 21103),
    ("make", {"background": "#438EDBB"}, 21103),
    ("make", {"background": "#438EDB", "gradient_mode": 4}, 21103),
    ("make", {"background": "#438EDB", "gradient_mode": 0}, 21103),
    ("make", {"background": "#438EDB", "gradient_mode": "1"}, 21102),
    ("make", {"gradient_mode": 1}, 21101),
    ("make", {"gradient_end": "#FFFFFF"}, 21103),
    ("make", {"clothes_id": "c-1"}, 21103),
    ("make", {"check_id": "k-1-00000000"}, 21103),
    ("beauty", {"strength": 101}, 21103),
    ("beauty", {"strength": -1}, 21103),
    ("beauty", {"strength": True}, 21102),
    ("clothes", {}, 21101),
    ("clothes", {"clothes_id": ""}, 21103),
    ("clothes", {"clothes_id": 3}, 21102),
    ("makeup", {}, 21101),
    ("hair", {}, 21101),
    ("background", {}, 21101),
    ("background", {"background": "#FFFFFF", "width": 5}, 21103),
    ("check", {"strength": 5}, 21103),
]


@pytest.mark.parametrize("changes, code", WRONG)
def test_wrong_requests_are_refused(studio, changes, code):
    body = changes
    if isinstance(changes, dict):
        body = {**body_of(photo_url(studio), SIZE), **changes}
        body = {name: value for name, value in body.items() if value is not ...}
        if str(body.get("img_url", "")).startswith("/"):
            body["img_url"] = studio.url + body["img_url"]
    status, answer = send(studio, "/v1/idphoto/make", body)
    assert (status, json.loads(answer)["code"]) == (400, code)
    assert studio.billed() == 0


@pytest.mark.parametrize("effect, changes, code", WRONG_PARAMETERS)
def test_wrong_parameters_are_refused(studio, effect, changes, code):
    parameter = {**(SIZE if effect == "make" else {}), **changes}
    parameter = {name: value for name, value in parameter.items() if value is not ...}
    assert refused(studio, effect, photo_url(studio), **parameter) == code
    assert studio.billed() == 0


def test_keys_types_and_paths_are_checked(studio):
    body = json.dumps(body_of(photo_url(studio), SIZE)).encode()
    headers = {"Content-Type": "application/json"}
    status, answer = exchange(studio, "POST", "/v1/idphoto/make", body, headers)
    assert (status, json.loads(answer)["code"]) == (401, 90002)
    status, answer = exchange(studio, "POST", "/v1/idphoto/make" + KEYS, body)
    assert (status, json.loads(answer)["code"]) == (400, 10000)
    status, answer = send(studio, "/v1/idphoto/nothing", body)
    assert (status, json.loads(answer)["code"]) == (404, 90014)
    assert send(studio, "/v2/id/make", body)[0] == 404


@pytest.mark.parametrize("size, code", [((47, 500), 20008), ((500, 47), 20008)])
def test_sides_of_images_are_checked(gallery, size, code):
    folder, sandbox = gallery
    Image.new("RGB", size).save(folder / "a.png")
    assert refused(sandbox, "make", photo_url(sandbox, "a.png"), **SIZE) == code


# --- generate ids ---

def test_ids_chain_and_belong_to_one_photo(studio):
    made = call(studio, "make", photo_url(studio), **SIZE)["mt_generate_id"]
    again = call(studio, "make", photo_url(studio), **SIZE)["mt_generate_id"]
    assert made != again and made.startswith("g-")
    soft = call(studio, "beauty", made)["mt_generate_id"]
    call(studio, "background", soft, background="#FF0000")
    call(studio, "background", made, background="#FF0000")
    assert refused(studio, "beauty", made, photo="u-2") == 21105
    assert refused(studio, "beauty", made[:-1] + ("0" if made[-1] != "0" else "1")) == 21104
    rows = studio.calls()
    assert [row["from"] for row in rows[:5]] == ["img_url", "img_url", made, soft, made]
    assert [row["generate_id"] for row in rows[:3]] == [made, again, soft]
    assert [row["effect"] for row in rows[:3]] == ["make", "make", "beauty"]
    assert {row["out_request_id"] for row in rows[:5]} == {"u-1"}
    assert rows[3]["parameter"] == {"background": "#FF0000"}
    assert not any(row["stacked"] for row in rows)
    assert [row["billed"] for row in rows] == [True] * 5 + [False] * 2
    assert rows[5]["generate_id"] is None and rows[5]["code"] == 21105


def test_rows_carry_the_digests(studio):
    data = call(studio, "make", photo_url(studio), **SIZE)
    row = studio.calls()[0]
    assert row["image_sha256"] == hashlib.sha256((PHOTOS / "portrait.jpg").read_bytes()).hexdigest()
    assert row["result_sha256"] == hashlib.sha256(bytes_of(studio, data)).hexdigest()


def test_ids_expire():
    with Sandbox("--photos", PHOTOS, "--generate-ttl-ms", 0) as sandbox:
        made = call(sandbox, "make", photo_url(sandbox), **SIZE)["mt_generate_id"]
        assert refused(sandbox, "beauty", made) == 21104


def test_ids_of_an_earlier_run_are_unknown():
    ids = []
    for _ in range(2):
        with Sandbox("--photos", PHOTOS) as sandbox:
            ids.append(call(sandbox, "make", photo_url(sandbox), **SIZE)["mt_generate_id"])
    assert ids[0] != ids[1]


def test_ids_are_forgotten_on_demand(studio):
    made = call(studio, "make", photo_url(studio), **SIZE)["mt_generate_id"]
    studio.faults({"kind": "forget_generate_ids"})
    assert refused(studio, "beauty", made) == 21104
    made = call(studio, "make", photo_url(studio), **SIZE)["mt_generate_id"]
    call(studio, "beauty", made)
    assert studio.fault_counts()[0]["fired"] == 1
    studio.faults({"kind": "forget_generate_ids", "path": "/v1/idphoto/clothes", "times": 2})
    call(studio, "beauty", made)
    assert refused(studio, "clothes", made, clothes_id="c-1") == 21104
    assert refused(studio, "beauty", made) == 21104


@pytest.mark.parametrize("effect", FINE + ["clothes", "makeup", "background"])
def test_everything_needs_a_photo_that_was_made(studio, effect):
    parameter = {"clothes": {"clothes_id": "c"}, "makeup": {"makeup_id": "m"},
                 "background": {"background": "#FFFFFF"}}.get(effect, {})
    assert refused(studio, effect, photo_url(studio), **parameter) == 21103
    hair = call(studio, "hair", photo_url(studio), hair_id="h")["mt_generate_id"]
    assert refused(studio, effect, hair, **parameter) == 21103


# --- hair ---

def test_hair_wants_more_than_400_px(gallery):
    folder, sandbox = gallery
    portrait = Image.open(PHOTOS / "portrait.jpg")
    portrait.resize((400, 512)).save(folder / "narrow.jpg")
    portrait.resize((401, 512)).save(folder / "enough.jpg")
    portrait.save(folder / "portrait.jpg")
    assert refused(sandbox, "hair", photo_url(sandbox, "narrow.jpg"), hair_id="h") == 20020
    call(sandbox, "hair", photo_url(sandbox, "enough.jpg"), hair_id="h")
    small = call(sandbox, "make", photo_url(sandbox), **SIZE)["mt_generate_id"]
    assert refused(sandbox, "hair", small, hair_id="h") == 20020
    large = call(sandbox, "make", photo_url(sandbox), width=600, height=600)["mt_generate_id"]
    call(sandbox, "hair", large, hair_id="h")
    assert refused(sandbox, "hair", photo_url(sandbox) + "?single_person", hair_id="h") == 20007
    call(sandbox, "hair", photo_url(sandbox) + "?sunglasses", hair_id="h")


# --- the check ---

def test_check_reports_every_item(studio):
    data = call(studio, "check", photo_url(studio))
    assert set(data) == {"check_id", "passed", "items"}
    assert data["passed"] and data["check_id"].startswith("k-")
    assert len(data["items"]) > 5 and all(item["passed"] for item in data["items"])
    data = call(studio, "check", photo_url(studio) + "?sunglasses")
    failed = [item for item in data["items"] if not item["passed"]]
    assert [item["name"] for item in failed] == ["sunglasses"] and failed[0]["reason"]
    assert not data["passed"]
    studio.faults({"kind": "check_items", "items": ["face_complete", "single_person"]})
    failed = [item["name"] for item in call(studio, "check", photo_url(studio))["items"]
              if not item["passed"]]
    assert failed == ["single_person", "face_complete"]


def test_make_checks_unless_a_check_id_says_otherwise(studio):
    source = photo_url(studio) + "?sunglasses"
    assert refused(studio, "make", source, **SIZE) == 20011
    checked = call(studio, "check", source)["check_id"]
    call(studio, "make", source, check_id=checked, **SIZE)
    assert refused(studio, "make", source, photo="u-2", check_id=checked, **SIZE) == 21105
    assert refused(studio, "make", source, check_id="k-7-12345678", **SIZE) == 21103
    made = call(studio, "make", photo_url(studio), **SIZE)["mt_generate_id"]
    assert refused(studio, "make", photo_url(studio), check_id=made, **SIZE) == 21103
    body = {"out_request_id": "u-1", "mt_generate_id": checked, "parameter": {}}
    status, answer = send(studio, "/v1/idphoto/beauty", body)
    assert (status, json.loads(answer)["code"]) == (400, 21104)
    studio.faults({"kind": "forget_generate_ids"})
    call(studio, "make", source, check_id=checked, **SIZE)


def test_make_refuses_what_a_fault_scripts(studio):
    studio.faults({"kind": "check_items", "items": ["single_person"], "times": 1})
    assert refused(studio, "make", photo_url(studio), **SIZE) == 20007
    assert studio.calls()[0]["billed"] is False
    call(studio, "make", photo_url(studio), **SIZE)


# --- another contract ---

def test_another_contract_has_other_names():
    with Sandbox("--photos", PHOTOS, "--contract", "alt") as sandbox:
        body = {"request_no": "u-1", "image": photo_url(sandbox),
                "args": {"w": WIDTH, "h": HEIGHT, "bg": "#438EDB", "fade": 1, "mark": "none"}}
        status, answer = send(sandbox, "/v2/id/make", body)
        document = json.loads(answer)
        assert (status, document["error_code"]) == (200, 0)
        assert set(document["result"]) == {"gid", "url", "w", "h"}
        link = target_of(document["result"]["url"]).replace("+", "%2B")
        assert exchange(sandbox, "GET", link)[0] == 200
        body = {"request_no": "u-1", "gid": document["result"]["gid"], "args": {"garment": "c"}}
        assert send(sandbox, "/v2/id/dress", body)[0] == 200
        status, answer = send(sandbox, "/v2/id/dress", {**body, "request_no": "u-2"})
        assert (status, json.loads(answer)["error_code"]) == (400, 21105)
        assert send(sandbox, "/v1/idphoto/make", body_of(photo_url(sandbox), SIZE))[0] == 404
        assert [row["effect"] for row in sandbox.calls()[:2]] == ["make", "clothes"]
        assert sandbox.calls()[1]["from"] == body["gid"]


def test_the_other_family_is_as_before(studio):
    data = base64.b64encode((PHOTOS / "portrait-small.png").read_bytes()).decode()
    body = {"parameter": {"rsp_media_type": "jpg"}, "extra": {},
            "media_info_list": [{"media_data": data, "media_profiles": {}}]}
    assert send(studio, "/v1/EmojMaterialH5", body)[0] == 200
    assert "effect" not in studio.calls()[0]
