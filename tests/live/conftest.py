"""Fixtures of the live tests."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from producer import Producer  # noqa: E402
from redis_server import RedisServer  # noqa: E402
from sandbox import PHOTOS, Sandbox  # noqa: E402
from worker import Worker  # noqa: E402


@pytest.fixture
def sandbox():
    """A sandbox without latency, for one test."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def store():
    """A private redis-server, for one test."""
    with RedisServer() as running:
        yield running


@pytest.fixture
def producer(store):
    """The default queue of that server."""
    with store.client() as client:
        yield Producer(client)


@pytest.fixture
def start_worker(store, sandbox):
    """Starts workers on the test's server and sandbox; in the end each must drain and exit 0."""
    workers = []

    def start(*flags, redis=store, api=sandbox, ready=True, env=None):
        worker = Worker(redis, api, *flags, env=env)
        workers.append(worker)
        return worker.start(ready)

    yield start
    statuses = [worker.stop() for worker in workers]
    assert all(status in (None, 0) for status in statuses), statuses


@pytest.fixture
def studio():
    """A sandbox that serves the sample photos."""
    with Sandbox("--photos", PHOTOS) as running:
        yield running


@pytest.fixture
def gallery(tmp_path):
    """A folder to put photos in, and a sandbox that serves it."""
    with Sandbox("--photos", tmp_path) as running:
        yield tmp_path, running
