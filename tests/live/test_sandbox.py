"""The sandbox keeps to the vendor's document and fails as it is told to."""

import base64
import hashlib
import http.client
import io
import json
import re
import socket
import struct
import subprocess
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image, ImageChops

from sandbox import PHOTOS, Sandbox, build_dir

EMOJI = "/v1/EmojMaterialH5"
FILTER = "/v1/filter"
PHOTO = (PHOTOS / "portrait.jpg").read_bytes()
PNG = (PHOTOS / "portrait-small.png").read_bytes()
KEYS = "?api_key=k&api_secret=s"
JSON = {"Content-Type": "application/json"}


def photo_of(width, height, form="JPEG", **options):
    out = io.BytesIO()
    Image.new("RGB", (width, height), (200, 120, 40)).save(out, form, **options)
    return out.getvalue()


def body_of(photo=PHOTO, **parameter):
    data = base64.b64encode(photo).decode()
    return {"parameter": {"rsp_media_type": "jpg", **parameter}, "extra": {},
            "media_info_list": [{"media_data": data,
                                 "media_profiles": {"media_data_type": "jpg"}}]}


def post(sandbox, body=None, path=EMOJI, query=KEYS, headers=JSON):
    """Status, headers, bytes of the answer."""
    body = body_of() if body is None else body
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=60)
    try:
        connection.request("POST", path + query, data, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def get(sandbox, target, timeout=60):
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=timeout)
    try:
        connection.request("GET", target)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def picture_of(answer):
    return base64.b64decode(json.loads(answer)["media_info_list"][0]["media_data"], validate=True)


def raw_answer(sandbox, body=None, timeout=60):
    """Every byte of the answer until the connection ends."""
    data = json.dumps(body_of() if body is None else body).encode()
    head = (f"POST {EMOJI}{KEYS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(data)}\r\nConnection: close\r\n\r\n").encode()
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=timeout) as peer:
        peer.sendall(head + data)
        got = b""
        while piece := peer.recv(1 << 16):
            got += piece
        return got


def wait_for(sandbox, condition):
    """Reads the list of calls until the condition holds; the test's time-out is the limit."""
    while not condition(log := sandbox.log()):
        pass
    return log


# --- what it does ---

@pytest.mark.parametrize("photo", [PHOTO, PNG], ids=["jpg", "png"])
def test_photo_becomes_a_changed_picture_of_the_same_size(sandbox, photo):
    status, headers, answer = post(sandbox, body_of(photo, version="1.0.0"))
    assert status == 200
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    document = json.loads(answer)
    assert document["parameter"].pop("time") > 0
    assert document["parameter"] == {"version": "1.0.0", "rsp_media_type": "jpg"}
    assert document["media_info_list"][0]["media_profiles"] == {"media_data_type": "jpg"}
    before = Image.open(io.BytesIO(photo)).convert("RGB")
    after = Image.open(io.BytesIO(picture_of(answer)))
    after.load()
    assert after.format == "JPEG"
    assert after.size == before.size
    changed = ImageChops.difference(before, after).convert("L").histogram()
    assert sum(changed[16:]) > 0.2 * before.width * before.height


def test_same_photo_gives_the_same_picture_in_every_process(sandbox):
    first = picture_of(post(sandbox)[2])
    with Sandbox() as other:
        assert picture_of(post(other)[2]) == first


def test_filter_tints_and_alpha_zero_leaves_the_picture(sandbox):
    before = Image.open(io.BytesIO(PHOTO)).convert("RGB")
    answers = {alpha: picture_of(post(sandbox, body_of(alpha=alpha), FILTER)[2])
               for alpha in (0, 100)}
    reds = {alpha: sum(Image.open(io.BytesIO(answer)).getchannel("R").getdata())
            - sum(Image.open(io.BytesIO(answer)).getchannel("B").getdata())
            for alpha, answer in answers.items()}
    was = sum(before.getchannel("R").getdata()) - sum(before.getchannel("B").getdata())
    assert abs(reds[0] - was) < 2 * before.width * before.height
    assert reds[100] - was > 20 * before.width * before.height


