#!/usr/bin/env python3
"""What install_packages of tools/packages.sh does, with stubs in the place of Debian's programs."""

import os
import pathlib
import select
import shutil
import subprocess
import unittest

from stubs import WithStubs

packages_sh = pathlib.Path(__file__).resolve().parents[2] / "tools/packages.sh"
# The only others that install_packages may find.
tools = ("bash", "env", "flock", "grep", "install", "mktemp", "rm", "tail")


class Pipe:
    """What programs write into it, line by line."""

    def __init__(self, path):
        os.mkfifo(path)
        self.path = path
        self.fd = os.open(path, os.O_RDWR)

    def close(self):
        os.close(self.fd)

    def line(self):
        text = b""
        while not text.endswith(b"\n") and select.select([self.fd], [], [], 30)[0]:
            text += os.read(self.fd, 1)
        return text.decode().rstrip()


class InstallPackages(WithStubs):
    def setUp(self):
        super().setUp()
        for tool in tools:
            (self.path / tool).symlink_to(shutil.which(tool))
        self.stub("dpkg-query", '[ "${!#}" = there ] && echo "ii "')
        self.stub("id", "echo 0")
        self.stub("apt-get", self.noted("apt-get DEBIAN_FRONTEND=$DEBIAN_FRONTEND"))
        self.policy = self.folder / "policy-rc.d"

    def start(self, *packages):
        running = subprocess.Popen(
            ["bash", "-c", 'set -euo pipefail; . "$0"; services_policy=$POLICY; install_packages "$@"', packages_sh, *packages],
            env={"PATH": str(self.path), "TMPDIR": str(self.folder), "POLICY": str(self.policy)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(running.kill)
        return running

    def end_of(self, running):
        out, err = running.communicate(timeout=60)
        return subprocess.CompletedProcess(running.args, running.returncode, out, err)

    def install(self, *packages):
        return self.end_of(self.start(*packages))

    def test_nothing_happens_when_all_are_there(self):
        ran = self.install("there")
        self.assertEqual((ran.returncode, ran.stdout, ran.stderr), (0, "", ""))
        self.assertEqual(self.calls(), [])

    def test_what_is_missing_is_installed_and_nothing_else(self):
        ran = self.install("there", "one", "two")
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        self.assertEqual(ran.stdout, "Installing 2 packages: one two\n")
        self.assertEqual(
            self.calls(),
            [
                "apt-get DEBIAN_FRONTEND=noninteractive update -q",
                "apt-get DEBIAN_FRONTEND=noninteractive install -y -q --no-install-recommends one two",
            ],
        )

    def test_a_package_that_was_removed_but_for_its_settings_is_missing(self):
        self.stub("dpkg-query", 'echo "rc "')
        self.assertEqual(self.install("one").returncode, 0)
        self.assertEqual(len(self.calls()), 2)

    def test_others_than_root_ask_sudo_and_the_environment_gets_through(self):
        self.stub("id", "echo 1000")
        self.stub("sudo", f'{self.noted("sudo DEBIAN_FRONTEND=$DEBIAN_FRONTEND")}\nexec env -i PATH="$PATH" "$@"')
        self.assertEqual(self.install("one").returncode, 0)
        calls = self.calls()
        self.assertEqual(len(calls), 6)
        update, updates, policy, install, installs, clean = calls
        for asked, done, verb in ((update, updates, "update"), (install, installs, "install")):
            self.assertIn(" env DEBIAN_FRONTEND=noninteractive apt-get " + verb, asked)
            self.assertTrue(done.startswith("apt-get DEBIAN_FRONTEND=noninteractive " + verb), done)
        self.assertTrue(policy.endswith(f" install -m 755 /dev/stdin {self.policy}"), policy)
        self.assertTrue(clean.endswith(f" rm -f {self.policy}"), clean)
        self.assertFalse(self.policy.exists())

    def test_without_root_and_sudo_it_says_what_is_missing(self):
        self.stub("id", "echo 1000")
        ran = self.install("one", "there", "two")
        self.assertEqual((ran.returncode, ran.stdout), (1, ""))
        self.assertEqual(ran.stderr, "These packages are missing and neither root nor sudo is at hand: one two\n")
        self.assertEqual(self.calls(), [])

    def services_allowed(self):
        return f'[ -x "{self.policy}" ] && {{ "{self.policy}"; echo "$1: $?" >>"{self.folder}/allowed"; }}'

    def test_no_service_is_started_and_afterwards_they_may_again(self):
        self.stub("apt-get", self.services_allowed() + ' || true')
        self.assertEqual(self.install("one").returncode, 0)
        self.assertEqual((self.folder / "allowed").read_text(), "install: 101\n")
        self.assertFalse(self.policy.exists())
        self.stub("apt-get", self.services_allowed() + '; [ "$1" = update ]')
        self.assertEqual(self.install("one").returncode, 1)
        self.assertEqual((self.folder / "allowed").read_text(), "install: 101\n" * 2)
        self.assertFalse(self.policy.exists())

    def test_two_at_once_install_one_after_the_other_and_start_nothing(self):
        signs, go = Pipe(self.folder / "signs"), Pipe(self.folder / "go")
        self.addCleanup(signs.close)
        self.addCleanup(go.close)
        self.stub("flock", f'echo lock >"{signs.path}"\nexec {shutil.which("flock")} "$@"')
        self.stub(
            "apt-get",
            f'[ "$1" = install ] || exit 0\n'
            f'echo "begin ${{!#}}" >"{signs.path}"\n'
            f'[ "${{!#}}" != first ] || read -r _ <"{go.path}"\n'
            f'"{self.policy}"; echo "end ${{!#}}, services $?" >"{signs.path}"',
        )
        first = self.start("first")
        self.assertEqual([signs.line(), signs.line()], ["lock", "begin first"])
        second = self.start("second")
        self.assertEqual(signs.line(), "lock")
        self.assertEqual(subprocess.run(["flock", "-n", str(self.folder), "true"]).returncode, 1)
        os.write(go.fd, b"\n")
        self.assertEqual([self.end_of(run).returncode for run in (first, second)], [0, 0])
        self.assertEqual(
            [signs.line() for _ in range(3)], ["end first, services 101", "begin second", "end second, services 101"]
        )
        self.assertFalse(self.policy.exists())

    def test_a_policy_that_was_left_behind_goes(self):
        self.policy.write_text("#!/bin/sh\n# There while packages are installed by ./run or ./test of switchyard.\nexit 101\n")
        self.assertEqual(self.install("one").returncode, 0)
        self.assertFalse(self.policy.exists())

    def test_without_a_policy_nothing_is_installed(self):
        self.stub("install", "exit 1")
        self.assertEqual(self.install("one").returncode, 1)
        self.assertEqual(self.calls(), ["apt-get DEBIAN_FRONTEND=noninteractive update -q"])

    def test_a_policy_of_the_operators_stays(self):
        self.policy.write_text("#!/bin/sh\nexit 104\n")
        self.policy.chmod(0o755)
        self.assertEqual(self.install("one").returncode, 0)
        self.assertEqual(self.policy.read_text(), "#!/bin/sh\nexit 104\n")

    def test_of_a_failure_the_end_of_the_log_is_shown(self):
        self.stub("apt-get", 'for i in {1..30}; do echo "line $i of $1"; done; [ "$1" = update ]')
        ran = self.install("one")
        self.assertEqual(ran.returncode, 1)
        self.assertEqual(
            ran.stderr.splitlines(), ["Installing failed:"] + [f"line {i} of install" for i in range(11, 31)]
        )
        self.assertEqual([file.name for file in self.folder.iterdir()], ["bin"])


if __name__ == "__main__":
    unittest.main()
