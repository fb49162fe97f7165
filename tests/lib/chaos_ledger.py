"""What must hold after a chaos run, checked from Redis and from the sandbox's own list of calls."""

import subprocess
import threading
import time

import redis

from photos import sha256
from producer import TERMINAL, Producer
from sandbox import build_dir

UNKNOWN_RETRIES = 1  # retry.unknown, of which a run leaves the default
MAX_ATTEMPTS = 8  # retry.max_attempts
# A late success of one worker may be recorded between another's sent mark and its request: nothing can
# call that back. A call that begins longer after the end than a mark travels was not marked in time.
CROSSING_MS = 100
CALLS_PAGE = 5000
EVENTS_PAGE = 2000
STATUS_PAGE = 1000


class EventReader(threading.Thread):
    """Reads P:events all the time: the stream keeps only the newest."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.by_job = {}  # id -> [(state, ms)]
        self.count = 0
        self._server = server
        self._last = "0-0"
        self._end = threading.Event()
        self.start()

    def run(self):
        with self._server.client(socket_timeout=5) as client:
            while not self._end.is_set():
                try:
                    self._read(client)
                except (redis.RedisError, OSError):
                    self._end.wait(0.05)

    def _read(self, client):
        key = Producer(client).key("events")
        for _, entries in client.xread({key: self._last}, count=EVENTS_PAGE, block=200):
            for entry, fields in entries:
                self._last = entry
                self.count += 1
                self.by_job.setdefault(fields[b"id"].decode(), []).append(
                    (fields[b"state"].decode(), int(fields[b"ms"])))

    def finish(self):
        """Returns when all that is in the stream was read."""
        self._end.set()
        self.join()
        with self._server.client() as client:
            before = -1
            while before != self.count:
                before = self.count
                self._read(client)
            return client.xinfo_stream(Producer(client).key("events"))


def all_calls(sandbox):
    calls, page = [], True
    while page:
        since = calls[-1]["n"] if calls else 0
        page = sandbox.request("GET", f"/_sandbox/calls?since={since}&limit={CALLS_PAGE}")["calls"]
        calls += page
    return calls


class Ledger:
    """Everything known about a run that is over; faults: [(what, job id or None)]."""

    def __init__(self, client, load, events, calls):
        self.client = client
        self.producer = Producer(client)
        self.load = load
        self.events = events
        self.calls = {}  # of a photo
        self.faults = []
        self.notes = {}
        self.status = self._read_status()
        for call in calls:
            if call["image_sha256"] is not None:
                self.calls.setdefault(call["image_sha256"], []).append(call)

    def _read_status(self):
        ids, found = list(self.load.jobs), {}
        for at in range(0, len(ids), STATUS_PAGE):
            with self.client.pipeline(transaction=False) as pipe:
                for job_id in ids[at:at + STATUS_PAGE]:
                    pipe.hgetall(self.producer.key("job", job_id))
                for job_id, fields in zip(ids[at:at + STATUS_PAGE], pipe.execute()):
                    found[job_id] = {name.decode(): value.decode(errors="replace")
                                     for name, value in fields.items()}
        return found

    def fault(self, what, job_id=None):
        self.faults.append((what, job_id))

    def note(self, what):
        self.notes[what] = self.notes.get(what, 0) + 1

    def states(self):
        counts = {}
        for status in self.status.values():
            state = status.get("state", "none")
            counts[state] = counts.get(state, 0) + 1
        return counts

    def check(self):
        for job in self.load.jobs.values():
            status = self.status[job.id]
            calls = self.calls.get(job.photo, [])
            self._check_state(job, status)
            self._check_result(job, status, calls)
            self._check_bill(job, status, calls)
            self._check_order(job, status, calls)
        self._check_replies()
        self._check_counters()
        self._check_rejected()
        self._check_envelopes()
        return self.faults

    def _check_state(self, job, status):
        state = status.get("state")
        if state not in TERMINAL:
            self.fault(f"is {state or 'lost'}, not in a terminal state", job.id)
        ends = [event for event, _ in self.events.by_job.get(job.id, []) if event in TERMINAL]
        if ends != [state]:
            self.fault(f"is {state}, its terminal events are {ends}", job.id)
        if job.invalid and state not in ("dead", "canceled"):
            self.fault(f"is invalid and became {state}", job.id)
        if state == "canceled" and not job.canceled:
            self.fault("was canceled by nobody", job.id)
        if state == "expired" and not job.deadline_ms:
            self.fault("expired without a deadline", job.id)
        if int(status.get("attempts", 0)) > MAX_ATTEMPTS:
            self.fault(f"attempts {status['attempts']}", job.id)

    def _check_result(self, job, status, calls):
        result = self.client.get(self.producer.key("result", job.id))
        if status.get("state") != "done":
            if result is not None:
                self.fault("has a result and is not done", job.id)
            return
        if result is None:
            self.fault("is done without a result", job.id)
        elif sha256(result) not in {call["result_sha256"] for call in calls if call["billed"]}:
            self.fault("its result is not what the API gave for it", job.id)

    def _check_bill(self, job, status, calls):
        billed = sum(1 for call in calls if call["billed"])
        if billed > 1 + UNKNOWN_RETRIES:
            self.fault(f"{billed} calls may have been billed", job.id)
        if billed > int(status.get("sent", 0)):
            self.fault(f"sent is {status.get('sent')}, {billed} calls were billed", job.id)
        if billed > 1:
            self.note("jobs billed twice, after an unknown outcome")
        if job.invalid and calls:
            self.fault("is invalid and was called", job.id)

    def _check_order(self, job, status, calls):
        """No call begins after the end. Both clocks are this machine's."""
        ended = int(status.get("finished_ms", 0))
        for call in calls:
            late_ms = call["at_ms"] - ended if ended else 0
            if late_ms > CROSSING_MS:
                self.fault(f"a call began {late_ms} ms after it was {status['state']}", job.id)
            elif late_ms > 0:
                self.note(f"calls that crossed the commit of another ({status['state']})")

    def check_by_command(self, url):
        """What `retouch fsck` finds."""
        command = [str(build_dir() / "src" / "main" / "retouch"), "fsck", "--redis", url]
        run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if run.returncode != 0:
            for line in (run.stdout + run.stderr).splitlines() or [f"status {run.returncode}"]:
                self.fault(f"fsck: {line}")

    def _check_replies(self):
        wanted = {}
        for job in self.load.jobs.values():
            if job.reply_to and not job.invalid and self.status[job.id].get("state") != "canceled":
                wanted.setdefault(job.reply_to, set()).add(job.id)
        for name, ids in wanted.items():
            told = [one.decode() for one in self.client.lrange(self.producer.key("reply", name), 0, -1)]
            for job_id in ids:
                if told.count(job_id) != 1:
                    self.fault(f"told {told.count(job_id)} times on the reply list", job_id)

    def _check_counters(self):
        for state, count in self.states().items():
            counted = self.producer.stat(f"{state}_total")
            if counted != count:
                self.fault(f"P:stats counts {counted} {state}, there are {count}")

    def _check_rejected(self):
        kept = {entry["element"] if isinstance(entry["element"], bytes) else entry["element"].encode()
                for entry in self.producer.rejected()}
        for element in self.load.junk[-900:]:
            if element not in kept:
                self.fault(f"junk {element!r} is not in P:rejected")

    def _check_envelopes(self):
        """An envelope outlives only a job that can be retried; what only workers may have is gone."""
        for key in self.client.scan_iter(self.producer.key("env", "*"), count=1000):
            job_id = key.decode().rsplit(":", 1)[1]
            if self.status.get(job_id, {}).get("state") not in ("dead", "unknown"):
                self.fault("its envelope was left", job_id)
        for name in ("jobs", "jobs:high", "jobs:low"):
            if self.client.llen(self.producer.key(name)):
                self.fault(f"{name} is not empty")
        if self.client.zcard(self.producer.key("scheduled")):
            self.fault("scheduled is not empty")
        for key in self.producer.leftovers():
            self.fault(f"{key} was left")

    # --- for people ---

    def history(self, job_id, folder):
        """All that is known about one job."""
        job, lines = self.load.jobs[job_id], []
        lines.append(f"{job}")
        lines += [f"  event {ms} {state}" for state, ms in self.events.by_job.get(job_id, [])]
        lines.append(f"  status {self.status[job_id]}")
        lines += [f"  call {call}" for call in self.calls.get(job.photo, [])]
        for log in sorted(folder.glob("worker-*.log")):
            lines += [f"  {log.name}: {line}" for line in log.read_text().splitlines()
                      if f"job={job_id} " in line]
        return lines


def open_jobs(client, job_ids):
    """How many of them have not ended."""
    producer, count, ids = Producer(client), 0, list(job_ids)
    for at in range(0, len(ids), STATUS_PAGE):
        with client.pipeline(transaction=False) as pipe:
            for job_id in ids[at:at + STATUS_PAGE]:
                pipe.hget(producer.key("job", job_id), "state")
            count += sum(1 for state in pipe.execute()
                         if state is None or state.decode() not in TERMINAL)
    return count


def wait_until_settled(client, job_ids, patience_s, tick):
    """Seconds it took until all had ended and the inboxes were empty; None when they did not."""
    producer, began = Producer(client), time.monotonic()
    while time.monotonic() - began < patience_s:
        inboxes = sum(client.llen(producer.key(name)) for name in ("jobs", "jobs:high", "jobs:low"))
        if inboxes == 0 and open_jobs(client, job_ids) == 0:
            return time.monotonic() - began
        tick()
        time.sleep(0.1)
    return None
