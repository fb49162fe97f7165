"""tools/test_summary counts what cmocka, pytest and TAP programs say, and hides no failure.

SPDX-License-Identifier: MIT
"""

import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
PATH = str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "test_summary")
LOADER = importlib.machinery.SourceFileLoader("summary", PATH)
summary = importlib.util.module_from_spec(importlib.util.spec_from_loader("summary", LOADER))
LOADER.exec_module(summary)

CMOCKA = """[==========] Running 4 test(s).
[ RUN      ] good
[       OK ] good
[ RUN      ] bad
[  FAILED  ] bad
[ RUN      ] left_out
[  SKIPPED ] left_out
[ RUN      ] setup_fails
[==========] 4 test(s) run.
"""
CMOCKA_GOOD = """[==========] Running 1 test(s).
[ RUN      ] good
[       OK ] good
[==========] 1 test(s) run.
"""


def counted(stdout: str, result: str = "FAIL", **more) -> str:
    return summary.line(summary.count_test({"stdout": stdout, "result": result, **more}))


class Cases(unittest.TestCase):
    def test_cmocka_cases_are_counted_one_by_one(self):
        self.assertEqual(counted(CMOCKA), "1 passed, 2 failed, 1 skipped")

    def test_two_cmocka_groups_of_one_program_add_up(self):
        self.assertEqual(counted(CMOCKA + CMOCKA_GOOD), "2 passed, 2 failed, 1 skipped")

    def test_cmocka_closing_list_on_standard_error_counts_nothing_twice(self):
        stderr = "[  SKIPPED ] 1 test(s), listed below:\n[  SKIPPED ] left_out\n"
        self.assertEqual(counted(CMOCKA, stderr=stderr), "1 passed, 2 failed, 1 skipped")

    def test_a_leak_at_exit_is_a_failure_though_every_case_passed(self):
        self.assertEqual(counted(CMOCKA_GOOD), "1 passed, 1 failed")

    def test_a_failed_case_counts_though_the_program_exits_0(self):
        self.assertEqual(counted(CMOCKA, "OK"), "1 passed, 2 failed, 1 skipped")

    def test_pytest_closing_line_is_read_quiet_or_not(self):
        words = "1 failed, 2 passed, 1 skipped, 1 xfailed, 3 warnings, 1 error in 0.12s"
        self.assertEqual(counted(words + "\n"), "3 passed, 2 failed, 1 skipped")
        self.assertEqual(counted(f"==== {words} ====\n"), "3 passed, 2 failed, 1 skipped")
        self.assertEqual(counted("3 passed in 75.10s (0:01:15)\n", "OK"), "3 passed, 0 failed")

    def test_a_pytest_that_found_no_test_has_failed(self):
        self.assertEqual(counted("no tests ran in 0.01s\n"), "0 passed, 1 failed")

    def test_tap_lines_are_counted(self):
        tap = "TAP version 13\n1..3\nok 1 a\nnot ok 2 b\nok 3 c # SKIP no redis\n"
        self.assertEqual(counted(tap), "1 passed, 1 failed, 1 skipped")

    def test_a_program_that_tells_nothing_is_one_case(self):
        self.assertEqual(counted("", "OK"), "1 passed, 0 failed")
        self.assertEqual(counted("", "SKIP"), "0 passed, 0 failed, 1 skipped")
        for result in ("FAIL", "TIMEOUT", "ERROR", "INTERRUPT", "UNEXPECTEDPASS"):
            self.assertEqual(counted("", result), "0 passed, 1 failed")


class Stages(unittest.TestCase):
    def run_main(self, *stages: str) -> tuple:
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            old, sys.argv = sys.argv, ["test_summary", *stages]
            try:
                status = summary.main()
            finally:
                sys.argv = old
        return status, output.getvalue().splitlines()[-1]

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        os.mkdir(os.path.join(self.directory, "meson-logs"))

    def write_log(self, *tests: dict):
        with open(os.path.join(self.directory, "meson-logs", "testlog.json"), "w") as log:
            for test in tests:
                log.write(json.dumps(test) + "\n")

    def test_the_last_line_is_the_plain_sum(self):
        self.write_log({"name": "a", "result": "OK", "stdout": CMOCKA_GOOD}, {"name": "b", "result": "OK"})
        self.assertEqual(self.run_main(f"{self.directory}:0"), (0, "2 passed, 0 failed"))

    def test_what_did_not_build_has_failed(self):
        self.write_log({"name": "a", "result": "OK"})
        stages = (f"{self.directory}:0", "build-x:unbuilt")
        self.assertEqual(self.run_main(*stages), (1, "1 passed, 1 failed"))

    def test_a_run_without_a_test_has_failed(self):
        self.assertEqual(self.run_main(f"{self.directory}:0"), (1, "0 passed, 1 failed"))
        self.assertEqual(self.run_main(), (1, "0 passed, 1 failed"))

    def test_a_run_that_broke_off_has_failed(self):
        self.write_log({"name": "a", "result": "OK"})
        self.assertEqual(self.run_main(f"{self.directory}:137"), (1, "1 passed, 1 failed"))


if __name__ == "__main__":
    unittest.main()
