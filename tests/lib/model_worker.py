"""A simulated worker: what src/worker does with the scripts, as generators that stop at each command.

A generator yields Ask (a command on one of the worker's connections: sent now, executed some time
later, answered later still), Wait (for admission), Stall (until commands can be repeated) or Call (of
the API). It is resumed with the answer, or Lost is thrown into it: the connection ended and nobody
knows whether the command was executed. The names follow src/worker: slot, feed, keeper, sweeper, drain.
"""
import json
import re
from collections import deque

from model_scripts import key

PRIORITIES = ("high", "normal", "low")
SCRIPT_ORDER = ("normal", "high", "low")
PAGE = 2            # SWEEP_REAP_JOBS, small enough that reaping takes several pages
SAMPLE = 64         # bytes of an element that is no job, at either end, to know it again
SWEEP_WORKERS = 4
SWEEP_JOBS = 3
ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


class Lost(Exception):
    """The connection ended before the answer."""


class Ask:
    def __init__(self, conn, name, keys=(), args=()):
        self.conn, self.name, self.keys, self.args = conn, name, list(keys), list(args)
        self.task = None

    def __str__(self):
        texts = [a.decode("latin1") if isinstance(a, bytes) else str(a) for a in self.args]
        return f"{self.name} " + " ".join(t if len(t) < 70 else t[:67] + "..." for t in texts if t)


class Wait:
    """For admission: resumed with True, or False where the worker drains."""


class Stall:
    """Until the command can be asked again."""


class Call:
    def __init__(self, slot):
        self.slot, self.task, self.fate, self.answer = slot, None, None, None


class Conn:
    """Commands are executed in order (out), answers arrive in order (back)."""

    def __init__(self, worker, name):
        self.worker, self.name, self.up = worker, name, True
        self.out, self.back = deque(), deque()


def inbox(priority):
    return key("jobs") if priority == "normal" else key("jobs", priority)


def claim(worker, priority):
    return key("claim", worker) if priority == "normal" else key("claim", worker, priority)


def stats_keys(world):
    return [key("stats"), key("stats", world.minute())]


class Feed:
    def __init__(self, worker, priority):
        self.priority, self.conn = priority, Conn(worker, "claim:" + priority)
        self.state, self.asked, self.unbegun, self.returning = "return", 0, 0, False
        self.doubtful = False       # a claim had no answer: it may be carried out yet
        self.claimer = worker.id    # the worker's id, or an older one that has elements to go back

    def give_back(self):
        if self.state != "down":
            self.state = "return"


