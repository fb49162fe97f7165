"""Starts retouch-sandbox on a free port, scripts it and reads what it was asked."""

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PHOTOS = ROOT / "tests" / "data" / "photos"


def build_dir():
    """RETOUCH_BUILD, or `build` at the root of the tree."""
    return Path(os.environ.get("RETOUCH_BUILD") or ROOT / "build")


class Sandbox:
    """A running sandbox.

    with Sandbox("--latency-ms", "50") as sandbox:
        sandbox.faults({"kind": "status", "status": 500, "code": 10002, "times": 1})
        ...
        assert sandbox.billed() == 1
    """

    def __init__(self, *flags, listen="127.0.0.1:0"):
        self.flags = [str(flag) for flag in flags]
        self.listen = listen
        self.process = None
        self.url = None

    def start(self):
        program = build_dir() / "tools" / "sandbox" / "retouch-sandbox"
        self.process = subprocess.Popen(
            [str(program), "--listen", self.listen, *self.flags],
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            status = self.process.wait()
            raise RuntimeError(f"retouch-sandbox ended with {status}")
        self.url = line.split()[-1]
        return self

    def stop(self):
        """SIGTERM; returns the exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.process.stdout.close()
        self.process = None
        return status

    def kill(self):
        self.process.kill()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    @property
    def port(self):
        return int(self.url.rsplit(":", 1)[1])

    def request(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise ValueError(error.read().decode()) from None

    def log(self, since=0):
        """The whole list: count, in_flight, in_flight_max, calls."""
        return self.request("GET", f"/_sandbox/calls?since={since}")

    def calls(self, since=0):
        return self.log(since)["calls"]

    def billed(self):
        """How many calls would have been paid for."""
        return sum(call["billed"] for call in self.calls())

    def faults(self, *faults):
        """Replaces the script by these faults."""
        return self.request("POST", "/_sandbox/faults", {"faults": list(faults)})

    def fault_counts(self):
        return self.request("GET", "/_sandbox/faults")["faults"]

    def clear_faults(self):
        self.request("DELETE", "/_sandbox/faults")

    def reset(self):
        """Forgets the calls and the faults."""
        self.clear_faults()
        self.request("DELETE", "/_sandbox/calls")
