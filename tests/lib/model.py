"""A model checker of the queue: the real scripts in a real Redis, everything around them simulated.

One World is one history: producers, workers (model_worker.py), a pretended API, a clock. At each step
a seeded random choice lets one command be executed, one answer arrive, a connection break, a worker be
killed or stopped ... After each script the invariants of what it touched are looked at, and at the
end, when all faults are over, those of the whole. What breaks one is a Violation with its history.
"""
import json
import random
import time
from collections import Counter, defaultdict, deque

import msgpack

from model_checks import TERMINAL, Checks, Violation
from model_scripts import START_MS, Scripts, key
from model_worker import (PRIORITIES, SCRIPT_ORDER, Ask, Lost, Stall, Wait, Worker, inbox,
                          stats_keys)

REFUSED = object()     # an error reply: not executed (OOM, BUSY, LOADING)
FAULTS = ("break", "kill", "stop", "drain", "pause", "refuse", "leap", "junk", "again", "late",
          "cancel", "retry")
# What the C code must do beside calling the scripts; switched off to show that the model sees it.
FLOW = ("no_call_on_a_lapsed_lease", "no_claim_on_a_lapsed_lease", "second_look_after_a_lost_claim")
FATES = (("ok", 8), ("transient", 2), ("not_sent", 2), ("throttled", 2), ("timeout", 2), ("cut", 1),
         ("rejected", 1))
ANSWERED_WITHOUT_BILL = {"transient", "not_sent", "throttled", "rejected"}


