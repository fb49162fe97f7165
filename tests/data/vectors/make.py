#!/usr/bin/env python3
"""Writes the test vectors of include/PROTOCOL.md, sections 1 to 3: inbox elements and their verdicts.

SPDX-License-Identifier: MIT

    make.py           writes index.json, image.png and elements/*
    make.py --check   writes nothing; exit 1 if a file is not what this script would write

A row of index.json:
    name      unique; also the file's stem
    file      the element's bytes, relative to this directory
    format    msgpack, json, or raw (neither: bare ids and junk)
    element   what the first byte makes of it: envelope, id, junk
    verdict   ok, dead (a job with a valid id, but its contents are not allowed), rejected (no job)
    stage     decode: the bytes alone decide, and an ok may still fail against the catalogue;
              plan: decodes well, but is refused against the catalogue
    id        the job's id, for ok and dead
    field     dead only: the error message names this field ("" where there is none to name)
    reason    the error message contains this ("" where the wording is free)
    expect    ok only: what the decoder found; only what is listed need be compared
                effects       the steps' effects, joined by +
                params        number of the first step's parameters
                image_source  none, bytes (then equal to image.png), url, key (then image_text)
                meta_bytes    length of meta encoded as msgpack
                any other     the envelope's field of that name
"""

import base64
import json
import pathlib
import struct
import sys
import zlib

import msgpack

HERE = pathlib.Path(__file__).resolve().parent
IMAGE_SIDE = 48  # px, the smallest that the avatar effect accepts
META_MAX = 4096  # bytes, encoded as msgpack


