"""Waiting for what the outside shows: a condition is asked again and again until a deadline."""

import time

PATIENCE_S = 30  # far more than anything takes: only a failing test ever waits that long
EVERY_S = 0.005


class TooLate(AssertionError):
    """The condition did not come true; the message tells what was waited for and what there was."""


def wait_for(what, condition, patience_s=PATIENCE_S):
    """Returns the first true value of condition()."""
    give_up_at = time.monotonic() + patience_s
    while not (value := condition()):
        if time.monotonic() > give_up_at:
            raise TooLate(f"waited {patience_s} s for {what}; last: {value!r}")
        time.sleep(EVERY_S)
    return value
