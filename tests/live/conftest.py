"""Fixtures of the live tests."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from sandbox import Sandbox  # noqa: E402


@pytest.fixture
def sandbox():
    """A sandbox without latency, for one test."""
    with Sandbox() as running:
        yield running
