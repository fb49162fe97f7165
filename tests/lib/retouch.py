"""Runs `retouch` as an operator does."""

import json
import os
import subprocess

from sandbox import build_dir


class Retouch:
    """The command on the test's server."""

    def __init__(self, url, folder):
        self.program = str(build_dir() / "src" / "main" / "retouch")
        self.env = dict(os.environ, RETOUCH_REDIS=url)
        self.folder = folder

    def run(self, *args, status=0):
        done = subprocess.run([self.program, *map(str, args)], env=self.env, cwd=self.folder,
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == status, (args, done.returncode, done.stdout, done.stderr)
        return done

    def lines(self, *args, status=0):
        return [json.loads(line) for line in self.run(*args, "--json", status=status).stdout.splitlines()]

    def one(self, *args, status=0):
        [line] = self.lines(*args, status=status)
        return line
