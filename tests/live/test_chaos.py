"""A minute of everything going wrong at once. tools/chaos does more of it, with other seeds."""

import subprocess

from sandbox import ROOT

SEED = 1


def test_every_promise_holds_through_a_minute_of_faults():
    run = subprocess.run([str(ROOT / "tools" / "chaos"), "--minutes", "1", "--seed", str(SEED)],
                         capture_output=True, text=True, timeout=500, check=False)
    assert run.returncode == 0, run.stdout[-20000:] + run.stderr[-5000:]