class Slot:
    """One job, from its element to its commit: slot.c."""

    def __init__(self, worker, feed):
        self.worker, self.feed, self.worker_id = worker, feed, worker.id
        self.sequence, self.length, self.id, self.envelope = 0, 0, None, None
        self.fence = self.attempts = self.unknowns = None
        self.stalled = self.waiting = None      # the task that is

    def lost_safe(self, ask):
        """Asks until there is an answer."""
        while True:
            try:
                return (yield ask())
            except Lost:
                yield Stall()

    def run(self):
        feed, worker = self.feed, self.worker
        feed.asked += 1
        try:
            element = yield Ask(feed.conn, "LMOVE", [inbox(feed.priority),
                                                     claim(feed.claimer, feed.priority)],
                                ["RIGHT", "LEFT"])
        except Lost:
            feed.asked -= 1
            feed.doubtful = True
            if feed.state == "ready":
                feed.give_back()
            return
        feed.asked -= 1
        if element is None or feed.state != "ready":
            return      # nothing, or it goes back with the rest of the claim list
        worker.sequence += 1
        self.sequence = worker.sequence
        feed.unbegun += 1
        if self.read_element(element):
            yield from self.run_job()
        else:
            yield from self.run_reject(element)

    def read_element(self, element):
        if ID.match(element):
            self.id, self.length = element.decode(), 0
            return True
        self.length = len(element)
        if element[:1] == b"{":
            self.envelope = json.loads(element)
            self.id = self.envelope["id"]
            self.id_offset = element.index(self.id.encode())
        return self.id is not None

    def run_reject(self, element):
        feed, world = self.feed, self.worker.world
        head = world.rejected_head("junk", len(element))
        answer = yield from self.lost_safe(lambda: Ask(
            self.worker.bulk, "reject",
            [claim(self.worker_id, feed.priority), key("rejected"), *stats_keys(world),
             key("workers")],
            [self.worker_id, len(element), head, element[:SAMPLE], element[-SAMPLE:]]))
        feed.unbegun -= 1
        if answer != 1:
            feed.give_back()

    def begin(self):
        feed, world = self.feed, self.worker.world
        head = b"" if self.length else world.rejected_head("missing", len(self.id))
        raw = self.envelope if self.length else None
        return Ask(self.worker.bulk, "begin",
                   [claim(self.worker_id, feed.priority), key("job", self.id), key("env", self.id),
                    key("active", self.worker_id), key("workers"), key("paused"), key("rejected"),
                    key("events"), *stats_keys(world)],
                   [self.worker_id, self.id, self.sequence, self.length,
                    raw["effect"] if raw else "", 1 if raw else 0,
                    "" if feed.priority == "normal" else feed.priority, head, 604800000,
                    raw["reply_to"] if raw else "", 1 + self.id_offset if raw else 0])

    def run_job(self):
        worker, feed = self.worker, self.feed
        answer = yield from self.lost_safe(self.begin)
        feed.unbegun -= 1
        what = answer[0].decode()
        if what == "paused":
            worker.paused = True
        if what == "lost" and self.worker_id == worker.id:
            worker.lose_lease()
        if what in ("paused", "lost", "mismatch"):
            feed.give_back()
        if what != "ok":
            return
        self.fence, self.attempts, _, self.unknowns = answer[2:6]
        if self.length == 0:
            # Gone where it was canceled between the question and its repetition.
            self.envelope = json.loads(answer[-1]) if answer[-1] else {"invalid": True}
        outcome = worker.world.plan(self)
        if outcome is None:
            outcome = yield from self.run_call()
        if outcome is not None:
            yield from self.lost_safe(lambda: self.commit(outcome))

    def run_call(self):
        worker, world = self.worker, self.worker.world
        if worker.phase != "running" or not (yield Wait()):
            return world.outcome("back")
        while True:
            answer = yield from self.lost_safe(lambda: Ask(
                worker.control, "sent", [key("job", self.id), key("active", self.worker_id)],
                [self.id, self.fence, self.sequence, 1]))
            if answer[0] == 0:
                return None
            if worker.may_call(self) or not world.flow["no_call_on_a_lapsed_lease"]:
                break
            yield Stall()
        fate, body = yield Call(self)
        return world.judge(self, fate, body)

    def commit(self, outcome):
        world = self.worker.world
        reply = self.envelope.get("reply_to")
        results = outcome["results"]
        keys = [key("job", self.id), key("env", self.id), key("active", self.worker_id),
                key("scheduled"), key("dead"), key("dead", "bytes"), key("unknown"), key("events"),
                *stats_keys(world), *map(inbox, SCRIPT_ORDER),
                key("reply", reply) if reply else key("events"), key("events")]
        keys += [key("result", self.id) + (f":{i}" if i else "") for i in range(len(results))]
        fields = [part for pair in outcome["fields"].items() for part in pair]
        return Ask(self.worker.bulk, "commit", keys,
                   [self.id, self.fence, outcome["action"], outcome["delay_ms"], outcome["reason"],
                    outcome["attempts"], outcome["unsent"], outcome["unknowns"], 86400000,
                    self.envelope.get("deadline_ms", 0), 1 if reply else 0, "", "", len(results),
                    *results, *fields])


