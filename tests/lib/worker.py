"""Starts retouchd, reads its log lines and its pages, ends it by its pid."""

import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import exposition
from sandbox import build_dir
from waiting import wait_for

FIELD = re.compile(r' ?([a-z_]+)=("(?:[^"\\]|\\.)*"|[^ "]*)')
ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|.)")
LOG_LINES = 40  # shown of a worker's log: meson shows no more than a hundred of a failed test
LETTERS = {"n": "\n", "t": "\t", "r": "\r"}


def parse_line(line):
    """The fields of one log line; None where it is no log line."""
    fields, at = {}, 0
    while at < len(line):
        match = FIELD.match(line, at)
        if match is None:
            return None
        key, value = match.groups()
        if value.startswith('"'):
            value = ESCAPE.sub(lambda m: chr(int(m[1][1:], 16)) if len(m[1]) == 3
                               else LETTERS.get(m[1], m[1]), value[1:-1])
        fields[key] = value
        at = match.end()
    return fields if {"ts", "lvl", "ev"} <= fields.keys() else None


def is_sanitized():
    """Built with AddressSanitizer, which keeps freed memory and adds to all the rest."""
    return b"__asan_init" in (build_dir() / "src" / "main" / "retouchd").read_bytes()


class Worker:
    """A running retouchd.

    with Worker(redis_server, sandbox, "--concurrency", 4) as worker:
        worker.wait_for_event("job_done", job="a")
        assert worker.metrics().value("retouch_jobs_total", outcome="done") == 1
    """

    def __init__(self, redis, sandbox, *flags, env=None):
        """redis and sandbox: what has a url, or the URL; None: not named on the command line."""
        self.flags = [str(flag) for flag in flags]
        self.env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "MEITU_OPENAPI_ACCESS_KEY": "key-of-tests",
                    "MEITU_OPENAPI_SECRET_KEY": "secret-of-tests"}
        self.env.update({name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS",
                                                             "LSAN_OPTIONS") if name in os.environ})
        self.env.update(env or {})
        for flag, of in (("--redis", redis), ("--api-base-url", sandbox)):
            if of is not None:
                self.flags = [flag, getattr(of, "url", of)] + self.flags
        self.process = None
        self.url = None
        self.raw = []   # every line of standard error
        self.lines = []  # those that are log lines, as fields
        self._reader = None

    def launch(self):
        """Returns at once, for programs that are not to start."""
        program = build_dir() / "src" / "main" / "retouchd"
        command = [str(program), "--listen", "127.0.0.1:0", *self.flags]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                        env=self.env, text=True, errors="backslashreplace")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def start(self, ready=True):
        """Returns when it listens and, unless told otherwise, has its lease."""
        self.launch()
        line = self.wait_for_event("listening")
        self.url = f"http://{line['address']}:{line['port']}"
        if ready:
            wait_for("/readyz", lambda: self.get("/readyz")[0] == 200)
        return self

    def _read(self):
        for line in self.process.stderr:
            line = line.rstrip("\n")
            self.raw.append(line)
            fields = parse_line(line)
            if fields is not None:
                self.lines.append(fields)

    # --- what it says ---

    def events(self, event, **fields):
        """The log lines of that event whose fields are these."""
        return [line for line in list(self.lines) if line["ev"] == event
                and all(line.get(key) == str(value) for key, value in fields.items())]

    def wait_for_event(self, event, **fields):
        def look():
            found = self.events(event, **fields)
            if not found and self.process.poll() is not None:
                self._reader.join()
                found = self.events(event, **fields)
                if not found:
                    raise AssertionError(f"retouchd ended with {self.process.returncode}: "
                                         + "\n".join(self.raw[-20:]))
            return found
        return wait_for(f"log line {event} {fields}", look)[0]

    def get(self, path):
        """Status, headers, text."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=30) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read().decode()

    def metrics(self):
        return exposition.parse(self.get("/metrics")[2])

    def memory_kb(self, row="VmHWM"):
        """The most memory it had so far."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(row + ":"))

    # --- how it ends ---

    def send(self, number):
        self.process.send_signal(number)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def wait_for_exit(self, patience_s=60):
        """The exit status; its log is complete then."""
        status = self.process.wait(timeout=patience_s)
        self._reader.join()
        return status

    def stop(self, number=signal.SIGTERM):
        """The exit status after that signal; it is killed where it does not heed it."""
        if self.process is None:
            return None
        if self.is_running():
            self.send(number)
        try:
            status = self.wait_for_exit()
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.wait_for_exit()
        self.process.stderr.close()
        self.process = None
        print(f"--- log of retouchd, status {status}", *self.raw[-LOG_LINES:], sep="\n", file=sys.stderr)
        return status

    def kill(self):
        """As a crash does it."""
        return self.stop(signal.SIGKILL)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
