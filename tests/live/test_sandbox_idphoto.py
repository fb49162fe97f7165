"""The ID-photo family of the sandbox: strict, with a memory, and each effect to be told by eye."""

import base64
import hashlib
import http.client
import io
import json
import statistics

import pytest
from PIL import Image, ImageChops, ImageOps, ImageStat

from sandbox import PHOTOS, Sandbox

WIDTH, HEIGHT = 295, 413
SIZE = {"width": WIDTH, "height": HEIGHT}
KEYS = "?api_key=k&api_secret=s"
PLAIN = {**SIZE, "background": "#438EDB", "watermark_id": "none"}
BLUE = (0x43, 0x8E, 0xDB)
# Where the head is in an ID photo, in px: its middle and half its height.
HEAD_X, HEAD_Y, HEAD_R = WIDTH / 2, 0.42 * HEIGHT, 0.27 * HEIGHT
FINE = ["beauty", "skin", "symmetry", "expression", "eyes", "glasses", "shading"]


def exchange(sandbox, method, target, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=60)
    try:
        connection.request(method, target, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def send(sandbox, path, body):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return exchange(sandbox, "POST", path + KEYS, data, {"Content-Type": "application/json"})


def body_of(source, parameter, photo="u-1"):
    name = "mt_generate_id" if source.startswith("g-") else "img_url"
    return {"out_request_id": photo, name: source, "parameter": parameter}


def call(sandbox, effect, source, photo="u-1", **parameter):
    """What a call that succeeds gives: its data."""
    status, answer = send(sandbox, f"/v1/idphoto/{effect}", body_of(source, parameter, photo))
    assert status == 200, answer
    document = json.loads(answer)
    assert (document["code"], document["message"]) == (0, "success")
    return document["data"]


def refused(sandbox, effect, source, photo="u-1", **parameter):
    """The code of a call that is refused."""
    status, answer = send(sandbox, f"/v1/idphoto/{effect}", body_of(source, parameter, photo))
    assert status == 400, answer
    document = json.loads(answer)
    assert set(document) == {"code", "message"} and document["message"]
    return document["code"]


def target_of(url):
    return "/" + url.split("/", 3)[3]


def bytes_of(sandbox, data):
    status, picture = exchange(sandbox, "GET", target_of(data["img_url"]).replace("+", "%2B"))
    assert status == 200
    return picture


def image_of(sandbox, data):
    return Image.open(io.BytesIO(bytes_of(sandbox, data))).convert("RGB")


@pytest.fixture
def studio():
    """A sandbox that serves the sample photos."""
    with Sandbox("--photos", PHOTOS) as running:
        yield running


@pytest.fixture
def gallery(tmp_path):
    """A folder to put photos in, and a sandbox that serves it."""
    with Sandbox("--photos", tmp_path) as running:
        yield tmp_path, running


def photo_url(sandbox, name="portrait.jpg"):
    return f"{sandbox.url}/_sandbox/photo/{name}"


def near(pixel, colour, within=12):
    return all(abs(a - b) <= within for a, b in zip(pixel, colour))


def zone(image, left, top, right, bottom):
    """A box given in half heads from the middle of the head."""
    return image.crop((round(HEAD_X + left * HEAD_R), round(HEAD_Y + top * HEAD_R),
                       round(HEAD_X + right * HEAD_R), round(HEAD_Y + bottom * HEAD_R)))


def change(one, other, *box):
    """Mean change of a channel within a zone."""
    difference = ImageChops.difference(zone(one, *box), zone(other, *box))
    return sum(ImageStat.Stat(difference).mean) / 3


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


def test_hair_comes_first_and_stays_on_the_made_photo(studio):
    bald = image_of(studio, call(studio, "make", photo_url(studio), **PLAIN))
    hair = call(studio, "hair", photo_url(studio), hair_id="h-1")["mt_generate_id"]
    made = call(studio, "make", hair, **PLAIN)
    image = image_of(studio, made)
    assert image.size == (WIDTH, HEIGHT)
    assert change(bald, image, -0.5, -0.9, 0.5, -0.6) > 20
    assert change(bald, image, -0.3, 0.3, 0.3, 0.7) < 12
    other = call(studio, "hair", photo_url(studio), hair_id="h-2")["mt_generate_id"]
    third = image_of(studio, call(studio, "make", other, **PLAIN))
    assert change(third, image, -0.5, -0.9, 0.5, -0.6) > 20


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


# --- the effects, by eye ---

def test_make_puts_a_colour_behind_the_person(studio):
    image = image_of(studio, call(studio, "make", photo_url(studio), **PLAIN))
    for corner in ((3, 3), (WIDTH - 4, 3), (3, 150), (WIDTH - 4, 120)):
        assert near(image.getpixel(corner), BLUE)
    red, green, blue = ImageStat.Stat(zone(image, -0.2, 0.1, 0.2, 0.3)).mean
    assert red > green > blue and red > 120
    white = image_of(studio, call(studio, "make", photo_url(studio), **SIZE, watermark_id="none"))
    assert near(white.getpixel((3, 3)), (255, 255, 255), 3)
    assert change(image, white, -0.3, -0.3, 0.3, 0.6) < 3


@pytest.mark.parametrize("size", [(260, 378), (413, 579), (600, 600), (1, 1), (4096, 20)])
def test_make_gives_any_size(studio, size):
    data = call(studio, "make", photo_url(studio), width=size[0], height=size[1])
    assert image_of(studio, data).size == size


@pytest.mark.parametrize("mode, coloured, white", [
    (1, (147, 2), None),
    (2, (2, 2), None),
    (3, None, (2, 2)),
])
def test_gradients_end_in_white(studio, mode, coloured, white):
    made = call(studio, "make", photo_url(studio), **PLAIN)["mt_generate_id"]
    image = image_of(studio, call(studio, "background", made, background="#FF0000",
                                  gradient_mode=mode))
    if coloured:
        assert near(image.getpixel(coloured), (255, 0, 0), 20)
    if white:
        assert near(image.getpixel(white), (255, 255, 255), 20)
    outer, inner = image.getpixel((4, 4))[1], image.getpixel((30, 120))[1]
    assert (inner - outer > 30) if mode < 3 else (outer - inner > 30)
    left, right = image.getpixel((4, 60))[1], image.getpixel((WIDTH - 5, 60))[1]
    assert abs(left - right) < 10


def test_background_changes_nothing_else(studio):
    made = call(studio, "make", photo_url(studio), **PLAIN)
    red = call(studio, "background", made["mt_generate_id"], background="#FF0000")
    before, after = image_of(studio, made), image_of(studio, red)
    assert near(after.getpixel((3, 3)), (255, 0, 0))
    assert change(before, after, -0.35, -0.4, 0.35, 0.6) < 3
    back = call(studio, "make", photo_url(studio), **{**PLAIN, "background": "#FF0000"})
    assert change(image_of(studio, back), after, -1.2, -1.4, 1.2, 1.5) < 6


def edges(image):
    """How much detail there is in the face: the mean step between neighbours."""
    grey = zone(image, -0.3, -0.3, 0.3, 0.6).convert("L")
    return ImageStat.Stat(ImageChops.difference(grey, ImageChops.offset(grey, 1, 0))).mean[0]


def balance(image):
    """How much brighter the right half of the face is than the left."""
    left = ImageStat.Stat(zone(image, -0.45, -0.1, -0.1, 0.6).convert("L")).mean[0]
    return ImageStat.Stat(zone(image, 0.1, -0.1, 0.45, 0.6).convert("L")).mean[0] - left


def hues(image):
    """How much the colour of the face varies, whatever its brightness."""
    pixels = list(zone(image, -0.35, -0.2, 0.35, 0.6).getdata())
    return sum(statistics.pstdev(pixel[c] / (pixel[1] + 1) for pixel in pixels) for c in (0, 2))


def lopsided(image):
    """How far the head is from being its own mirror image."""
    head = zone(image, -0.6, -0.7, 0.6, 0.8)
    return sum(ImageStat.Stat(ImageChops.difference(head, ImageOps.mirror(head))).mean)


def after(sandbox, effect, **parameter):
    """The photo before and after one effect."""
    made = call(sandbox, "make", photo_url(sandbox), **PLAIN)
    data = call(sandbox, effect, made["mt_generate_id"], **parameter)
    return image_of(sandbox, made), image_of(sandbox, data)


def test_beauty_softens_by_its_strength(studio):
    plain, some = after(studio, "beauty", strength=30)
    assert edges(after(studio, "beauty", strength=100)[1]) < 0.6 * edges(plain)
    assert edges(some) < edges(plain)
    assert change(plain, after(studio, "beauty", strength=0)[1], -1, -1, 1, 1) < 2


def test_clothes_dress_the_lower_part(studio):
    plain, one = after(studio, "clothes", clothes_id="c-3")
    other = after(studio, "clothes", clothes_id="c-4")[1]
    assert change(plain, one, -1.1, 1.4, 1.1, 2.1) > 30
    assert change(other, one, -1.1, 1.4, 1.1, 2.1) > 30
    assert change(plain, one, -0.5, -0.9, 0.5, 0.7) < 2


def test_clothes_keep_when_the_background_changes(studio):
    made = call(studio, "make", photo_url(studio), **PLAIN)["mt_generate_id"]
    dressed = call(studio, "clothes", made, clothes_id="c-3")
    red = call(studio, "background", dressed["mt_generate_id"], background="#FF0000")
    assert change(image_of(studio, dressed), image_of(studio, red), -1, 1.5, 1, 2.1) < 4


def test_makeup_paints_lips(studio):
    plain, painted = after(studio, "makeup", makeup_id="m-1")
    assert change(plain, painted, -0.15, 0.46, 0.15, 0.54) > 12
    assert change(plain, painted, -0.3, -0.6, 0.3, -0.2) < 2
    other = after(studio, "makeup", makeup_id="m-2")[1]
    assert change(other, painted, -0.15, 0.46, 0.15, 0.54) > 3


def test_skin_evens_colours_and_keeps_detail(studio):
    plain, even = after(studio, "skin")
    assert hues(even) < 0.6 * hues(plain)
    assert edges(even) > 0.8 * edges(plain)


def test_symmetry_mirrors(studio):
    plain, mirrored = after(studio, "symmetry")
    assert lopsided(mirrored) < 0.5 * lopsided(plain)


def test_expression_eyes_and_glasses_change_their_own_parts(studio):
    mouth, eyes, bridge = (-0.35, 0.35, 0.35, 0.65), (-0.35, -0.06, -0.13, 0.06), \
        (-0.05, -0.04, 0.05, 0.04)
    around = (-0.4, 0.1, -0.1, 0.16)
    plain, smile = after(studio, "expression")
    gaze, clear = after(studio, "eyes")[1], after(studio, "glasses")[1]
    assert change(plain, smile, *mouth) > 5 and change(plain, smile, *eyes) < 2
    assert change(plain, gaze, *eyes) > 5 and change(plain, gaze, *mouth) < 2
    assert change(plain, gaze, *bridge) < 3
    assert change(plain, clear, *around) > 1.5 and change(plain, clear, *mouth) < 2
    assert change(plain, gaze, *around) < 1.5


def test_shading_lights_the_dark_half(gallery):
    folder, sandbox = gallery
    portrait = Image.open(PHOTOS / "portrait.jpg").convert("RGB")
    dark = Image.eval(portrait, lambda value: value * 7 // 10)
    shade = Image.new("L", portrait.size, 0)
    shade.paste(255, (228, 0, 512, 512))
    Image.composite(dark, portrait, shade).save(folder / "portrait.jpg", quality=95)
    plain, lit = after(sandbox, "shading")
    assert balance(plain) < -25 and abs(balance(lit)) < 0.6 * abs(balance(plain))


def test_stacking_shows_and_is_listed(studio):
    made = call(studio, "make", photo_url(studio), **PLAIN)["mt_generate_id"]
    one = call(studio, "clothes", made, clothes_id="c-3")
    clean = image_of(studio, call(studio, "clothes", made, clothes_id="c-4"))
    soft = call(studio, "beauty", one["mt_generate_id"])["mt_generate_id"]
    ugly = image_of(studio, call(studio, "clothes", soft, clothes_id="c-4"))
    assert [row["stacked"] for row in studio.calls()] == [False] * 4 + [True]
    assert change(clean, ugly, -0.3, 1.0, 0.3, 1.16) > 15
    assert change(clean, ugly, -0.9, -0.2, -0.68, 0.2) > 10
    assert change(clean, ugly, -0.9, 1.6, 0.9, 2.0) < 4


def test_photos_are_marked_unless_none_is_asked(studio):
    plain = image_of(studio, call(studio, "make", photo_url(studio), **PLAIN))
    marks = {}
    for mark in (None, "w-1", "w-2"):
        extra = {} if mark is None else {"watermark_id": mark, "layout_watermark_id": "l-1"}
        colours = {**SIZE, "background": "#438EDB"}
        made = call(studio, "make", photo_url(studio), **colours, **extra)
        marks[mark] = image_of(studio, made)
        assert change(plain, marks[mark], -1.2, -1.4, 1.2, 1.8) > 3
    assert change(marks["w-1"], marks["w-2"], -1.2, -1.4, 1.2, 1.8) > 3
    assert change(marks["w-1"], marks[None], -1.2, -1.4, 1.2, 1.8) > 3
    red = call(studio, "background", made["mt_generate_id"], background="#438EDB")
    assert change(marks["w-2"], image_of(studio, red), -1.2, -1.4, 1.2, 1.8) < 3
    clean = call(studio, "beauty", made["mt_generate_id"], strength=0, watermark_id="none")
    assert change(plain, image_of(studio, clean), -1.2, -1.4, 1.2, 1.8) < 3


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