def tiny_png() -> bytes:
    """A grey 48x48 PNG with one bit a pixel; stored, not deflated, so that no zlib version shows."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + (b"\xaa" if y % 2 else b"\x55") * (IMAGE_SIDE // 8) for y in range(IMAGE_SIDE))
    stored = b"\x78\x01\x01" + struct.pack("<HH", len(rows), len(rows) ^ 0xFFFF) + rows
    header = struct.pack(">IIBBBBB", IMAGE_SIDE, IMAGE_SIDE, 1, 0, 0, 0, 0)
    idat = stored + struct.pack(">I", zlib.adler32(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", idat) + chunk(b"IEND", b"")


IMAGE = tiny_png()
IMAGE_BASE64 = base64.b64encode(IMAGE).decode()
DATA_URL = "data:image/png;base64," + IMAGE_BASE64
URL = "https://images.example/a.jpg?x=1&sign=a+b"

rows = []
files = {}


# --- ways to write an element ---------------------------------------------------------------


class Pairs(list):
    """A map as (key, value) pairs: keys may repeat, and may be anything."""


def pack(value) -> bytes:
    if isinstance(value, Pairs):
        body = b"".join(pack(key) + pack(item) for key, item in value)
        return msgpack.Packer().pack_map_header(len(value)) + body
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, dict):
        return pack(Pairs(value.items()))
    if isinstance(value, (list, tuple)):
        return msgpack.Packer().pack_array_header(len(value)) + b"".join(pack(item) for item in value)
    return msgpack.packb(value, use_bin_type=True)


class Raw(bytes):
    """Bytes that stand in a msgpack element as they are."""


def text(value) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def raw_str(body: bytes) -> Raw:
    """A msgpack str whose bytes need not be UTF-8."""
    assert len(body) < 32
    return Raw(bytes([0xA0 | len(body)]) + body)


def nested(depth: int, opener: bytes, core: bytes, closer: bytes = b"") -> Raw:
    return Raw(opener * depth + core + closer * depth)


# --- rows ------------------------------------------------------------------------------------


def add(verdict, name, fmt, data, *, element="envelope", stage="decode", **extra):
    suffix = {"msgpack": "msgpack", "json": "json", "raw": "bin"}[fmt]
    row = {
        "name": name,
        "file": f"elements/{name}.{suffix}",
        "format": fmt,
        "element": element,
        "verdict": verdict,
        "stage": stage,
        **extra,
    }
    assert row["file"] not in files, name
    files[row["file"]] = bytes(data)
    rows.append(row)


def job(**fields) -> dict:
    """The smallest good envelope, with these fields added or replaced; None takes one out."""
    base = {"id": "job-1", "effect": "emoji", "image": IMAGE}
    base.update(("x-" + key[2:] if key.startswith("x_") else key, value) for key, value in fields.items())
    return {key: value for key, value in base.items() if value is not None}


def json_job(**fields) -> dict:
    return job(**{"image": IMAGE_BASE64, **fields})


def encoded(value) -> tuple:
    """(format, bytes): JSON text as it is, everything else in msgpack."""
    if isinstance(value, bytes) and not isinstance(value, Raw):
        return "json", value
    return "msgpack", pack(value)


def ok(name, value, **expect):
    fmt, data = encoded(value)
    expect = {"effects": "emoji", "image_source": "bytes", **expect}
    job_id = expect.pop("id", "job-1")
    add("ok", "ok-" + name, fmt, data, id=job_id, expect=expect)


def dead(name, value, field, reason="", **extra):
    fmt, data = encoded(value)
    add("dead", "dead-" + name, fmt, data, id="job-1", field=field, reason=reason, **extra)


def rejected(name, fmt, data, reason="", element="envelope"):
    add("rejected", "rejected-" + name, fmt, data, element=element, reason=reason)


# --- good jobs -------------------------------------------------------------------------------

EVERY_FIELD = {
    "v": 1,
    "id": "A.b_c-9",
    "effect": "idphoto.background",
    "params": {"background": "#438EDB", "gradient_mode": 1, "strength": 12.5, "sharp": True},
    "image": IMAGE,
    "out_request_id": "u" * 64,
    "generate_id": "g-17",
    "not_before_ms": 1700000000000,
    "deadline_ms": 1900000000000,
    "max_attempts": 100,
    "timeout_ms": 90000,
    "result_ttl_ms": 3600000,
    "store": "url",
    "reply_to": "backend.7_a-B",
    "meta": {"user": 7, "tags": ["a", None, {"deep": True}], "name": "\u540d"},
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
}
EVERY_EXPECT = {
    "id": "A.b_c-9",
    "effects": "idphoto.background",
    "params": 4,
    **{
        key: EVERY_FIELD[key]
        for key in (
            "out_request_id generate_id not_before_ms deadline_ms max_attempts timeout_ms "
            "result_ttl_ms store reply_to traceparent"
        ).split()
    },
}


def meta_of(encoded_bytes: int) -> dict:
    """A meta map whose msgpack encoding has exactly this length (of 300 or more)."""
    meta = {"m": "x" * (encoded_bytes - 6)}  # map 1, key 2, str16 header 3
    assert len(pack(meta)) == encoded_bytes, len(pack(meta))
    return meta


def add_good():
    ok("minimal", job())
    ok("every-field", EVERY_FIELD, **EVERY_EXPECT)
    ok("map16", Raw(b"\xde\x00\x03" + pack(job())[1:]))
    ok("map32", Raw(b"\xdf\x00\x00\x00\x03" + pack(job())[1:]))
    ok("id-64-long", job(id="a" * 64), id="a" * 64)
    ok("id-one-char", job(id="7"), id="7")
    ok("image-map-data", job(image={"data": IMAGE}))
    ok("image-map-url", job(image={"url": URL}), image_source="url", image_text=URL)
    ok("image-map-key", job(image={"key": "uploads:42"}), image_source="key", image_text="uploads:42")
    ok("image-from-generate-id", job(image=None, generate_id="g-1"), image_source="none", generate_id="g-1")
    ok("image-from-known-photo", job(image=None, out_request_id="u-1"), image_source="none", out_request_id="u-1")
    ok("x-fields-ignored", job(x_note=[1, {"a": None}], **{"x-": 1, "x-id": "other"}))
    ok("x-field-twice", Pairs([*job().items(), ("x-a", 1), ("x-a", 2)]))
    ok("max-attempts-1", job(max_attempts=1), max_attempts=1)
    ok("not-before-0", job(not_before_ms=0), not_before_ms=0)
    ok("int-in-wide-form", job(max_attempts=Raw(b"\xcf" + bytes(7) + b"\x05")), max_attempts=5)
    ok("int-in-signed-form", job(max_attempts=Raw(b"\xd3" + bytes(7) + b"\x05")), max_attempts=5)
    ok("meta-4096", job(meta=meta_of(META_MAX)), meta_bytes=META_MAX)
    ok("meta-16-deep", job(meta={"n": nested(14, b"\x91", b"\xc0")}))
    ok("recipe-one", job(effect=None, recipe=[{"effect": "idphoto.make"}]), effects="idphoto.make")
    three = [
        {"effect": "idphoto.make", "params": {"size": "one-inch"}},
        {"effect": "idphoto.beauty"},
        {"effect": "idphoto.clothes", "params": {"clothes_id": "c-3"}},
    ]
    names = "idphoto.make+idphoto.beauty+idphoto.clothes"
    ok("recipe-three", job(effect=None, recipe=three), effects=names, params=1)
    sixteen = [{"effect": f"shop.step-{n}"} for n in range(16)]
    ok("recipe-16", job(effect=None, recipe=sixteen), effects="+".join(s["effect"] for s in sixteen))


def add_good_json():
    ok("json-minimal", text(json_job()))
    ok("json-every-field", text({**EVERY_FIELD, "image": IMAGE_BASE64}), **EVERY_EXPECT)
    ok("json-data-prefix", text(json_job(image=DATA_URL)))
    ok("json-image-map-data", text(json_job(image={"data": IMAGE_BASE64})))
    ok("json-image-map-data-prefix", text(json_job(image={"data": DATA_URL})))
    ok("json-image-map-url", text(json_job(image={"url": URL})), image_source="url", image_text=URL)
    ok("json-image-map-key", text(json_job(image={"key": "up:1"})), image_source="key", image_text="up:1")
    lines = "\r\n".join(IMAGE_BASE64[n : n + 76] for n in range(0, len(IMAGE_BASE64), 76))
    ok("json-base64-in-lines", text(json_job(image=lines)))
    ok("json-base64-unpadded", text(json_job(image=IMAGE_BASE64.rstrip("="))))
    ok("json-slashes-escaped", text(json_job(image=DATA_URL)).replace(b"/", b"\\/"))
    ok("json-escaped-id", text(json_job()).replace(b"job-1", b"\\u006aob-1"))
    ok("json-inner-and-trailing-blanks", b"{ \n" + text(json_job())[1:-1] + b"\t}\r\n")
    recipe = [{"effect": "idphoto.make", "params": {"size": "one-inch"}}, {"effect": "idphoto.skin"}]
    ok("json-recipe", text(json_job(effect=None, recipe=recipe)), effects="idphoto.make+idphoto.skin")
    # json.dumps writes no such spelling by itself.
    ok("json-meta-numbers", text(json_job(meta={"a": 1})).replace(b'"a":1', b'"a":-1.5e-3,"b":18446744073709551615'))


def add_bare_ids():
    for name, data in (
        ("plain", b"job-1"),
        ("uuid", b"0b6f4f0e-6f3d-4d0a-9d3e-2b7a1c9f4e55"),
        ("64-long", b"z" * 64),
        ("digit-that-is-also-a-msgpack-int", b"5"),
    ):
        add("ok", "id-" + name, "raw", data, element="id", id=data.decode(), expect={})


# --- jobs that are dead at once --------------------------------------------------------------

# What each field must be, and something it is not: (field, type's name in the message, wrong values)
WRONG_TYPES = (
    ("v", "int", "1"),
    ("effect", "str", 7),
    ("params", "map", ["a"]),
    ("recipe", "array", {"effect": "emoji"}),
    ("image", "bin", 7),
    ("out_request_id", "str", 7),
    ("generate_id", "str", {"a": 1}),
    ("not_before_ms", "int", "soon"),
    ("deadline_ms", "int", 1.5),
    ("max_attempts", "int", "8"),
    ("timeout_ms", "int", True),
    ("result_ttl_ms", "int", [1]),
    ("store", "str", 1),
    ("reply_to", "str", 1),
    ("meta", "map", "text"),
    ("traceparent", "str", 1),
)

# (name, field, value, what the message says is allowed)
OUT_OF_RANGE = (
    ("v-2", "v", 2, "1"),
    ("v-0", "v", 0, "1"),
    ("max-attempts-0", "max_attempts", 0, "1 to 100"),
    ("max-attempts-101", "max_attempts", 101, "1 to 100"),
    ("max-attempts-negative", "max_attempts", -1, "1 to 100"),
    ("max-attempts-uint64", "max_attempts", 2**64 - 1, "1 to 100"),
    ("not-before-negative", "not_before_ms", -1, "0 to"),
    ("not-before-int64-min", "not_before_ms", -(2**63), "0 to"),
    ("not-before-year-10000", "not_before_ms", 253402300800000, "0 to"),
    ("deadline-0", "deadline_ms", 0, "1 to"),
    ("deadline-negative", "deadline_ms", -1, "1 to"),
    ("timeout-0", "timeout_ms", 0, "1 to 3600000"),
    ("timeout-negative", "timeout_ms", -5, "1 to 3600000"),
    ("timeout-over-an-hour", "timeout_ms", 3600001, "1 to 3600000"),
    ("result-ttl-0", "result_ttl_ms", 0, "1 to 31536000000"),
    ("result-ttl-negative", "result_ttl_ms", -1, "1 to 31536000000"),
    ("result-ttl-over-a-year", "result_ttl_ms", 31536000001, "1 to 31536000000"),
    ("effect-empty", "effect", "", ""),
    ("effect-65-long", "effect", "e" * 65, ""),
    ("effect-with-blank", "effect", "emo ji", ""),
    ("effect-with-nul", "effect", "emoji\0", ""),
    ("out-request-id-empty", "out_request_id", "", "1 to 64"),
    ("out-request-id-65-long", "out_request_id", "u" * 65, "1 to 64"),
    ("out-request-id-control-character", "out_request_id", "u\n1", ""),
    ("generate-id-empty", "generate_id", "", "1 to 255"),
    ("generate-id-256-long", "generate_id", "g" * 256, "1 to 255"),
    ("store-other", "store", "both", "bytes"),
    ("store-empty", "store", "", "url"),
    ("reply-to-empty", "reply_to", "", ""),
    ("reply-to-65-long", "reply_to", "r" * 65, ""),
    ("reply-to-with-colon", "reply_to", "a:b", ""),
    ("traceparent-256-long", "traceparent", "t" * 256, "255"),
)


def add_wrong_types():
    for field, kind, wrong in WRONG_TYPES:
        slug = field.replace("_", "-")
        fields = {"effect": None} if field == "recipe" else {}
        reason = "" if field == "image" else kind
        dead(f"type-{slug}", job(**{**fields, field: wrong}), field, reason)
        dead(f"json-type-{slug}", text(json_job(**{**fields, field: wrong})), field, reason)
    dead("null", Pairs([*job().items(), ("meta", None)]), "meta", "map")
    dead("json-null", text(json_job())[:-1] + b',"max_attempts":null}', "max_attempts", "int")
    dead("float-3.0", job(max_attempts=3.0), "max_attempts", "int")
    dead("json-float-3.0", text(json_job(max_attempts=3.0)), "max_attempts", "int")
    for name, literal in (("1e1", b"1e1"), ("beyond-uint64", b"99999999999999999999")):
        data = text(json_job(max_attempts=77)).replace(b":77", b":" + literal)
        dead(f"json-int-as-{name}", data, "max_attempts", "int")
    dead("json-time-1e3", text(json_job(not_before_ms=77)).replace(b":77", b":1e3"), "not_before_ms", "int")
    dead("timestamp-ext", job(not_before_ms=Raw(b"\xd6\xff\x65\x00\x00\x00")), "not_before_ms", "int")
    dead("effect-as-bin", job(effect=b"emoji"), "effect", "str")
    dead("effect-not-utf8", job(effect=raw_str(b"emo\xff")), "effect")
    dead("out-request-id-not-utf8", job(out_request_id=raw_str(b"u\xc3")), "out_request_id")


def add_out_of_range():
    for name, field, value, reason in OUT_OF_RANGE:
        dead(name, job(**{field: value}), field, reason)
    dead("json-max-attempts-101", text(json_job(max_attempts=101)), "max_attempts", "1 to 100")
    dead("json-deadline-negative", text(json_job(deadline_ms=-1)), "deadline_ms", "1 to")
    dead("json-effect-with-nul", text(json_job(effect="emoji\0")), "effect")
    dead("meta-4097", job(meta=meta_of(META_MAX + 1)), "meta", "4096")
    dead("json-meta-over-4096", text(json_job(meta={"m": "x" * META_MAX})), "meta", "4096")
    dead("meta-many-members", job(meta={str(n): n for n in range(1500)}), "meta", "4096")


def add_bad_maps():
    dead("unknown-field", job(prioritty="high"), "prioritty")
    dead("json-unknown-field", text(json_job(prioritty="high")), "prioritty")
    dead("field-name-in-capitals", job(Effect="emoji"), "Effect")
    dead("field-name-empty", Pairs([*job().items(), ("", 1)]), "")
    dead("field-name-not-text", Pairs([*job().items(), (7, 1)]), "")
    dead("field-name-long", Pairs([*job().items(), ("n" * 5000, 1)]), "nnnnnnnn")
    dead("field-name-not-utf8", Pairs([*job().items(), (raw_str(b"\xff\xfe"), 1)]), "")
    dead("field-twice", Pairs([*job().items(), ("effect", "emoji")]), "effect", "twice")
    dead("json-field-twice", text(json_job())[:-1] + b',"effect":"emoji"}', "effect", "twice")
    dead("image-twice", Pairs([*job().items(), ("image", IMAGE)]), "image", "twice")
    dead("param-twice", job(params=Pairs([("version", "1"), ("version", "2")])), "params", "twice")
    for name, value in (("null", None), ("array", [1]), ("map", {}), ("bin", b"x")):
        dead(f"param-{name}", job(params={"version": value}), "params")
    dead("json-param-null", text(json_job(params={"version": None})), "params")
    dead("param-not-utf8", job(params={"version": raw_str(b"\xff")}), "params")
    dead("param-name-empty", job(params={"": 1}), "params")
    dead("param-name-33-long", job(params={"p" * 33: 1}), "params", "32")
    dead("params-25", job(params={f"p{n}": n for n in range(25)}), "params", "24")


def add_bad_effects():
    dead("no-effect", job(effect=None), "effect", "recipe")
    dead("effect-and-recipe", job(recipe=[{"effect": "emoji"}]), "recipe", "effect")
    dead("recipe-empty", job(effect=None, recipe=[]), "recipe", "1 to 16")
    seventeen = [{"effect": f"shop.step-{n}"} for n in range(17)]
    dead("recipe-17", job(effect=None, recipe=seventeen), "recipe", "1 to 16")
    dead("json-recipe-17", text(json_job(effect=None, recipe=seventeen)), "recipe", "1 to 16")
    dead("recipe-of-names", job(effect=None, recipe=["emoji"]), "recipe", "map")
    dead("recipe-step-without-effect", job(effect=None, recipe=[{"params": {}}]), "recipe", "effect")
    dead("recipe-step-effect-twice", job(effect=None, recipe=[Pairs([("effect", "a"), ("effect", "b")])]), "recipe", "twice")
    dead("recipe-step-unknown-field", job(effect=None, recipe=[{"effect": "emoji", "image": b"x"}]), "recipe", "image")
    dead("recipe-step-params-type", job(effect=None, recipe=[{"effect": "emoji", "params": 7}]), "recipe", "map")
    dead("recipe-with-outer-params", job(effect=None, params={"a": 1}, recipe=[{"effect": "emoji"}]), "params", "recipe")
    twice = [{"effect": "idphoto.make", "params": {"size": "one-inch"}}]
    twice += [{"effect": "idphoto.clothes", "params": {"clothes_id": c}} for c in ("a", "b")]
    dead("recipe-kind-twice", job(effect=None, recipe=twice), "recipe", "replace", stage="plan")
    dead("effect-not-in-catalogue", job(effect="emojy"), "effect", "emojy", stage="plan")


def add_bad_images():
    dead("no-image", job(image=None), "image", "generate_id")
    dead("image-empty", job(image=b""), "image", "empty")
    dead("image-as-msgpack-str", job(image=IMAGE_BASE64), "image", "bin")
    dead("image-map-empty", job(image={}), "image", "exactly one")
    dead("image-map-data-and-url", job(image={"data": IMAGE, "url": URL}), "image", "exactly one")
    dead("image-map-url-twice", job(image=Pairs([("url", URL), ("url", URL)])), "image")
    dead("image-map-unknown-field", job(image={"path": "/etc/passwd"}), "image", "path")
    dead("image-map-data-as-str", job(image={"data": IMAGE_BASE64}), "image", "bin")
    dead("image-map-data-empty", job(image={"data": b""}), "image", "empty")
    for name, url in (
        ("without-scheme", "images.example/a.jpg"),
        ("ftp", "ftp://images.example/a.jpg"),
        ("file", "file:///etc/passwd"),
        ("without-host", "https:///a.jpg"),
        ("empty", ""),
        ("with-control-character", "https://images.example/a\r\nHost: b"),
        ("4097-long", "https://images.example/".ljust(4097, "a")),
    ):
        dead(f"image-url-{name}", job(image={"url": url}), "image")
    dead("image-url-type", job(image={"url": 7}), "image", "str")
    dead("image-key-empty", job(image={"key": ""}), "image")
    dead("image-key-1025-long", job(image={"key": "k" * 1025}), "image", "1024")
    for name, value in (
        ("empty", ""),
        ("bad-character", IMAGE_BASE64[:40] + "*" + IMAGE_BASE64[41:]),
        ("url-alphabet", "_-_-" + IMAGE_BASE64[4:]),
        ("one-character-over", "AAAAA"),
        ("padding-inside", "AA==AAAA"),
        ("data-url-not-base64", "data:image/png," + IMAGE_BASE64),
        ("data-url-empty", "data:image/png;base64,"),
        ("not-ascii", "AAA\u00e9"),
    ):
        dead(f"json-base64-{name}", text(json_job(image=value)), "image")
    dead("json-image-map-data-and-key", text(json_job(image={"data": IMAGE_BASE64, "key": "a"})), "image", "exactly one")


# --- elements that are no job ----------------------------------------------------------------


def add_bad_ids():
    for name, value in (
        ("empty", ""),
        ("with-slash", "a/b"),
        ("with-blank", "a b"),
        ("with-colon", "a:b"),
        ("with-newline", "job-1\n"),
        ("with-nul", "job\0x"),
        ("dot-first", ".a"),
        ("65-long", "a" * 65),
        ("int", 7),
        ("bin", b"job-1"),
        ("null", Raw(b"\xc0")),
        ("not-ascii", "j\u00f6b"),
        ("not-utf8", raw_str(b"job\xff")),
    ):
        rejected(f"id-{name}", "msgpack", pack(job(id=value)), "id")
        if not isinstance(value, bytes):
            rejected(f"json-id-{name}", "json", text(json_job(id=value)), "id")
    rejected("id-twice", "msgpack", pack(Pairs([*job().items(), ("id", "job-2")])), "id")
    rejected("json-id-twice", "json", text(json_job())[:-1] + b',"id":"job-1"}', "id")
    rejected("no-id", "msgpack", pack(job(id=None)), "id")
    rejected("json-no-id", "json", text(json_job(id=None)), "id")
    rejected("empty-map", "msgpack", b"\x80", "id")
    rejected("json-empty-map", "json", b"{}", "id")


def add_undecodable():
    whole = pack(job())
    rejected("truncated-in-image", "msgpack", whole[:-1])
    rejected("truncated-after-key", "msgpack", whole[: whole.index(b"image") + 5])
    rejected("truncated-in-header", "msgpack", b"\xde\x00")
    rejected("map-byte-alone", "msgpack", b"\x83")
    rejected("trailing-byte", "msgpack", whole + b"\x00")
    rejected("trailing-map", "msgpack", whole + whole)
    rejected("png-itself", "msgpack", IMAGE)  # begins with 0x89, a map of nine
    rejected("reserved-byte", "msgpack", pack(job(x_a=Raw(b"\xc1"))))
    five = {
        "array32": b"\xdd\xff\xff\xff\xff",
        "map32": b"\xdf\xff\xff\xff\xff",
        "bin32": b"\xc6\xff\xff\xff\xff",
        "str32": b"\xdb\xff\xff\xff\xff",
        "ext32": b"\xc9\xff\xff\xff\xff",
    }
    rejected("huge-map32", "msgpack", five["map32"])
    for kind, header in five.items():
        rejected(f"huge-{kind}-in-image", "msgpack", pack(job(image=Raw(header))))
        rejected(f"huge-{kind}-in-x-field", "msgpack", pack(job(x_a=Raw(header))))
    # Each claims fewer items than memory might hold, but far more than there are bytes.
    rejected("huge-array-of-arrays", "msgpack", pack(job(meta={"a": Raw(b"\xdd\x00\xff\xff\xff" * 8)})))
    rejected("nesting-arrays", "msgpack", pack(job(meta={"n": nested(1000, b"\x91", b"\xc0")})))
    rejected("nesting-arrays-in-x-field", "msgpack", pack(job(x_a=nested(100000, b"\x91", b"\xc0"))))
    rejected("nesting-maps", "msgpack", pack(job(meta=nested(1000, b"\x81\xa1k", b"\xc0"))))
    rejected("nesting-top", "msgpack", b"\x81" * 100000)


def add_undecodable_json():
    whole = text(json_job())
    rejected("json-brace-alone", "json", b"{")
    rejected("json-truncated", "json", whole[:-2])
    rejected("json-trailing-garbage", "json", whole + b"x")
    rejected("json-trailing-object", "json", whole + whole)
    rejected("json-trailing-nul", "json", whole + b"\0")
    rejected("json-trailing-comma", "json", whole[:-1] + b",}")
    rejected("json-comment", "json", whole[:-1] + b"/* */}")
    rejected("json-single-quotes", "json", b"{'id':'job-1'}")
    rejected("json-nan", "json", whole[:-1] + b',"max_attempts":NaN}')
    rejected("json-not-utf8", "json", whole.replace(b"emoji", b"emo\xff"))
    rejected("json-overlong-utf8", "json", whole.replace(b"emoji", b"emo\xc0\xaf"))
    rejected("json-lone-surrogate", "json", whole.replace(b"emoji", b"emo\\ud800"))
    rejected("json-control-character", "json", whole.replace(b"emoji", b"emo\nji"))
    arrays, maps = nested(100000, b"[", b"", b"]"), nested(1000, b'{"k":', b"1", b"}")
    rejected("json-nesting-arrays", "json", whole[:-1] + b',"x-a":' + arrays + b"}")
    rejected("json-nesting-maps", "json", whole[:-1] + b',"meta":' + maps + b"}")
    rejected("json-nesting-open", "json", b'{"a":' * 50000)


def add_junk():
    for name, data in (
        ("empty", b""),
        ("json-bom", b"\xef\xbb\xbf" + text(json_job())),
        ("json-blank-first", b" " + text(json_job())),
        ("json-newline-first", b"\n" + text(json_job())),
        ("json-array", text([json_job()])),
        ("json-string", b'"job-1"'),
        ("msgpack-array", pack([job()])),
        ("msgpack-str", pack("job-1")),
        ("msgpack-nil", b"\xc0"),
        ("msgpack-int", b"\x05"),
        ("msgpack-bin", pack(pack(job()))),
        ("msgpack-huge-array32", b"\xdd\xff\xff\xff\xff"),
        ("msgpack-huge-bin32", b"\xc6\xff\xff\xff\xff"),
        ("msgpack-huge-str32", b"\xdb\xff\xff\xff\xff"),
        ("msgpack-huge-ext32", b"\xc9\xff\xff\xff\xff"),
        ("msgpack-nesting", b"\x91" * 100000),
        ("id-with-slash", b"a/b"),
        ("id-with-newline", b"job-1\n"),
        ("id-dash-first", b"-job"),
        ("id-65-long", b"a" * 65),
        ("jpeg", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"),
    ):
        rejected(f"junk-{name}", "raw", data, element="junk")


# --- files -----------------------------------------------------------------------------------


def build() -> dict:
    add_good()
    add_good_json()
    add_bare_ids()
    add_wrong_types()
    add_out_of_range()
    add_bad_maps()
    add_bad_effects()
    add_bad_images()
    add_bad_ids()
    add_undecodable()
    add_undecodable_json()
    add_junk()
    lines = ",\n".join("  " + json.dumps(row, ensure_ascii=True) for row in rows)
    index = '{"image": "image.png", "vectors": [\n' + lines + "\n]}\n"
    return {"index.json": index.encode(), "image.png": IMAGE, **files}


def check(wanted: dict) -> int:
    there = {str(path.relative_to(HERE)): path.read_bytes() for path in (HERE / "elements").iterdir()}
    there.update((name, (HERE / name).read_bytes()) for name in ("index.json", "image.png"))
    wrong = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
    for name in wrong:
        print(f"not as make.py writes it: {name}")
    print(f"{len(wanted) - 2} vectors, {len(wrong)} files differ")
    return 1 if wrong else 0


def write(wanted: dict):
    (HERE / "elements").mkdir(exist_ok=True)
    for path in (HERE / "elements").iterdir():
        path.unlink()
    for name, data in wanted.items():
        (HERE / name).write_bytes(data)
    print(f"{len(wanted) - 2} vectors written")


def main() -> int:
    wanted = build()
    if sys.argv[1:] == ["--check"]:
        return check(wanted)
    if sys.argv[1:]:
        print(__doc__)
        return 2
    write(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