@pytest.mark.parametrize("size", [(48, 48), (4096, 48), (48, 4096), (4096, 4096)])
def test_sizes_at_the_limits_are_accepted(sandbox, size):
    status, _, answer = post(sandbox, body_of(photo_of(*size)))
    assert status == 200
    assert Image.open(io.BytesIO(picture_of(answer))).size == size


# --- what it refuses ---

def without(field):
    body = body_of()
    del body[field]
    return body


def with_media(**change):
    body = body_of()
    item = body["media_info_list"][0]
    item.update(change)
    for key in [key for key, value in item.items() if value is ...]:
        del item[key]
    return body


REFUSED = [
    ("not JSON", b"{", 21101),
    ("a list", [], 21101),
    ("no parameter", without("parameter"), 21102),
    ("no media_info_list", without("media_info_list"), 21102),
    ("parameter a list", {**body_of(), "parameter": []}, 21103),
    ("no rsp_media_type", {**body_of(), "parameter": {}}, 21102),
    ("rsp_media_type unknown", body_of(rsp_media_type="gif"), 21104),
    ("rsp_media_type a number", body_of(rsp_media_type=1), 21103),
    ("version a number", body_of(version=1), 21103),
    ("extra a list", {**body_of(), "extra": []}, 21103),
    ("media_info_list an object", {**body_of(), "media_info_list": {}}, 21103),
    ("media_info_list empty", {**body_of(), "media_info_list": []}, 21104),
    ("item a text", {**body_of(), "media_info_list": ["x"]}, 21103),
    ("no media_data", with_media(media_data=...), 21102),
    ("media_data a number", with_media(media_data=7), 21103),
    ("no media_profiles", with_media(media_profiles=...), 21102),
    ("media_profiles a list", with_media(media_profiles=[]), 21103),
    ("media_data_type unknown", with_media(media_profiles={"media_data_type": "png"}), 21104),
    ("media_data empty", with_media(media_data=""), 21105),
    ("base64 with a line end", with_media(media_data="QUJD\nQUJ"), 21105),
    ("base64 padded inside", with_media(media_data="QU=DQUJD"), 21105),
    ("a data URL", with_media(media_data="data:image/jpeg;base64,QUJD"), 21105),
    ("a GIF", body_of(photo_of(64, 64, "GIF")), 10025),
    ("a cut JPEG header", body_of(PHOTO[:20]), 10025),
    ("a cut PNG", body_of(PNG[:2000]), 10026),
    ("47 px wide", body_of(photo_of(47, 64)), 20007),
    ("4097 px high", body_of(photo_of(64, 4097)), 20008),
    ("one byte over 2 MB", body_of(PHOTO + bytes(2 * 1024 * 1024 + 1 - len(PHOTO))), 22203),
    ("a name like loopback", with_media(media_data="http://127.0.0.1.invalid/a.jpg",
                                        media_profiles={"media_data_type": "url"}), 10003),
    ("a foreign URL", with_media(media_data="http://192.0.2.1/a.jpg",
                                 media_profiles={"media_data_type": "url"}), 10003),
]


