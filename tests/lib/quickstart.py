"""Runs tools/quickstart, and knows everything that it has started."""

import os
import subprocess
import uuid
from pathlib import Path

from sandbox import ROOT
from waiting import wait_for

SCRIPT = ROOT / "tools" / "quickstart"


class Quickstart:
    """Runs the script in a folder of its own; its processes are known by a mark in their environment."""

    def __init__(self, folder, build):
        self.folder = folder
        self.build = build
        self.mark = "QUICKSTART_TEST=" + uuid.uuid4().hex
        self.environment = dict(os.environ)
        for name in list(self.environment):
            if name.startswith(("MEITU_", "RETOUCH_")):
                del self.environment[name]
        name, value = self.mark.split("=")
        self.environment[name] = value

    def command(self, *arguments):
        return [str(SCRIPT), "--build", str(self.build), *map(str, arguments)]

    def run(self, *arguments, **environment):
        return subprocess.run(self.command(*arguments), cwd=self.folder, capture_output=True, text=True,
                              env={**self.environment, **environment}, stdin=subprocess.DEVNULL, timeout=120)

    def start(self, *arguments):
        return subprocess.Popen(self.command(*arguments), cwd=self.folder, text=True, env=self.environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                start_new_session=True)

    def processes(self):
        """The command lines of all that were started by the script and live."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if self.mark.encode() in (folder / "environ").read_bytes():
                    found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                pass  # gone, or not ours to read
        return found

    def wait_for_quiet(self):
        wait_for("the end of all that was started", lambda: not self.processes())


def read_until(process, beginning):
    """The lines up to that one."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith(beginning):
            return lines
    raise AssertionError("it ended with: " + "".join(lines))
