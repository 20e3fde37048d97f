#!/usr/bin/env python3
"""What tests/haproxy-versions does with what it has and what it cannot get, with stubs in the place of Debian's programs."""

import os
import pathlib
import subprocess
import unittest

from stubs import WithStubs

haproxy_versions = pathlib.Path(__file__).resolve().parents[2] / "tests/haproxy-versions"


class HAProxyVersions(WithStubs):
    def setUp(self):
        super().setUp()
        self.cache = self.folder / "cache"
        # No packages are missing, no archive is there, and nothing is installed.
        self.stub("dpkg-query", 'echo "ii "')
        self.stub("haproxy", "exit 1")
        for program in ("apt-get", "apt-cache", "apt-config", "curl", "dpkg"):
            self.stub(program, self.noted(program))

    def have(self, version):
        folder = self.cache / version
        folder.mkdir(parents=True)
        self.stub("haproxy", f'echo "HAProxy version {version}.1-1 2026/01/01"', folder)
        return f"{version} {folder}/haproxy\n"

    def install(self, version):
        self.stub("haproxy", f'echo "HAProxy version {version}.1-1 2026/01/01"')

    def ask(self, *versions):
        return subprocess.run(
            [haproxy_versions, *versions],
            env={
                "PATH": f"{self.path}:{os.environ['PATH']}",
                "TMPDIR": str(self.folder),
                "SWITCHYARD_HAPROXY_CACHE": str(self.cache),
            },
            capture_output=True,
            text=True,
            timeout=30,
        )

    def test_what_is_there_is_named_and_not_fetched(self):
        there = self.have("2.6") + self.have("3.0") + self.have("3.2") + self.have("3.4")
        ran = self.ask()
        self.assertEqual((ran.returncode, ran.stdout, ran.stderr), (0, there, ""))
        self.assertEqual(self.calls(), [])

    def test_the_installed_version_is_not_wanted_a_second_time(self):
        there = self.have("3.0") + self.have("3.2") + self.have("3.4")
        self.install("2.6")
        ran = self.ask()
        self.assertEqual((ran.returncode, ran.stdout, ran.stderr), (0, there, ""))
        self.assertEqual(self.calls(), [])

    def test_a_version_that_may_be_missing_is_told_in_one_line(self):
        there = self.have("2.6") + self.have("3.0") + self.have("3.4")
        ran = self.ask("2.6", "3.0", "3.2", "3.4")
        self.assertEqual((ran.returncode, ran.stdout), (0, there))
        self.assertEqual(ran.stderr, "HAProxy 3.2 cannot be had here: apt has no sources\n")
        self.assertTrue(any(call.startswith("apt-get update") for call in self.calls()), self.calls())

    def test_a_version_that_must_not_be_missing_is_a_failure(self):
        for needed in ("2.6", "3.0"):
            with self.subTest(needed):
                ran = self.ask(needed)
                self.assertEqual((ran.returncode, ran.stdout), (1, ""))
                self.assertIn(f"The tests need HAProxy {needed}, and the installed one is none\n", ran.stderr)

    def test_one_that_is_installed_may_be_missing_beside_it(self):
        self.install("3.0")
        ran = self.ask("3.0")
        self.assertEqual((ran.returncode, ran.stdout), (0, ""))
        self.assertEqual(len(ran.stderr.splitlines()), 1, ran.stderr)

    def test_a_broken_one_in_the_cache_is_not_taken_for_it(self):
        self.have("3.2")
        self.stub("haproxy", "exit 1", self.cache / "3.2")
        ran = self.ask("3.2")
        self.assertEqual((ran.returncode, ran.stdout), (0, ""))
        self.assertIn("3.2", ran.stderr)

    def test_what_is_no_version_is_refused(self):
        ran = self.ask("latest")
        self.assertEqual((ran.returncode, ran.stderr), (2, "Not a version like 3.0: latest\n"))

    def test_nothing_is_left_of_an_attempt(self):
        self.ask("3.2")
        self.assertEqual([file.name for file in self.cache.iterdir()], ["lock"])


if __name__ == "__main__":
    unittest.main()