class Worker:
    def __init__(self, world, number):
        self.world, self.number, self.draws = world, number, 0
        self.draw_id()
        self.control, self.bulk = Conn(self, "control"), Conn(self, "bulk")
        self.feeds = {p: Feed(self, p) for p in PRIORITIES}
        self.conns = [self.control, self.bulk] + [f.conn for f in self.feeds.values()]
        self.phase, self.alive, self.stopped = "running", True, False
        self.registered = self.paused = self.renewing = self.renew_again = False
        self.sweeping = self.promoting = self.reaping = self.leaving = False
        self.sequence, self.slots, self.calls = 0, [], []
        self.renewed_at = self.held_until = world.now

    def draw_id(self):
        self.draws += 1
        self.id = f"w{self.number}{'abcdefghijklmnopqrstuvwxyz'[self.draws % 26]}{self.draws}"

    def has_redis(self):
        return self.control.up and self.bulk.up

    def runs(self):
        return self.alive and not self.stopped

    def holds_lease(self):
        """By its own clock nobody else can have its jobs."""
        return self.world.now < self.held_until

    def may_call(self, slot):
        return self.holds_lease() and not self.leaving and slot.worker_id == self.id

    def may_claim(self):
        return self.phase == "running" and self.has_redis() and self.registered and \
            not self.paused and \
            (self.holds_lease() or not self.world.flow["no_claim_on_a_lapsed_lease"])

    def lose_lease(self):
        self.draw_id()
        self.held_until = 0
        self.world.note(self, f"lost its lease, is {self.id} now")
        self.registered = False
        for feed in self.feeds.values():
            feed.give_back()
        self.renew()

    # the keeper

    def renew(self):
        self.renewed_at = self.world.now
        if self.leaving:
            return
        self.renew_again = self.renewing
        if not self.renewing:
            self.renewing = True
            self.world.start(self, self.run_renewal())

    def run_renewal(self):
        lease_id, asked_at = self.id, self.world.now
        try:
            held, _, paused, *_ = yield Ask(
                self.control, "lease",
                [key("workers"), key("worker", lease_id), key("paused"), *stats_keys(self.world),
                 *map(inbox, SCRIPT_ORDER), key("scheduled"), key("dead"), key("unknown")],
                [lease_id, self.world.lease_ms, 0 if self.registered else 1, 0, "state", self.phase])
        except Lost:
            self.renewing = False
            return
        self.renewing = False
        of_now = lease_id == self.id
        if self.leaving:
            return
        if not held and of_now:
            self.lose_lease()
            return
        self.registered, self.paused = of_now, bool(paused)
        if of_now:
            self.held_until = asked_at + self.world.lease_ms
        if not of_now or self.renew_again:
            self.renew()

    # the sweeper

    def run_sweep(self):
        try:
            _, _, lapsed, due = yield Ask(self.control, "sweep", [key("workers"), key("scheduled")],
                                          [SWEEP_WORKERS, SWEEP_JOBS])
        except Lost:
            self.sweeping = False
            return
        self.sweeping = False
        if due and not self.promoting:
            self.promoting = True
            self.world.start(self, self.run_promote([d.decode() for d in due][::-1]))
        if lapsed and not self.reaping:
            self.reaping = True
            self.world.start(self, self.run_reap(lapsed[0].decode().removeprefix("~")))

    def run_promote(self, ids):
        try:
            yield Ask(self.control, "promote",
                      [key("scheduled"), *map(inbox, SCRIPT_ORDER), key("events"),
                       *(key("job", i) for i in ids)], ids)
        except Lost:
            pass
        self.promoting = False

    def run_reap(self, victim):
        world, done = self.world, 0
        try:
            while done == 0:
                active = yield Ask(self.control, "HGETALL", [key("active", victim)])
                entries = sorted(((i.decode(), e.decode()) for i, e in active.items()),
                                 key=lambda pair: -int(pair[1].split(":")[0]))[:PAGE]
                keys = [key("workers"), key("worker", victim), key("active", victim),
                        *(claim(victim, p) for p in SCRIPT_ORDER), *map(inbox, SCRIPT_ORDER),
                        key("events"), *stats_keys(world), *(key("job", i) for i, _ in entries)]
                done, _ = yield Ask(self.control, "reap", keys,
                                    [victim, *(part for pair in entries for part in pair)])
        except Lost:
            pass
        self.reaping = False

    # a turn: pump, settle, tick, drain

    def tick(self):
        if self.control.up and self.world.now - self.renewed_at >= self.world.lease_ms // 4:
            self.renew()
        if self.control.up and not self.sweeping and not self.leaving:
            self.sweeping = True
            self.world.start(self, self.run_sweep())
        self.resume_slots()

    def resume_slots(self):
        if self.has_redis():
            for slot in sorted(self.slots, key=lambda s: s.sequence):
                if slot.stalled is not None:
                    task, slot.stalled = slot.stalled, None
                    self.world.resume(task, None)

    def turn(self):
        for feed in self.feeds.values():
            if feed.state == "return" and not feed.returning and \
                    feed.asked == 0 and feed.unbegun == 0:
                feed.state, feed.returning = "returning", True
                self.world.start(self, self.run_return(feed))
        for slot in [s for s in self.slots if s.waiting is not None]:
            if self.phase == "running" and self.has_redis() and self.world.chance(0.7):
                task, slot.waiting = slot.waiting, None
                self.world.resume(task, True)
        if self.may_claim():
            ready = [f for f in self.feeds.values() if f.state == "ready" and f.asked == 0]
            room = self.world.concurrency - len(self.slots)
            if ready and room > 0:
                feed = self.world.pick(ready)
                if not self.world.worth_asking(feed.priority):
                    return
                for _ in range(self.world.rng.randrange(room) + 1):
                    self.claim_one(feed)
        if self.phase == "draining":
            self.drain_turn()

    def claim_one(self, feed):
        slot = Slot(self, feed)
        self.slots.append(slot)
        self.world.start(self, slot.run(), slot)

    def run_return(self, feed):
        try:
            yield Ask(feed.conn, "unclaim",
                      [claim(feed.claimer, feed.priority), inbox(feed.priority)])
        except Lost:
            feed.returning = False
            feed.give_back()
            return
        feed.returning = False
        if feed.state == "returning":
            feed.claimer, feed.state = self.id, "ready"

    def drain(self):
        self.phase = "draining"
        for slot in [s for s in self.slots if s.waiting is not None]:
            task, slot.waiting = slot.waiting, None
            self.world.resume(task, False)

    def drain_turn(self):
        quiet = not self.slots and \
            all(f.asked == 0 and not f.returning for f in self.feeds.values())
        if (quiet or self.world.chance(0.02)) and not self.leaving:
            self.leaving = True
            certain = not any(f.doubtful for f in self.feeds.values()) or \
                not self.world.flow["second_look_after_a_lost_claim"]
            self.world.start(self, self.run_leave(quiet and certain))

    def run_leave(self, quiet):
        try:
            yield Ask(self.control, "leave",
                      [key("workers"), key("worker", self.id), key("active", self.id),
                       *(claim(self.id, p) for p in SCRIPT_ORDER), *map(inbox, SCRIPT_ORDER)],
                      [self.id, 0 if quiet else 1])
        except Lost:
            pass
        self.world.end(self, "has left")

    # connections

    def on_down(self, conn):
        for feed in self.feeds.values():
            if feed.conn is conn:
                feed.state = "down"

    def on_up(self, conn):
        for feed in self.feeds.values():
            if feed.conn is conn:
                feed.state = "return"
        if conn is self.control:
            self.renew()
        if conn in (self.control, self.bulk):
            self.resume_slots()
