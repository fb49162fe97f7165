"""What must hold of the queue, whatever happens: looked at after each script, and at the end."""
from collections import Counter, defaultdict

import msgpack

from model_scripts import BASE, key
from model_worker import PRIORITIES, claim, inbox

TERMINAL = {"done", "dead", "canceled", "expired", "unknown"}


class Violation(Exception):
    def __init__(self, kind, text):
        super().__init__(f"{kind}: {text}")
        self.kind = kind


class Checks:
    """The part of a World that judges it."""

    def check_job(self, id):
        """After each script that may have touched it."""
        with self.redis.pipeline(transaction=False) as pipe:
            pipe.hgetall(key("job", id)).exists(key("env", id)).get(key("result", id))
            job, envelope, result = pipe.execute()
        if not job:
            return
        state = job.get(b"state", b"").decode()
        if not state:
            raise Violation("no state", f"{id}: {job}")
        if self.ended.get(id, state) != state:
            raise Violation("terminal state changed", f"{id}: {self.ended[id]}, then {state}")
        if bool(envelope) != (state not in ("done", "canceled", "expired")):
            raise Violation("envelope", f"{id} is {state}, envelope stored: {bool(envelope)}")
        if state == "done" and result not in self.answers[id]:
            raise Violation("result", f"{id}: {result!r} was never answered: {self.answers[id]}")
        attempts, marked = int(job.get(b"attempts", 0)), sum(1 for i, _ in self.marks if i == id)
        if not 0 <= attempts <= marked:
            raise Violation("attempts", f"{id}: {attempts} attempts, {marked} that may count")
        if state in TERMINAL:
            self.ended[id] = state

    def lists(self, keys):
        with self.redis.pipeline(transaction=False) as pipe:
            for each in keys:
                pipe.lrange(each, 0, -1)
            return pipe.execute()

    def order_before(self, ask):
        """What the inboxes must hold afterwards, but for the jobs that a reaping puts back."""
        victim = ask.keys[0].split(":")[3] if ask.name == "unclaim" else ask.args[0]
        claims = [p for p in PRIORITIES if ask.name != "unclaim" or inbox(p) == ask.keys[1]]
        found = self.lists([*map(inbox, PRIORITIES), *(claim(victim, p) for p in claims)])
        lists = dict(zip(PRIORITIES, found))
        for priority, claimed in zip(claims, found[3:]):
            lists[priority] += claimed
        jobs = []
        for id, entry in zip(ask.args[1::2], ask.args[2::2]):
            job = self.redis.hgetall(key("job", id))
            if self.redis.hget(key("active", victim), id) == entry.encode() and \
                    job[b"state"] == b"running" and job[b"fence"].decode() == entry.split(":")[1]:
                jobs.append((id, job.get(b"priority", b"normal").decode() or "normal"))
        return lists, jobs

    def check_order(self, ask, answer, before):
        """Reaped jobs are first in line, the oldest foremost, then what was claimed, then the rest."""
        if ask.name == "reap" and answer[0] == -1:
            return
        lists, jobs = before
        for id, priority in jobs:
            if self.redis.hget(key("job", id), "state") == b"queued":
                lists[priority].append(id.encode())
        for priority, found in zip(PRIORITIES, self.lists(map(inbox, PRIORITIES))):
            if found != lists[priority]:
                raise Violation("order", f"{priority} after {ask.name}: {found}, "
                                f"expected {lists[priority]}")

    def check_entries(self):
        """Jobs in flight of a worker that lives are in its slots.

        But for a begin that was repeated, met a pause, and arrived late: that job comes home with
        the end of its worker.
        """
        for worker in self.workers:
            if worker.runs() and not any(c.out or c.back for c in worker.conns) and not self.ghosts:
                known = {s.id for s in worker.slots}
                for id in self.redis.hkeys(key("active", worker.id)):
                    late = (worker.id, id.decode()) in self.late_begins
                    if id.decode() not in known and not late:
                        raise Violation("forgotten entry", f"{id} of w{worker.number}")

    def leftovers(self):
        """What is not at rest, for people."""
        left = []
        for pattern in ("jobs*", "claim:*", "active:*", "scheduled"):
            left += [k.decode() for k in self.redis.keys(BASE + pattern)]
        left += [f"slot {s.id} of w{w.number}" for w in self.workers for s in w.slots if s.sequence]
        return left + ["late commands"] * bool(self.ghosts)

    def check_end(self):
        ends = defaultdict(list)
        for _, entry in self.redis.xrange(key("events")):
            if entry[b"state"].decode() in TERMINAL:
                ends[entry[b"id"].decode()].append(entry[b"state"].decode())
        for id in self.pushed:
            if id not in self.ended:
                raise Violation("lost", f"{id}: {self.redis.hgetall(key('job', id)) or 'no status'}")
            self.check_job(id)
            if len(ends[id]) != 1 + self.lives[id] or ends[id][-1] != self.ended[id]:
                raise Violation("events", f"{id}: {ends[id]}, its state is {self.ended[id]}")
        rejected = [msgpack.unpackb(e)["element"] for e in self.redis.lrange(key("rejected"), 0, -1)]
        if Counter(rejected) != Counter(self.junk):
            raise Violation("rejected", f"{rejected}, expected {self.junk}")
        live = {w.id for w in self.workers} | {"~" + w.id for w in self.workers}
        for name in self.redis.zrange(key("workers"), 0, -1):
            score = self.redis.zscore(key("workers"), name)
            if name.decode() not in live and score > self.now + 31000:
                raise Violation("workers", f"{name} is never looked at again: {score}")
