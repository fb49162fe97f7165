"""What a chaos run throws at the program: a schedule drawn from a seed, and the hands that do it."""

import heapq
import random
import signal
import time

import redis

from worker import Worker

LEASE_MS = 1000
WORKER_FLAGS = ("--concurrency", 24, "--set", f"worker.lease={LEASE_MS}ms", "--set",
                "worker.drain_timeout=3s", "--set", "redis.watchdog=1500ms", "--set",
                "redis.connect_timeout=1s", "--set", "retry.base=20ms", "--set", "retry.cap=500ms",
                "--set", "api.max_answer=1MB", "--set", "api.connect_timeout=2s")
MAXMEMORY_NONE, MAXMEMORY_TOO_SMALL = "0", "1mb"
BIG_ANSWER = 4 << 20

# What the API does for a while: name -> faults of the sandbox.
WEATHERS = {
    "clear": [],
    "errors": [{"kind": "status", "status": 500, "code": 10002, "rate": 0.3},
               {"kind": "status", "status": 502, "rate": 0.1}],
    "twice at most": [{"kind": "status", "status": 400, "code": 20001, "rate": 0.1}],
    "refusals": [{"kind": "status", "status": 400, "code": 20003, "rate": 0.1}],
    "throttled 429": [{"kind": "status", "status": 429, "times": 2}],
    "throttled 90024": [{"kind": "status", "status": 400, "code": 90024, "message": "qps", "times": 2}],
    "resets": [{"kind": "reset_before_body", "rate": 0.1}, {"kind": "reset_mid_body", "rate": 0.1},
               {"kind": "reset_after_body", "rate": 0.1}],
    "cut": [{"kind": "truncate", "rate": 0.1}, {"kind": "wrong_length", "rate": 0.1}],
    "unreadable": [{"kind": "not_json", "rate": 0.05}, {"kind": "empty", "rate": 0.05},
                   {"kind": "wrong_types", "rate": 0.05}, {"kind": "html", "rate": 0.1}],
    "silent": [{"kind": "never", "rate": 0.1}],
    "slow": [{"kind": "latency", "latency_ms": 700, "rate": 0.5},
             {"kind": "slow_answer", "bytes_per_second": 20000, "rate": 0.1},
             {"kind": "slow_read", "bytes_per_second": 2000, "rate": 0.1}],
    "big": [{"kind": "huge", "bytes": BIG_ANSWER, "times": 3, "rate": 0.1},
            {"kind": "gzip_bomb", "bytes": BIG_ANSWER, "times": 3, "rate": 0.1}],
    "redirects": [{"kind": "redirect", "rate": 0.05}],
    "links": [{"kind": "answer_as", "form": "url", "rate": 0.4},
              {"kind": "result_url_status", "status": 503, "rate": 0.02},
              {"kind": "result_url_html", "rate": 0.02}],
    "pictures": [{"kind": "answer_as", "form": "png", "rate": 0.3}],
}


