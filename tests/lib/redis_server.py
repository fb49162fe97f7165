"""A private redis-server on a Unix socket, for live tests: nothing listens on a port."""
import os
import shutil
import subprocess
import tempfile

import redis


class RedisServer:
    """Started by start(); data outlives restart() and kill() followed by start(), not stop()."""

    def __init__(self, folder=None, options=()):
        self._own_folder = folder is None
        # Not pytest's tmp_path: a socket's path has room for 107 bytes only.
        self.folder = folder or tempfile.mkdtemp(prefix="rt")
        self.socket = os.path.join(self.folder, "redis.sock")
        self.url = "unix://" + self.socket
        self._options = list(options)
        self._process = None

    def start(self):
        """Returns when the server answers and has loaded its data."""
        command = ["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self.folder,
                   "--appendonly", "yes", "--appendfsync", "no", "--save", "",
                   "--logfile", os.path.join(self.folder, "redis.log")] + self._options
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.01), 1000)
        with self.client(retry=retry, retry_on_error=[
                redis.ConnectionError, redis.exceptions.BusyLoadingError, FileNotFoundError,
                ConnectionRefusedError]) as client:
            client.ping()
        return self

    def client(self, **options):
        return redis.Redis(unix_socket_path=self.socket, **options)

    def kill(self):
        """As a crash does it: at once, with no farewell."""
        self._process.kill()
        self._process.wait()

    def restart(self):
        """Ends in good order and starts again with the data that were there."""
        self._process.terminate()
        self._process.wait()
        self.start()

    def stop(self):
        if self._process is not None and self._process.poll() is None:
            self.kill()
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