class World(Checks):
    def __init__(self, redis, seed, jobs=12, workers=2, faults=None, mutations=None, flow=FLOW,
                 steps=600, trouble=None):
        self.redis, self.seed, self.rng = redis, seed, random.Random(seed)
        redis.flushall()
        self.scripts = Scripts(redis, mutations)
        # Few kinds of faults at a time go deeper than all of them at once.
        self.faults = set(faults or self.rng.sample(FAULTS, self.rng.randint(1, len(FAULTS))))
        self.steps, self.jobs_left = steps, jobs
        self.flow = {name: name in flow for name in FLOW}
        self.now, self.trace = START_MS, []
        self.lease_ms = self.pick([80, 300, 2000])
        self.max_attempts, self.unknown_retries = self.pick([2, 3, 8]), self.pick([0, 1, 1, 2])
        self.concurrency, self.trouble = self.pick([1, 3, 5]), trouble or self.pick([1, 3, 6])
        self.workers, self.ghosts, self.number = [], [], 0
        self.pushed, self.junk = {}, []          # id -> envelope; elements that are no job
        self.ended, self.answers = {}, defaultdict(set)    # id -> state; id -> result bytes
        self.done_by, self.lives = {}, Counter()
        self.bodies, self.billed = Counter(), Counter()    # calls whose body left; may be billed
        self.marks = set()      # (id, fence) of intentions on record that may count as attempts
        self.late_begins = set()    # (worker's id, id) of jobs begun after nobody waited for it
        self.seen = Counter()   # script and answer: what the history has met
        self.calm = False
        for _ in range(workers):
            self.spawn()

    # chance

    def pick(self, choices):
        return self.rng.choice(choices)

    def chance(self, p):
        return self.rng.random() < p

    # the record

    def note(self, who, text):
        name = f"w{who.number}" if isinstance(who, Worker) else who
        self.trace.append(f"{self.now - START_MS:6d}  {name:4s} {text}")

    def minute(self):
        return time.strftime("%Y%m%d%H%M", time.gmtime(self.now // 1000))

    def rejected_head(self, reason, length):
        return (b"\x83\xa5at_ms" + msgpack.packb(self.now) + b"\xa6reason" + msgpack.packb(reason) +
                b"\xa7element\xc6" + length.to_bytes(4, "big"))

    # tasks: generators of workers

    def start(self, worker, generator, slot=None):
        self.resume((worker, generator, slot), None)

    def resume(self, task, value, lost=False):
        worker, generator, slot = task
        try:
            wish = generator.throw(Lost()) if lost else generator.send(value)
        except StopIteration:
            if slot is not None:
                worker.slots.remove(slot)
            return
        if isinstance(wish, Ask):
            wish.task = task
            if wish.conn.up:
                wish.conn.out.append(wish)
            else:
                self.resume(task, None, lost=True)
        elif isinstance(wish, Wait):
            slot.waiting = task
        elif isinstance(wish, Stall):
            slot.stalled = task
        else:
            self.begin_call(wish, task)

    # the API

    def begin_call(self, call, task):
        call.task, id = task, call.slot.id
        call.fate = self.rng.choices([f for f, _ in FATES], [n for _, n in FATES])[0]
        self.note(task[0], f"call {id}: will be {call.fate}")
        # Its mark may be older than a late success of an earlier run: that call was out already.
        if self.ended.get(id) == "done" and self.done_by[id] > call.slot.fence:
            raise Violation("call after success", f"{id} was done already")
        if call.fate != "not_sent":
            self.bodies[id] += 1
            sent = int(self.redis.hget(key("job", id), "sent") or 0)
            if sent < self.bodies[id]:
                raise Violation("sent too low", f"{id}: sent {sent}, bodies {self.bodies[id]}")
        if call.fate == "ok":
            call.answer = f"{id} made by call {self.bodies[id]}".encode()
            self.answers[id].add(call.answer)
        if call.fate not in ANSWERED_WITHOUT_BILL:
            self.billed[id] += 1
            if self.billed[id] > 1 + self.unknown_retries:
                raise Violation("billed too often", f"{id}: {self.billed[id]} calls may be billed, "
                                f"unknown_retries is {self.unknown_retries}")
        task[0].calls.append(call)

    def end_call(self, worker, call):
        worker.calls.remove(call)
        self.note(worker, f"call {call.slot.id}: answered {call.fate}")
        self.resume(call.task, (call.fate, call.answer))

    def outcome(self, action, delay_ms=0, reason="", attempts=0, unknowns=0, unsent=0, results=(),
                **fields):
        return {"action": action, "delay_ms": delay_ms, "reason": reason, "attempts": attempts,
                "unknowns": unknowns, "unsent": unsent, "results": list(results), "fields": fields}

    def plan(self, slot):
        envelope = slot.envelope
        if envelope.get("invalid"):
            return self.outcome("dead", error_class="invalid", error_message="as the model wants it")
        if slot.unknowns > self.unknown_retries or slot.attempts >= self.max_attempts:
            return self.outcome("unknown", error_class="lost_worker", error_message="no repeat")
        if 0 < envelope.get("deadline_ms", 0) <= self.now:
            return self.outcome("expired")
        if envelope.get("not_before_ms", 0) > self.now:
            return self.outcome("retry", envelope["not_before_ms"] - self.now, "delay")
        return None

    def judge(self, slot, fate, body):
        """outcome_of_call in src/job/outcome.c."""
        delay = self.rng.randrange(60)
        failure = {"error_class": fate, "error_message": "as the model wants it"}
        if fate == "ok":
            return self.outcome("done", attempts=1, results=[body], step=1, result_count=1)
        if fate == "rejected":
            return self.outcome("dead", attempts=1, **failure)
        if fate == "not_sent":
            return self.outcome("retry", delay, "retry", unsent=1, **failure)
        if fate == "throttled":
            return self.outcome("retry", delay, "limit", **failure)
        again = slot.attempts + 1 < self.max_attempts
        if fate == "transient":
            end = {"action": "dead"}
        else:
            end = {"action": "unknown", "unknowns": 1}
            again = again and slot.unknowns + 1 <= self.unknown_retries
        if again:
            end |= {"action": "retry", "delay_ms": delay, "reason": "retry"}
        return self.outcome(attempts=1, **end, **failure)

    # what can happen

    def spawn(self):
        self.number += 1
        worker = Worker(self, self.number)
        self.note(worker, f"starts as {worker.id}")
        self.workers.append(worker)
        worker.renew()

    def end(self, worker, why):
        """Nothing of it goes on but what is on its way to Redis already."""
        if worker.alive:
            worker.alive = False
            self.note(worker, why)
            for conn in worker.conns:
                self.leave_to_chance(conn)
            self.workers.remove(worker)

    def leave_to_chance(self, conn):
        """What was sent and not executed: never arrives, or late."""
        arrives = self.rng.randrange(len(conn.out) + 1) if "late" in self.faults and not self.calm else 0
        if arrives:
            self.ghosts.append(deque(list(conn.out)[:arrives]))
        conn.out.clear()

    def break_conn(self, conn):
        waiting = [ask for ask, _ in conn.back] + list(conn.out)
        self.note(conn.worker, f"loses {conn.name}, {len(conn.back)} answers, {len(conn.out)} questions")
        conn.up = False
        conn.back.clear()
        self.leave_to_chance(conn)
        conn.worker.on_down(conn)
        for ask in waiting:
            self.resume(ask.task, None, lost=True)

    def events(self):
        """What may happen next: (weight, function, arguments)."""
        some = []
        for worker in self.workers:
            for conn in worker.conns:
                if conn.out:
                    some.append((6, self.execute_next, (conn,)))
                if conn.back and worker.runs():
                    some.append((6, self.deliver, (conn,)))
                if not conn.up and worker.runs():
                    some.append((4, self.reconnect, (conn,)))
            if worker.runs():
                some.append((3, worker.turn, ()))
                some.append((1, worker.tick, ()))
                some += [(1, self.end_call, (worker, call)) for call in worker.calls]
            if worker.stopped:
                some.append((0.4 if not self.calm else 20, self.go_on, (worker,)))
        some += [(2, self.execute_ghost, (ghost,)) for ghost in self.ghosts]
        some.append((4, self.advance, (self.rng.randrange(6),)))
        return some + (self.fault_events() if not self.calm else self.calm_events())

    def fault_events(self):
        some = [(5, self.produce, ())] if self.jobs_left else []
        running = [w for w in self.workers if w.runs()]
        worker = self.pick(running) if running else None
        if worker:
            some.append((0.6 * self.trouble, self.fault, ("break", self.fault_break, worker)))
            some.append((0.2 * self.trouble, self.fault, ("kill", self.end, worker, "is killed")))
            some.append((0.3 * self.trouble, self.fault, ("stop", self.fault_stop, worker)))
            some.append((0.1 * self.trouble, self.fault, ("drain", self.fault_drain, worker)))
        # The worst moment to be stopped: the leave to call is given and not yet read.
        for each in running:
            if any(ask.name == "sent" for ask, _ in each.control.back):
                some.append((self.trouble, self.fault, ("stop", self.fault_stop, each)))
        if len(self.workers) < 3:
            some.append((1, self.spawn, ()))
        some.append((0.4 * self.trouble, self.fault, ("pause", self.fault_pause)))
        asleep = any(w.stopped for w in self.workers)
        some.append((0.6 if asleep else 0.1, self.fault, ("leap", self.leap)))
        if self.pushed:
            some.append((0.05, self.fault, ("cancel", self.cancel, self.pick(list(self.pushed)))))
        rest = [id for id, state in self.ended.items() if state in ("dead", "unknown")]
        if rest:
            some.append((0.4, self.fault, ("retry", self.retry, self.pick(rest))))
        return some + [(0.3 * self.trouble, self.advance, (self.lease_ms,))]

    def calm_events(self):
        return [(1, self.advance, (self.lease_ms // 4,)), (0.1, self.leap, ())]

    def fault(self, name, function, *arguments):
        if name in self.faults:
            function(*arguments)

    def fault_break(self, worker):
        up = [c for c in worker.conns if c.up]
        busy = [c for c in up if c.out or c.back]
        if up:
            self.break_conn(self.pick(busy or up))

    def fault_stop(self, worker):
        worker.stopped = True
        self.note(worker, "is stopped")

    def go_on(self, worker):
        worker.stopped = False
        self.note(worker, "goes on")

    def fault_drain(self, worker):
        if worker.phase == "running":
            self.note(worker, "drains")
            worker.drain()

    def fault_pause(self):
        paused = self.redis.exists(key("paused"))
        self.note("op", "resumes" if paused else "pauses")
        self.redis.delete(key("paused")) if paused else self.redis.set(key("paused"), 1)

    def cancel(self, id):
        reply = (self.redis.hget(key("job", id), "reply_to") or b"").decode()
        answer = self.run_script("op", "cancel",
                                 [key("job", id), key("env", id), key("scheduled"), key("events"),
                                  *stats_keys(self), key("reply", reply) if reply else key("events")],
                                 [id, 86400000, key("control"), reply])
        self.note("op", f"cancel {id} -> {answer}")
        self.check_job(id)

    def retry(self, id):
        answer = self.run_script("op", "retry",
                                 [key("job", id), key("env", id), key("dead"), key("dead", "bytes"),
                                  key("unknown"), *map(inbox, SCRIPT_ORDER), key("events"),
                                  *stats_keys(self)], [id])
        if answer[0] == b"retried":
            self.note("op", f"retry {id}")
            del self.ended[id]
            self.lives[id] += 1
            self.billed[id] = 0

    def advance(self, ms):
        self.now += ms

    def leap(self):
        """Half a minute and more: what was on its way has arrived by then."""
        for ghost in list(self.ghosts):
            while ghost in self.ghosts:
                self.execute_ghost(ghost)
        for worker in list(self.workers):
            for conn in worker.conns:
                while conn.out and worker.alive:
                    self.execute_next(conn)
        self.note("time", "leaps")
        self.advance(31000)

    def reconnect(self, conn):
        conn.up = True
        conn.worker.on_up(conn)

    def deliver(self, conn):
        ask, answer = conn.back.popleft()
        if answer is REFUSED:
            self.resume(ask.task, None, lost=True)
        else:
            self.resume(ask.task, answer)

    # producers

    def worth_asking(self, priority):
        """Idle workers would fill the history with questions that find nothing."""
        return self.chance(0.05) or self.redis.exists(inbox(priority))

    def produce(self):
        self.jobs_left -= 1
        kind = self.rng.choices(["raw", "stored", "again", "junk"], [5, 3, 2, 2])[0]
        priority = self.pick(PRIORITIES)
        if kind == "junk" and "junk" in self.faults:
            # As long as an envelope, as long as an id, or the id of nobody.
            element = self.pick([b"!" * 140, b"!!!", b"n00"])
            self.junk.append(element)
        elif kind == "again" and "again" in self.faults and self.pushed:
            id = self.pick(list(self.pushed))
            if self.chance(0.4):
                self.submit(id, priority)
                return
            # A bare id is only pushed by who knows that it is stored.
            stored = self.redis.exists(key("env", id)) and self.chance(0.5)
            element = id.encode() if stored else self.pushed[id]
        else:
            id = f"j{len(self.pushed):02d}"
            self.pushed[id] = self.envelope(id)
            if kind == "stored":
                self.submit(id, priority)
                return
            element = self.pushed[id]
        self.note("prod", f"push {priority} {element.decode()}")
        self.redis.lpush(inbox(priority), element)

    def envelope(self, id):
        at = [0, 0, 0, self.now + 10 + self.rng.randrange(80)]
        fields = {"id": id, "effect": "emoji", "invalid": self.chance(0.07),
                  "deadline_ms": self.pick([0, 0, 0, self.now + self.rng.randrange(400)]),
                  "not_before_ms": self.pick(at), "reply_to": self.pick(["", "r"])}
        return json.dumps(fields, separators=(",", ":")).ljust(140, " ").encode()

    def submit(self, id, priority):
        answer = self.run_script("prod", "submit",
                                 [key("job", id), key("env", id), inbox(priority), key("events"),
                                  key("stats"), key("stats", self.minute())],
                                 [id, self.pushed[id], "emoji", 1, priority, ""])
        self.note("prod", f"submit {priority} {id} -> {answer}")

    # Redis

    def execute_next(self, conn):
        ask = conn.out.popleft()
        if "refuse" in self.faults and not self.calm and self.chance(0.01 * self.trouble):
            self.note(conn.worker, f"{conn.name}: {ask} -> refused")
            conn.back.append((ask, REFUSED))
            return
        conn.back.append((ask, self.execute(conn.worker, ask, "")))

    def execute_ghost(self, ghost):
        ask = ghost.popleft()
        if not ghost:
            self.ghosts.remove(ghost)
        answer = self.execute(ask.conn.worker, ask, " (late)")
        if ask.name == "begin" and answer[0] == b"ok":
            self.late_begins.add((ask.args[0], ask.args[1]))

    def execute(self, worker, ask, how):
        if ask.name in ("LMOVE", "HGETALL"):
            answer = self.redis.execute_command(ask.name, *ask.keys, *ask.args)
        else:
            before = self.order_before(ask) if ask.name in ("reap", "leave", "unclaim") else None
            answer = self.run_script(worker, ask.name, ask.keys, ask.args)
            if before is not None:
                self.check_order(ask, answer, before)
        if tells(ask.name, answer):
            told = [a for a in answer[:3] if a != self.now] if isinstance(answer, list) else answer
            self.note(worker, f"{ask.conn.name}: {ask} -> {told}{how}")
        return answer

    def run_script(self, worker, name, keys, args):
        try:
            answer = self.scripts.call(name, keys, args, self.now)
        except Exception as error:
            raise Violation("script error", f"{name}: {error}") from None
        self.seen[name, answer_kind(name, answer)] += 1
        if name == "sent" and answer[0] == 1 and args[0] in self.ended:
            raise Violation("mark on an ended job", f"{args[0]} is {self.ended[args[0]]}")
        if name == "sent" and answer[0] == 1:
            self.marks.add((args[0], args[1]))
        if name == "commit" and answer[0] in (b"done", b"late") and not args[5]:
            self.marks.discard((args[0], args[1]))
        if name == "commit" and args[2] == "done" and answer[0] in (b"done", b"late"):
            self.done_by[args[0]] = args[1]
        if name == "commit" and args[2] == "done" and answer[1].decode() not in TERMINAL:
            raise Violation("success dropped", f"{args[0]} is {answer[1].decode()} still")
        if name in ("commit", "begin", "sent", "submit"):
            self.check_job(str(args[1] if name == "begin" else args[0]))
        if name == "reap":
            for id in args[1::2]:
                self.check_job(id)
        return answer

    # a history

    def step(self):
        events = self.events()
        _, function, arguments = self.rng.choices(events, [e[0] for e in events])[0]
        function(*arguments)

    def settle(self):
        """The faults are over: everything must come to rest."""
        self.calm = True
        self.note("time", "the faults are over")
        self.redis.delete(key("paused"))
        for worker in self.workers:
            worker.paused = False
        if not any(w.phase == "running" for w in self.workers):
            self.spawn()
        for _ in range(200):
            for _ in range(20):
                self.step()
            self.check_entries()
            if not any(w.phase == "running" for w in self.workers):
                self.spawn()
            if not self.leftovers():
                return
        raise Violation("never at rest", f"{self.leftovers()}")

    def run(self):
        for number in range(self.steps):
            self.step()
            if number % 20 == 0:
                self.check_entries()
            if not self.jobs_left and len(self.ended) == len(self.pushed):
                break
        while self.jobs_left:
            self.produce()
        self.settle()
        self.check_end()


def tells(name, answer):
    """Whether it belongs into the story."""
    if name == "sweep":
        return answer[2] or answer[3]
    return answer and (name != "lease" or not answer[0]) and not (name == "reap" and answer[0] == -1)


def answer_kind(name, answer):
    if name in ("begin", "commit", "cancel", "retry"):
        return answer[0].decode()
    if name in ("lease", "reap", "sent"):
        return str(answer[0])
    return str(answer) if name in ("submit", "reject") else ""


def history(redis, seed, **options):
    """The world and what broke a promise in it, or None."""
    world = World(redis, seed, **options)
    try:
        world.run()
    except Violation as violation:
        return world, violation
    return world, None


def shortest(redis, violation, world, tries, **options):
    """A shorter history that ends in the same kind of violation: fewer jobs, workers, faults."""
    best, rng = (world, violation), random.Random(world.seed)
    for _ in range(tries):
        smaller = options | {"jobs": rng.randint(1, 3), "workers": rng.randint(1, 2),
                             "faults": rng.sample(FAULTS, rng.randint(1, len(FAULTS)))}
        found, what = history(redis, rng.randrange(1 << 30), **smaller)
        if what is not None and what.kind == violation.kind and len(found.trace) < len(best[0].trace):
            best = found, what
    return best


def story(world, violation):
    return "\n".join([f"seed {world.seed}: {violation}", *world.trace])
