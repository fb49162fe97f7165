"""Orders of ID photos that cannot be made: each ends with a sentence that helps, and the worker goes on."""

import itertools

import pytest

from gate import Gate
from photos import drawn
from redis_server import RedisServer
from relay import free_port
from producer import Producer, as_json, as_msgpack
from sandbox import PHOTOS, Sandbox
from studio import BEAUTY, BLUE, HAIR, MAKE, SHIRT, SUIT, Studio, step
from worker import Worker

BOTH = pytest.mark.parametrize("write", [as_json, as_msgpack], ids=["json", "msgpack"])
names = (f"photo-{number}" for number in itertools.count(1))


@pytest.fixture(scope="module")
def shared():
    """Server, sandbox and one worker for all of them: that it lives through them all is the test."""
    with RedisServer() as store, Sandbox("--photos", PHOTOS) as sandbox, Gate() as front, \
            store.client() as client:
        worker = Worker(store, sandbox, "--set", "publish.mode=http", "--set",
                        f"publish.base_url={front.url}", "--set", "retry.base=1ms").start()
        front.target = worker.url
        yield Producer(client), sandbox, worker, front
        assert worker.stop() == 0


@pytest.fixture
def studio(shared):
    """A photo of its own, sent as bytes: URLs of this machine are private to this worker."""
    producer, sandbox, _, _ = shared
    studio = Studio(producer, sandbox, next(names))
    studio.image = (PHOTOS / "portrait.jpg").read_bytes()
    studio.calls()
    return studio


def must_refuse(studio, *words, recipe, **fields):
    """Dead before any call, for a reason in these words; a good job goes through afterwards."""
    status = studio.order(*recipe, **fields)
    assert (status["state"], status["error_class"]) == ("dead", "invalid"), status
    for word in words:
        assert word in status["error_message"], status["error_message"]
    assert (status["attempts"], status["sent"], status.get("step", "0")) == ("0", "0", "0")
    assert "lock" not in studio.record()
    assert studio.calls() == []
    goes_on(studio)


def goes_on(studio):
    good = Studio(studio.producer, studio.sandbox, next(names))
    good.make(step("make", width=60, height=80), image=(PHOTOS / "portrait.jpg").read_bytes())
    assert not studio.producer.redis.exists(*(studio.producer.key(kind) for kind in ("jobs", "scheduled")))
    studio.calls()


EFFECTS = ["beauty", "skin", "symmetry", "expression", "eyes", "glasses", "shading"]

RECIPES = {
    "empty": ([], ["recipe", "1"]),
    "of-100-steps": ([MAKE] * 100, ["recipe", "16"]),
    "of-17-steps": ([MAKE] + [BEAUTY] * 16, ["recipe", "16"]),
    "one-kind-twice": ([MAKE, SUIT, SHIRT], ["recipe[2].effect", "recipe[1]", "idphoto.clothes",
                                             "replace the earlier one"]),
    "one-kind-far-apart": ([MAKE, SUIT, *map(step, EFFECTS), SHIRT], ["replace the earlier one"]),
    "without-make": ([BEAUTY, BLUE], ["idphoto.beauty", "idphoto.make must come first", "generate_id"]),
    "make-behind": ([BEAUTY, MAKE], ["idphoto.beauty", "idphoto.make must come first"]),
    "hair-and-no-make": ([HAIR, BEAUTY], ["idphoto.make must come first"]),
    "check-behind": ([MAKE, step("check")], ["recipe[1].effect", "only first"]),
    "unknown-effect": ([MAKE, step("halo")], ["recipe[1].effect", '"idphoto.halo"', "idphoto.hair"]),
    "not-an-id-photo": ([MAKE, {"effect": "emoji"}], ["recipe[1].effect", "emoji", "stands alone"]),
    "no-effect-in-a-step": ([MAKE, {"params": {}}], ["recipe[1]", "effect"]),
    "a-foreign-field-in-a-step": ([{**MAKE, "strength": 5}], ["recipe[0]", "strength"]),
    "a-step-that-is-no-map": ([MAKE, "idphoto.beauty"], ["recipe[1]", "map"]),
}


@pytest.mark.parametrize("recipe, words", RECIPES.values(), ids=RECIPES.keys())
@BOTH
def test_recipes_that_cannot_be(recipe, words, write, studio):
    must_refuse(studio, *words, recipe=recipe, image=studio.image, write=write)


MAKES = {
    "of-another-effect": ({"size": "one-inch", "clothes_id": "c"}, ["idphoto.make", "clothes_id", "size"]),
    "short-colour": ({"size": "one-inch", "background": "#12"}, ["background", '"#12"', "#RRGGBB", "white"]),
    "colour-by-name": ({"size": "one-inch", "background": "green"}, ["background", '"green"', "blue"]),
    "gradient-4": ({"size": "one-inch", "background": "red", "gradient_mode": 4},
                   ["gradient_mode", "4", "top-down", "1", "3"]),
    "gradient-without-colour": ({"size": "one-inch", "gradient_mode": 1}, ["gradient_mode", "background"]),
    "gradient-to-black": ({"size": "one-inch", "background": "red", "gradient_mode": 1,
                           "gradient_end": "#000000"},
                          ["gradient_end", "the end colour of a gradient is always white"]),
    "zero": ({"width": 0, "height": 0}, ["width", "0", "1", "4096"]),
    "too-wide": ({"width": 4097, "height": 10}, ["width", "4097", "4096"]),
    "a-width-alone": ({"width": 295}, ["height"]),
    "no-size": ({"background": "white"}, ["width", "size"]),
    "size-and-width": ({"size": "one-inch", "width": 300}, ["size", "width"]),
    "unknown-size": ({"size": "three-inch"}, ["size", '"three-inch"', "one-inch", "us-visa"]),
    "empty-watermark": ({"size": "one-inch", "watermark_id": ""}, ["watermark_id", "1", "128"]),
}