@pytest.mark.parametrize("body, code", [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refuses_what_the_document_rules_out(sandbox, body, code):
    status, headers, answer = post(sandbox, body)
    document = json.loads(answer)
    assert (status, document["ErrorCode"]) == (400, code), document
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert document["ErrorMsg"]
    assert sandbox.billed() == 0


def test_two_megabytes_exactly_are_accepted(sandbox):
    assert post(sandbox, body_of(PHOTO + bytes(2 * 1024 * 1024 - len(PHOTO))))[0] == 200


def test_missing_optional_fields_are_accepted(sandbox):
    body = without("extra")
    body["media_info_list"][0]["media_profiles"] = {}
    assert post(sandbox, body)[0] == 200


def test_refuses_other_content_types_routes_and_methods(sandbox):
    assert post(sandbox, headers={"Content-Type": "text/plain"})[0] == 400
    assert post(sandbox, headers={"Content-Type": "application/json; charset=utf-8"})[0] == 200
    assert post(sandbox, path="/v1/nothing")[0] == 404
    assert get(sandbox, EMOJI)[0] == 405


def test_keys_are_checked_and_never_shown():
    with Sandbox("--api-key", "the-key", "--api-secret", "the-secret") as sandbox:
        for query, status in (("", 401), ("?api_key=the-key", 401),
                              ("?api_key=the-key&api_secret=x", 401),
                              ("?api_key=the-key&api_secret=the%2Dsecret", 200)):
            assert post(sandbox, query=query)[0] == status
        text = json.dumps(sandbox.log())
        assert "the-key" not in text and "the-secret" not in text
        assert sandbox.calls()[0]["code"] == 90002
        assert sandbox.calls()[1]["key_digest"] == hashlib.sha256(b"the-key").hexdigest()[:12]


def test_body_over_its_limit_is_refused():
    with Sandbox("--max-body", "1") as sandbox:
        status, _, answer = post(sandbox, body_of(PHOTO + bytes(1 << 20)))
        assert (status, json.loads(answer)["ErrorCode"]) == (413, 22203)


def test_calls_over_the_rate_are_throttled():
    with Sandbox("--qps", "2") as sandbox:
        answers = [post(sandbox, b"{}", query="")[::2] for _ in range(50)]
        refused = [json.loads(body)["ErrorCode"] for status, body in answers if status == 429]
        assert refused and set(refused) == {90024}
        let_through = [call["at_ms"] for call in sandbox.calls() if call["status"] != 429]
        assert len(let_through) >= 2
        for first, third in zip(let_through, let_through[2:]):
            assert third - first >= 990


# --- links ---

def link_of(answer):
    text = answer.decode()
    assert "\\u0026" in text
    url = json.loads(answer)["media_info_list"][0]["media_data"]
    assert "+" in url.partition("?")[2]
    return "/" + url.split("/", 3)[3]


def test_link_opens_only_with_its_plus_escaped(sandbox):
    target = link_of(post(sandbox, body_of(rsp_media_type="url"))[2])
    assert get(sandbox, target)[0] == 403
    status, picture = get(sandbox, target.replace("+", "%2B"))
    assert status == 200
    assert hashlib.sha256(picture).hexdigest() == sandbox.calls()[0]["result_sha256"]


def test_link_of_a_result_can_be_an_input(sandbox):
    target = link_of(post(sandbox, body_of(rsp_media_type="url"))[2]).replace("+", "%2B")
    body = with_media(media_data=sandbox.url + target, media_profiles={"media_data_type": "url"})
    assert post(sandbox, body, FILTER)[0] == 200
    body = with_media(media_data=sandbox.url + "/nothing",
                      media_profiles={"media_data_type": "url"})
    assert json.loads(post(sandbox, body)[2])["ErrorCode"] == 10003


def test_scripted_links_answer_as_told(sandbox):
    sandbox.faults({"kind": "result_url_status", "status": 503, "times": 1},
                   {"kind": "result_url_html", "times": 1})
    assert get(sandbox, link_of(post(sandbox)[2]).replace("+", "%2B"))[0] == 503
    status, page = get(sandbox, link_of(post(sandbox)[2]).replace("+", "%2B"))
    assert status == 200 and page.startswith(b"<html>")


@pytest.mark.parametrize("kind, error", [
    ("reset_after_body", ConnectionResetError),
    ("truncate", http.client.IncompleteRead),
    ("never", TimeoutError),
])
def test_links_meet_faults_with_their_path(sandbox, kind, error):
    target = link_of(post(sandbox, body_of(rsp_media_type="url"))[2]).replace("+", "%2B")
    sandbox.faults({"kind": kind, "path": "/_sandbox/result/*"})
    with pytest.raises(error):
        get(sandbox, target, timeout=0.3 if kind == "never" else 60)
    assert sandbox.log()["count"] == 1
    sandbox.clear_faults()
    assert get(sandbox, target)[0] == 200


# --- the list of calls ---

def test_calls_say_what_was_asked(sandbox):
    headers = {**JSON, "X-Request-Id": "r-1", "traceparent": "00-abc-def-01"}
    answer = post(sandbox, body_of(version="1.0.0"), headers=headers)[2]
    log = sandbox.log()
    call = log["calls"][0]
    assert (log["count"], log["in_flight"], log["in_flight_max"]) == (1, 0, 1)
    assert call["n"] == 1 and call["end_ms"] >= call["at_ms"] > 0
    assert (call["path"], call["status"], call["code"]) == (EMOJI, 200, 0)
    assert call["image_sha256"] == hashlib.sha256(PHOTO).hexdigest()
    assert call["result_sha256"] == hashlib.sha256(picture_of(answer)).hexdigest()
    assert call["billed"] and call["answered"] and call["body_received"]
    assert (call["request_id"], call["traceparent"]) == ("r-1", "00-abc-def-01")
    assert call["parameter"] == {"rsp_media_type": "jpg", "version": "1.0.0"}


def test_calls_are_paged_and_forgotten(sandbox):
    for _ in range(5):
        post(sandbox, b"{}")
    assert [call["n"] for call in sandbox.calls(since=3)] == [4, 5]
    page = sandbox.request("GET", "/_sandbox/calls?since=1&limit=2")
    assert [call["n"] for call in page["calls"]] == [2, 3] and page["count"] == 5
    sandbox.reset()
    assert sandbox.log() == {"count": 0, "in_flight": 0, "in_flight_max": 0, "calls": []}


# --- faults ---

@pytest.mark.parametrize("shape, expected", [
    ("ErrorCode", {"ErrorCode": 10002, "ErrorMsg": "m"}),
    ("error_code", {"error_code": 10002, "error_msg": "m"}),
    ("code", {"code": 10002, "message": "m"}),
    ("code_text", {"code": "10002", "msg": "m"}),
    ("nested", {"data": {"result": {"error_code": 10002, "error_msg": "m"}}}),
])
def test_status_fault_comes_in_every_shape(sandbox, shape, expected):
    sandbox.faults({"kind": "status", "status": 599, "code": 10002, "message": "m",
                    "shape": shape, "headers": {"Retry-After": "7"}})
    status, headers, answer = post(sandbox)
    assert (status, json.loads(answer), headers["Retry-After"]) == (599, expected, "7")
    call = sandbox.calls()[0]
    assert (call["fault"], call["billed"], call["status"], call["code"]) == (
        "status", False, 599, 10002)


def test_status_fault_takes_a_raw_body(sandbox):
    sandbox.faults({"kind": "status", "status": 415, "body": "no right package",
                    "content_type": "text/plain"})
    status, headers, answer = post(sandbox)
    assert (status, headers["Content-Type"], answer) == (415, "text/plain", b"no right package")


def test_times_after_and_path_choose_the_calls(sandbox):
    sandbox.faults({"kind": "status", "status": 500, "after": 1, "times": 2, "path": "/v1/Emoj*"})
    assert post(sandbox, path=FILTER)[0] == 200
    assert [post(sandbox)[0] for _ in range(5)] == [200, 500, 500, 200, 200]
    assert sandbox.fault_counts()[0]["seen"] == 5 and sandbox.fault_counts()[0]["fired"] == 2


def test_rate_follows_the_seed():
    def run(seed):
        with Sandbox("--seed", seed) as sandbox:
            sandbox.faults({"kind": "status", "status": 500, "rate": 0.5})
            return [post(sandbox, b"{}")[0] for _ in range(40)]
    first = run(7)
    assert first == run(7) != run(8)
    assert 5 < first.count(500) < 35


def test_faults_are_replaced_shown_and_cleared(sandbox):
    sandbox.request("POST", "/_sandbox/faults", [{"kind": "empty"}, {"kind": "html"}])
    assert [row["rule"]["kind"] for row in sandbox.fault_counts()] == ["empty", "html"]
    sandbox.request("POST", "/_sandbox/faults", {"kind": "never"})
    assert [row["rule"]["kind"] for row in sandbox.fault_counts()] == ["never"]
    for wrong in ({"kind": "nothing"}, {"kind": "status", "stauts": 1}, {"faults": 1},
                  {"kind": "status", "rate": 2}, {"kind": "status", "status": "500"}):
        with pytest.raises(ValueError):
            sandbox.request("POST", "/_sandbox/faults", wrong)
    assert [row["rule"]["kind"] for row in sandbox.fault_counts()] == ["never"]
    sandbox.clear_faults()
    assert sandbox.fault_counts() == []


def test_latency_delays_and_is_billed(sandbox):
    sandbox.faults({"kind": "latency", "latency_ms": 150})
    assert post(sandbox)[0] == 200
    call = sandbox.calls()[0]
    assert call["end_ms"] - call["at_ms"] >= 149 and call["billed"]


@pytest.mark.parametrize("kind, received, billed", [
    ("reset_before_body", False, False),
    ("reset_mid_body", False, False),
    ("reset_after_body", True, True),
])
def test_resets_are_resets(sandbox, kind, received, billed):
    sandbox.faults({"kind": kind, "times": 1})
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        raw_answer(sandbox, body_of(PHOTO + bytes(1 << 20)))
    call = sandbox.calls()[0]
    assert (call["fault"], call["answered"]) == (kind, False)
    assert (call["body_received"], call["billed"]) == (received, billed)
    assert post(sandbox)[0] == 200


def test_truncated_answer_ends_before_its_length(sandbox):
    sandbox.faults({"kind": "truncate"})
    head, _, body = raw_answer(sandbox).partition(b"\r\n\r\n")
    claimed = int(re.search(rb"Content-Length: (\d+)", head)[1])
    assert len(body) == claimed // 2
    call = sandbox.calls()[0]
    assert call["billed"] and not call["answered"]


def test_wrong_length_claims_less_than_comes(sandbox):
    sandbox.faults({"kind": "wrong_length"})
    head, _, body = raw_answer(sandbox).partition(b"\r\n\r\n")
    claims = re.findall(rb"Content-Length: (\d+)", head)
    assert len(claims) == 1 and int(claims[0]) == len(body) // 2


def test_unreadable_answers(sandbox):
    sandbox.faults({"kind": "not_json", "times": 1}, {"kind": "empty", "times": 1},
                   {"kind": "wrong_types", "times": 1}, {"kind": "html", "times": 1})
    status, _, answer = post(sandbox)
    assert status == 200
    with pytest.raises(ValueError):
        json.loads(answer)
    assert post(sandbox)[::2] == (200, b"")
    document = json.loads(post(sandbox)[2])
    assert not isinstance(document["media_info_list"], list)
    status, headers, answer = post(sandbox)
    assert (status, headers["Content-Type"]) == (502, "text/html") and answer.startswith(b"<html>")
    assert [call["billed"] for call in sandbox.calls()] == [True, True, True, False]


def test_held_answers_go_when_the_fault_is_lifted(sandbox):
    sandbox.faults({"kind": "hold", "times": 2})
    with ThreadPoolExecutor() as threads:
        held = [threads.submit(post, sandbox) for _ in range(2)]
        wait_for(sandbox, lambda log: log["in_flight"] == 2)
        assert post(sandbox)[0] == 200
        assert not any(answer.done() for answer in held)
        sandbox.clear_faults()
        assert [answer.result()[0] for answer in held] == [200, 200]
    assert sandbox.billed() == 3


def test_never_ends_with_the_client_or_the_sandbox():
    sandbox = Sandbox().start()
    try:
        sandbox.faults({"kind": "never"})
        with pytest.raises(TimeoutError):
            raw_answer(sandbox, timeout=0.2)
        log = wait_for(sandbox, lambda log: log["in_flight"] == 0)
        assert log["calls"][0]["billed"] and not log["calls"][0]["answered"]
        peer = threading.Thread(target=raw_answer, args=(sandbox,))
        peer.start()
        wait_for(sandbox, lambda log: log["in_flight"] == 1 and log["calls"][1]["billed"])
    finally:
        assert sandbox.stop() == 0
    peer.join()


def test_client_that_left_is_not_answered():
    with Sandbox("--latency-ms", "200") as sandbox:
        with pytest.raises(TimeoutError):
            raw_answer(sandbox, timeout=0.05)
        log = wait_for(sandbox, lambda log: log["in_flight"] == 0)
        assert log["calls"][0]["billed"] and not log["calls"][0]["answered"]


def test_slow_answer_and_slow_read_come_whole(sandbox):
    small = body_of(photo_of(64, 64))
    plain = picture_of(post(sandbox, small)[2])
    for kind in ("slow_answer", "slow_read"):
        sandbox.faults({"kind": kind, "bytes_per_second": 4000})
        assert picture_of(post(sandbox, small)[2]) == plain
        call = sandbox.calls()[-1]
        assert call["answered"] and call["end_ms"] - call["at_ms"] > 100


def test_huge_answer_is_made_as_it_goes(sandbox):
    sandbox.faults({"kind": "huge", "bytes": 50_000_000})
    status, headers, answer = post(sandbox)
    assert (status, int(headers["Content-Length"]), len(answer)) == (200, 50_000_000, 50_000_000)


@pytest.mark.parametrize("zeros", [259, 2323, 5000, 20_000_001])
def test_gzip_bomb_expands_to_zeros(sandbox, zeros):
    sandbox.faults({"kind": "gzip_bomb", "bytes": zeros})
    _, headers, answer = post(sandbox)
    assert headers["Content-Encoding"] == "gzip"
    assert zlib.decompress(answer, wbits=31) == bytes(zeros)


def test_redirect_has_no_end(sandbox):
    sandbox.faults({"kind": "redirect"})
    status, headers, _ = post(sandbox)
    for _ in range(30):
        assert status == 302
        connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=60)
        connection.request("GET", headers["Location"])
        answer = connection.getresponse()
        status, headers = answer.status, answer.headers
        answer.read()
        connection.close()


def test_answer_as_another_form(sandbox):
    sandbox.faults({"kind": "answer_as", "form": "url", "times": 1},
                   {"kind": "answer_as", "form": "png", "times": 1},
                   {"kind": "answer_as", "form": "base64", "times": 1})
    link_of(post(sandbox)[2])
    assert Image.open(io.BytesIO(picture_of(post(sandbox)[2]))).format == "PNG"
    assert picture_of(post(sandbox, body_of(rsp_media_type="url"))[2])[:2] == b"\xff\xd8"


# --- the program ---

def test_many_calls_at_once_overlap():
    with Sandbox("--latency-ms", "300:400") as sandbox:
        data = json.dumps(body_of()).encode()
        head = (f"POST {EMOJI}{KEYS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(data)}\r\n\r\n").encode()
        peers = [socket.create_connection(("127.0.0.1", sandbox.port)) for _ in range(200)]
        for peer in peers:
            peer.sendall(head + data)
        for peer in peers:
            assert peer.recv(12) == b"HTTP/1.1 200"
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.close()
        assert sandbox.log()["in_flight_max"] > 1


def run(*flags):
    program = build_dir() / "tools" / "sandbox" / "retouch-sandbox"
    return subprocess.run([str(program), *flags], capture_output=True, text=True, timeout=60)


def test_wrong_flags_and_a_taken_port_are_told(sandbox):
    assert "--latency-ms" in run("--help").stdout
    for flags in (["--listen", "nowhere"], ["--latency-ms", "5:2"], ["--nothing"],
                  ["--api-key", "k"]):
        outcome = run(*flags)
        assert outcome.returncode == 2 and outcome.stderr
    taken = run("--listen", f"127.0.0.1:{sandbox.port}")
    assert taken.returncode == 1 and "cannot listen" in taken.stderr