class Hands:
    """The servers and workers of a run, and every fault as a method: fault_NAME(chance)."""

    def __init__(self, server, sandbox, folder, say):
        self.server = server
        self.sandbox = sandbox
        self.folder = folder
        self.say = say
        self.workers = []  # alive
        self.started = 0
        self.stopped = set()  # by SIGSTOP
        self.leaving = []  # after SIGTERM
        self.wrong = []  # programs that ended as they must not
        self.redis_down = False
        self._later = []
        self._order = 0

    # --- time ---

    def after(self, seconds, act):
        self._order += 1
        heapq.heappush(self._later, (time.monotonic() + seconds, self._order, act))

    def do_due(self, everything=False):
        while self._later and (everything or self._later[0][0] <= time.monotonic()):
            heapq.heappop(self._later)[2]()

    # --- workers ---

    def start_worker(self):
        worker = Worker(self.server, self.sandbox, *WORKER_FLAGS)
        worker.number = self.started = self.started + 1
        worker.launch()
        self.workers.append(worker)

    def keep_log(self, worker):
        worker._reader.join()
        (self.folder / f"worker-{worker.number}.log").write_text("\n".join(worker.raw) + "\n")
        worker.process.stderr.close()

    def expect_exit(self, worker, allowed):
        status = worker.process.wait()
        self.keep_log(worker)
        if status == -signal.SIGTERM and not worker.events("listening"):
            return  # dismissed before it was up: it held nothing
        if status not in allowed:
            self.wrong.append(f"worker {worker.number} ended with {status}")

    def look_at_workers(self):
        """Nobody ends unasked; who was asked to leave does so in time."""
        for worker in [w for w in self.workers if w.process.poll() is not None]:
            self.workers.remove(worker)
            self.expect_exit(worker, ())
            self.start_worker()
        for worker, by in list(self.leaving):
            if worker.process.poll() is not None:
                self.leaving.remove((worker, by))
                self.expect_exit(worker, (0,))
            elif time.monotonic() > by:
                self.leaving.remove((worker, by))
                worker.process.kill()
                worker.process.wait()
                self.keep_log(worker)
                self.wrong.append(f"worker {worker.number} did not leave in time after SIGTERM")

    def choose(self, chance):
        free = [worker for worker in self.workers if worker not in self.stopped]
        return chance.choice(free) if free else None

    def fault_kill_worker(self, chance):
        worker = self.choose(chance)
        if worker is None:
            return
        self.workers.remove(worker)
        worker.process.kill()
        self.expect_exit(worker, (-signal.SIGKILL,))
        self.after(chance.random(), self.start_worker)

    def fault_stop_worker(self, chance):
        worker = self.choose(chance)
        if worker is None:
            return
        worker.send(signal.SIGSTOP)
        self.stopped.add(worker)
        self.after(LEASE_MS / 1000 * (1.2 + 2 * chance.random()), lambda: self.wake(worker))

    def wake(self, worker):
        worker.send(signal.SIGCONT)
        self.stopped.discard(worker)

    def fault_roll_worker(self, chance):
        worker = self.choose(chance)
        if worker is not None:
            self.dismiss(worker)
            self.start_worker()

    def dismiss(self, worker):
        self.workers.remove(worker)
        worker.send(signal.SIGTERM)
        self.leaving.append((worker, time.monotonic() + 20))

    # --- Redis ---

    def fault_kill_redis(self, chance):
        if self.redis_down:
            return
        self.server.kill()
        self.redis_down = True
        self.after(1.5 * chance.random(), self.start_redis)

    def start_redis(self):
        self.server.start()
        self.redis_down = False

    def fault_freeze_redis(self, chance):
        if self.redis_down:
            return
        process = self.server._process
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.2 + 2 * chance.random())  # everything waits for it anyway
        process.send_signal(signal.SIGCONT)

    def ask(self, *command):
        """What Redis answers; None while it is away."""
        try:
            with self.server.client(socket_timeout=5) as client:
                return client.execute_command(*command)
        except (redis.RedisError, OSError):
            return None

    def fault_cut_connections(self, chance):
        clients = self.ask("CLIENT LIST") or []
        chosen = [client for client in clients if client["name"].startswith("retouchd")]
        if chosen and chance.random() < 0.7:
            chosen = [chance.choice(chosen)]
        for client in chosen:
            self.ask("CLIENT KILL", "ID", client["id"])

    def fault_cut_all(self, chance):
        del chance
        self.ask("CLIENT KILL", "TYPE", "normal", "SKIPME", "yes")

    def fault_flush_scripts(self, chance):
        del chance
        self.ask("SCRIPT FLUSH")

    def fault_out_of_memory(self, chance):
        self.ask("CONFIG SET", "maxmemory", MAXMEMORY_TOO_SMALL)
        self.after(0.3 + chance.random(), self.enough_memory)

    def enough_memory(self):
        self.ask("CONFIG SET", "maxmemory", MAXMEMORY_NONE)

    def fault_pause(self, chance):
        self.ask("SET", "rt:{default}:paused", "chaos")
        self.ask("PUBLISH", "rt:{default}:control", "pause")
        self.after(0.3 + 1.2 * chance.random(), self.resume)

    def resume(self):
        self.ask("DEL", "rt:{default}:paused")
        self.ask("PUBLISH", "rt:{default}:control", "resume")

    # --- the API ---

    def fault_weather(self, chance):
        name = chance.choice(sorted(WEATHERS))
        self.say(f"    the API: {name}")
        self.sandbox.faults(*WEATHERS[name])

    # --- the end ---

    def calm(self):
        """No more faults: everything runs."""
        self.do_due(everything=True)
        self.sandbox.clear_faults()
        if self.redis_down:
            self.start_redis()
        self.enough_memory()
        self.resume()

    def kill_all(self):
        """Nothing is left behind, however the run went."""
        for worker in self.workers + [worker for worker, _ in self.leaving]:
            if worker.process.poll() is None:
                worker.process.kill()
                worker.process.wait()
                self.keep_log(worker)

    def end_workers(self):
        for worker in list(self.workers):
            self.dismiss(worker)
        while self.leaving:
            self.look_at_workers()
            time.sleep(0.02)


# How often, against each other.
WEIGHTS = {"weather": 6, "kill_worker": 4, "stop_worker": 3, "roll_worker": 3, "kill_redis": 1.5,
           "freeze_redis": 1, "cut_connections": 3, "cut_all": 1, "flush_scripts": 1,
           "out_of_memory": 1.5, "pause": 1}


def schedule(seed, seconds):
    """[(second, fault)], the same for the same seed."""
    chance = random.Random(f"{seed}/schedule")
    at, plan = 1.0, []
    while at < seconds:
        plan.append((at, chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]))
        at += chance.expovariate(1 / 0.6) + 0.1
    return plan