@pytest.mark.parametrize("params, words", MAKES.values(), ids=MAKES.keys())
def test_parameters_of_make_that_cannot_be(params, words, studio):
    must_refuse(studio, *words, recipe=[step("make", **params)], image=studio.image)


OTHERS = {
    "clothes-without": (step("clothes"), ["idphoto.clothes", "needs", "clothes_id"]),
    "empty-clothes": (step("clothes", clothes_id=""), ["clothes_id", "1", "128"]),
    "background-without": (step("background"), ["needs the parameter background", "#RRGGBB"]),
    "too-strong": (step("beauty", strength=101), ["strength", "101", "0", "100"]),
    "too-weak": (step("beauty", strength=-1), ["strength", "-1", "0"]),
    "strength-in-halves": (step("beauty", strength=0.5), ["strength", "0.5"]),
    "hair-without": (step("hair"), ["idphoto.hair", "needs", "hair_id"]),
}


@pytest.mark.parametrize("other, words", OTHERS.values(), ids=OTHERS.keys())
def test_parameters_of_others_that_cannot_be(other, words, studio):
    must_refuse(studio, "recipe[1].params", *words, recipe=[MAKE, other], image=studio.image)


FIELDS = {
    "long-name-of-a-photo": ({"out_request_id": "x" * 65}, ["out_request_id", "1 to 64 bytes"]),
    "empty-name-of-a-photo": ({"out_request_id": ""}, ["out_request_id", "64"]),
    "name-with-a-line": ({"out_request_id": "a\nb"}, ["out_request_id", "control"]),
    "long-generate-id": ({"generate_id": "g" * 256}, ["generate_id", "255"]),
    "image-and-url": ({"image": {"url": "http://photos.example/a.jpg", "data": b"x"}}, ["image", "one of"]),
    "no-scheme": ({"image": {"url": "photos.example/a.jpg"}}, ["image.url", "http"]),
    "file": ({"image": {"url": "file:///etc/passwd"}}, ["image.url", "http"]),
    "private": ({"image": {"url": "http://127.0.0.1/a.jpg"}}, ["image.url", "private", "api.allow_private"]),
    "metadata": ({"image": {"url": "http://169.254.169.254/latest"}}, ["image.url", "private"]),
    "empty-url": ({"image": {"url": ""}}, ["image.url"]),
    "no-picture": ({"image": b"GIF89a" + bytes(100)}, ["image", "JPEG", "PNG"]),
    "nothing": ({"image": None}, ["image", "not known yet: send the image"]),
}


@pytest.mark.parametrize("fields, words", FIELDS.values(), ids=FIELDS.keys())
def test_fields_that_cannot_be(fields, words, studio):
    must_refuse(studio, *words, recipe=[MAKE], **{"image": studio.image, **fields})


def test_effect_and_recipe_are_one_too_many(studio):
    must_refuse(studio, "effect", "recipe", recipe=[MAKE], image=studio.image, effect="idphoto.make")


# --- the size for hair ---

def test_hair_where_neither_order_fits_names_the_sizes(studio):
    must_refuse(studio, "idphoto.hair", "exceeds 400 px", "295x413", "390x500",
                recipe=[MAKE, HAIR], image=drawn(390, 500))


def test_hair_alone_on_a_small_original_names_its_size(studio):
    must_refuse(studio, "idphoto.hair", "exceeds 400 px", "400x500", recipe=[HAIR], image=drawn(400, 500))


def test_hair_on_a_photo_made_small_names_its_size(studio):
    """The size of a photo that was made is known from its recipe alone."""
    must_refuse(studio, "295x413", "260x300", recipe=[HAIR, MAKE], image=drawn(260, 300))


# --- what only the API can tell ---

def test_a_generate_id_of_another_photo_is_refused_by_the_api(studio):
    other = Studio(studio.producer, studio.sandbox, next(names))
    made, _ = other.make(MAKE, image=studio.image)
    status = studio.order(BLUE, generate_id=made["generate_id"])
    assert (status["state"], status["error_class"], status["error_code"]) == ("dead", "rejected", "21105")
    assert "another photo" in status["error_message"]
    assert "lock" not in studio.record()
    goes_on(studio)


@pytest.mark.parametrize("status, body, code", [(200, b"<html>login</html>", "10025"), (404, b"", "10003")],
                         ids=["html", "missing"])
def test_a_url_without_a_picture_is_refused_by_the_api(status, body, code, producer, store, start_worker):
    with Sandbox("--photos", PHOTOS) as sandbox, Gate() as web:
        start_worker("--set", "api.allow_private=yes", api=sandbox)
        web.answer("/", status, body, "text/html")
        studio = Studio(producer, sandbox)
        ended = studio.order(MAKE, image={"url": web.url + "/a.jpg"})
        assert (ended["state"], ended["error_class"], ended["error_code"]) == ("dead", "rejected", code)
        assert "URL" in ended["error_message"] or "JPG or PNG" in ended["error_message"]
        studio.make(MAKE, image=studio.image)


def test_a_url_where_nobody_listens_is_refused_by_the_api(producer, sandbox, start_worker):
    start_worker("--set", "api.allow_private=yes")
    studio = Studio(producer, sandbox)
    ended = studio.order(MAKE, image={"url": f"http://127.0.0.1:{free_port()}/a.jpg"})
    assert (ended["state"], ended["error_code"]) == ("dead", "10003")
    assert "cannot be fetched" in ended["error_message"]
