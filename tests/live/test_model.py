"""The queue's scripts keep their promises in whatever order things happen (see tests/lib/model.py).

RETOUCH_MODEL_SEED and RETOUCH_MODEL_SECONDS: where to begin and how long to go on.
"""
import os
import time
from collections import Counter

import pytest

from model import FLOW, history, shortest, story
from model_scripts import START_MS, Scripts, key, scripts_listed
from model_worker import SCRIPT_ORDER, claim, inbox
from redis_server import RedisServer

SEED = int(os.environ.get("RETOUCH_MODEL_SEED", "1"))
SECONDS = float(os.environ.get("RETOUCH_MODEL_SECONDS", "20"))
BUDGET = 400        # histories until a mutation must have been found; the hardest takes some 90

# Script, what is taken out of it, what stands there instead, and the faults that bring it to light.
MUTATIONS = {
    "commit without its fence": (
        "commit", "if was[2] ~= fence or", "if false or",
        "stop"),
    "commit drops a success of a job that waits again": (
        "commit", "or (state ~= 'running' and action == 'done')", "",
        "stop break cancel"),
    "commit counts the attempt of a late success twice": (
        "commit", "if answer ~= 'late' then", "if true then",
        "stop break cancel"),
    "commit overwrites what is terminal": (
        "commit", "if not state or TERMINAL[state] then", "if not state then",
        "stop cancel"),
    "commit forgets the event": (
        "commit", "event(events, id, action, effect, now)", "",
        "stop break cancel"),
    "sent does not look whose the job is": (
        "sent", "or was[1] ~= 'running' or was[2] ~= fence then", "then",
        "stop cancel"),
    "sent leaves its entry behind": (
        "sent", "if entry and string.sub(entry, 1, #run) == run then", "if false then",
        "stop cancel"),
    "sent does not count": (
        "sent", "redis.call('HINCRBY', job, 'sent', 1)", "",
        "stop cancel"),
    "begin takes any envelope of the same length": (
        "begin", "(at == 0 or", "(true or",
        "pause break"),
    "begin drops what does not fit": (
        "begin", "if element then redis.call('RPUSH', claim, element) end", "",
        "pause break"),
    "begin takes a repeated question for a new one": (
        "begin", "if was_sequence == sequence then", "if false then",
        "pause break"),
    "reject takes any element of the same length": (
        "reject", "or string.sub(element, 1, #ARGV[4]) ~= ARGV[4] or", "or false and",
        "pause junk"),
    "reap turns the order round": (
        "reap", "redis.call('RPUSH', inbox_of(inboxes, was[4]), id)",
        "redis.call('LPUSH', inbox_of(inboxes, was[4]), id)",
        "kill"),
    "reap forgets that a request was out": (
        "reap", "if calls ~= '0' then", "if false then",
        "kill"),
    "promote touches a key that it did not declare": (
        "promote", "local job = KEYS[5 + i]", "local job = KEYS[5 + i] .. ':'",
        "kill"),
    "unclaim turns the order round": (
        "unclaim", "'LEFT', 'RIGHT'", "'LEFT', 'LEFT'",
        "break"),
}


# What a worker must do beside asking the scripts, and what shows that it must.
CARELESS = {
    "no_call_on_a_lapsed_lease": ("stop", {"trouble": 1}),
    "no_claim_on_a_lapsed_lease": ("stop leap kill", {"trouble": 2}),
    "second_look_after_a_lost_claim": ("drain late break", {"trouble": 20, "jobs": 20}),
}
assert set(CARELESS) == set(FLOW)


@pytest.fixture(scope="module")
def redis():
    with RedisServer(options=["--appendonly", "no"]) as server:
        yield server.client()


def test_the_promises_hold_in_random_histories(redis):
    seen, until, seed = Counter(), time.monotonic() + SECONDS, SEED
    while time.monotonic() < until or seed == SEED:
        world, violation = history(redis, seed)
        if violation is not None:
            like_it = story(*shortest(redis, violation, world, 300))
            pytest.fail(f"{violation}\nfound with RETOUCH_MODEL_SEED={seed}; the shortest like it:\n"
                        f"{like_it}", pytrace=False)
        seen += world.seen
        seed += 1
    print(f"{seed - SEED} histories from seed {SEED} on; {dict(seen)}")
    if seed - SEED >= 150:
        for rare in [("commit", "late"), ("commit", "repeated"), ("begin", "mismatch"),
                     ("begin", "lost"), ("reap", "0"), ("sent", "0")]:
            assert seen[rare] > 0, f"no history met {rare}: the model has become too tame"


@pytest.mark.parametrize("name", MUTATIONS)
def test_the_model_sees_a_broken_script(redis, name):
    script, old, new, faults = MUTATIONS[name]
    for seed in range(1, BUDGET):
        _, violation = history(redis, seed, faults=faults.split(), mutations={script: [(old, new)]})
        if violation is not None:
            return
    pytest.fail(f"{BUDGET} histories have not shown that: {name}")


@pytest.mark.parametrize("rule", CARELESS)
def test_the_model_sees_a_careless_worker(redis, rule):
    faults, options = CARELESS[rule]
    flow = [each for each in FLOW if each != rule]
    for seed in range(1, BUDGET):
        _, violation = history(redis, seed, faults=faults.split(), flow=flow, **options)
        if violation is not None:
            return
    pytest.fail(f"{BUDGET} histories have not shown that {rule} is needed")


def test_a_second_reaper_leaves_the_second_look_on_record(redis):
    redis.flushall()
    scripts, now = Scripts(redis), START_MS
    claims, inboxes = [claim("w", p) for p in SCRIPT_ORDER], [*map(inbox, SCRIPT_ORDER)]
    keys = [key("workers"), key("worker", "w"), key("active", "w"), *claims, *inboxes, key("events"),
            key("stats"), key("stats", "0")]
    redis.zadd(key("workers"), {"w": now - 1})
    assert scripts.call("reap", keys, ["w"], now) == [1, 0]
    assert scripts.call("reap", keys, ["w"], now) == [1, 0]
    redis.lpush(claims[0], "late")
    [(look, due)] = redis.zrange(key("workers"), 0, -1, withscores=True)
    assert look == b"~w"
    assert scripts.call("reap", keys, ["w"], int(due)) == [1, 0]
    assert redis.lrange(inboxes[0], 0, -1) == [b"late"]
    assert redis.zcard(key("workers")) == 0


def test_every_script_of_the_list_is_there_and_compiles(redis):
    scripts = Scripts(redis)
    assert sorted(scripts.names()) == sorted(scripts_listed())
