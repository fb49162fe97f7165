"""The samples in deploy/: the Redis configuration lets everyone do their work, alerts name real metrics."""

import os
import re
import signal
import subprocess

import pytest
import redis

from producer import Producer
from redis_server import RedisServer
from sandbox import PHOTOS, ROOT, build_dir
from waiting import wait_for
from worker import Worker

DEPLOY = ROOT / "deploy"
ADMIN = {"username": "admin", "password": "admin"}
# Both are explained in the sample; the second is what a new redis-py says of itself.
REFUSED_ON_PURPOSE = {("retouch-worker", "config|get"), ("retouch-producer", "client|setinfo")}


class SampleServer(RedisServer):
    """A server with deploy/redis.conf, on a private socket, and a user for the test itself."""

    def start(self):
        command = ["redis-server", str(DEPLOY / "redis.conf"), "--port", "0", "--unixsocket", self.socket,
                   "--dir", self.folder, "--logfile", os.path.join(self.folder, "redis.log"),
                   "--user", *"admin on >admin ~* &* +@all".split()]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        with self.client(**ADMIN) as client:
            wait_for("Redis", lambda: self.answers(client))
        return self

    def answers(self, client):
        assert self._process.poll() is None, "redis-server refuses deploy/redis.conf"
        try:
            return client.ping()
        except (redis.ConnectionError, FileNotFoundError):
            return False

    def url_of(self, user, password):
        return f"unix://{user}:{password}@{self.socket}"


@pytest.fixture
def sample_server():
    with SampleServer() as running:
        yield running


@pytest.fixture
def admin(sample_server):
    """Afterwards nothing may have been refused to anyone."""
    with sample_server.client(**ADMIN) as client:
        client.acl_log_reset()
        yield client
        refused = {(entry["username"], entry["object"]) for entry in client.acl_log()}
        assert refused <= REFUSED_ON_PURPOSE


@pytest.fixture
def producer(sample_server):
    with sample_server.client(username="retouch-producer", password="CHANGE_ME_PRODUCER") as client:
        yield Producer(client)


@pytest.fixture
def worker_url(sample_server):
    return sample_server.url_of("retouch-worker", "CHANGE_ME_WORKER")


def state_of(producer, job_id):
    return (producer.redis.hget(producer.key("job", job_id), "state") or b"").decode()


def retouch(url, *arguments):
    program = build_dir() / "src" / "main" / "retouch"
    return subprocess.run([str(program), *arguments, "--redis", url], capture_output=True, text=True, timeout=60)


def test_worker_and_plain_producer_may_do_their_work(admin, producer, worker_url, sandbox):
    photo = (PHOTOS / "portrait.jpg").read_bytes()
    with Worker(worker_url, sandbox, "--set", "retry.base=1ms"):
        sandbox.faults({"kind": "status", "status": 500, "code": 10002, "times": 1})
        producer.push("again", photo, reply_to="me")
        assert producer.redis.brpop(producer.key("reply", "me"), timeout=30)[1] == b"again"
        assert producer.redis.get(producer.key("result", "again")).startswith(b"\xff\xd8")
        producer.push("wrong", photo, effect="none")
        producer.push_raw(b"\xff no job")
        wait_for("the end of the wrong one", lambda: state_of(producer, "wrong") == "dead")
        wait_for("the one that is no job", lambda: admin.llen(producer.key("rejected")) == 1)


def test_worker_may_take_over_from_a_dead_one(admin, producer, worker_url, sandbox):
    sandbox.faults({"kind": "status", "status": 500, "code": 10002, "times": 1, "latency_ms": 60000})
    lease = ("--set", "worker.lease=500ms", "--set", "retry.unknown=1")
    first = Worker(worker_url, sandbox, *lease).start()
    producer.push("orphan", (PHOTOS / "portrait.jpg").read_bytes())
    wait_for("the call", lambda: sandbox.log()["in_flight"] == 1)
    first.process.send_signal(signal.SIGKILL)
    first.process.wait()
    with Worker(worker_url, sandbox, *lease):
        wait_for("the second worker's result", lambda: state_of(producer, "orphan") == "done")


def test_library_and_operator_may_do_their_work(admin, sample_server, worker_url, sandbox, tmp_path):
    producer_url = sample_server.url_of("retouch-producer", "CHANGE_ME_PRODUCER")
    with Worker(worker_url, sandbox):
        pushed = retouch(producer_url, "push", "--wait", "--out", str(tmp_path / "out"), str(PHOTOS / "portrait.jpg"))
        assert pushed.returncode == 0, pushed.stderr
        job = admin.xrange("rt:{default}:events")[0][1][b"id"].decode()
        for command in ("ls", "stats", "workers", "pause", "resume", "fsck", "top --once", f"why {job}",
                        f"purge {job}"):
            done = retouch(worker_url, *command.split())
            assert done.returncode == 0, done.stderr


def test_worker_may_run_all_that_scripts_call():
    sample = (DEPLOY / "redis.conf").read_text()
    allowed = set(re.search(r"^user retouch-worker (.*)", sample, re.M)[1].split())
    for script in (ROOT / "src" / "queue" / "lua").glob("*.lua"):
        for command in re.findall(r"redis\.p?call\(\s*['\"](\w+)", script.read_text()):
            assert "+" + command.lower() in allowed, f"{script.name}: {command}"


def test_everybody_else_is_kept_out(sample_server, producer):
    with sample_server.client() as nobody, pytest.raises(redis.AuthenticationError):
        nobody.ping()
    for forbidden in (["FLUSHALL"], ["KEYS", "*"], ["DEL", producer.key("jobs")], ["GET", "other"], ["CONFIG", "GET", "*"]):
        with pytest.raises(redis.exceptions.NoPermissionError):
            producer.redis.execute_command(*forbidden)


def test_alerts_name_metrics_that_are_there(sandbox):
    named = set(re.findall(r"\bretouch_[a-z_]+", (DEPLOY / "alerts.yml").read_text()))
    assert named
    with RedisServer() as store, Worker(store, sandbox) as worker:

        def missing():
            return named - set(re.findall(r"^(retouch_[a-z_]+)", worker.get("/metrics")[2], re.M))

        # What it knows of Redis comes a moment after the start.
        wait_for("all that alerts name", lambda: not missing())
