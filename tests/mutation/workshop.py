# SPDX-License-Identifier: Apache-2.0
"""A copy of the tree in which one mutant at a time is built and tried, out of the way of the tree's own build."""
import os
import shutil
import signal
import subprocess
import time


class Workshop:
    """In `directory`, which is the workshop's alone. The tests are built as tier unit builds them, with sanitizers."""

    def __init__(self, tree, directory):
        self.tree, self.directory = tree, directory
        self.copy = os.path.join(directory, "tree")
        self.build = os.path.join(directory, "build")
        self.patience = {}  # seconds that each program may take, by its path

    def prepare(self):
        """Copies, builds, and runs every unit test program once: each must pass as it is. Returns what failed."""
        self._copy_tree()
        environment = {**os.environ, "CCACHE_BASEDIR": self.copy}
        flags = "-O0 -g0 -w"  # a mutant is not to fail by a warning
        configure = ["cmake", "-G", "Ninja", "-S", self.copy, "-B", self.build, "-DCMAKE_BUILD_TYPE=RelWithDebInfo"]
        configure += [f"-DCMAKE_CXX_FLAGS_RELWITHDEBINFO={flags}", "-DCAISSON_SANITIZE=address,undefined", "-DCAISSON_BENCHMARKS=OFF"]
        subprocess.run(configure, check=True, stdout=subprocess.DEVNULL, env=environment)
        self.programs = self._test_programs()
        if not self._make():
            return ["the build"]
        failed = []
        for program in self.programs:
            begun = time.monotonic()
            if not self.passes(program, 600):
                failed.append(os.path.basename(program))
            self.patience[program] = 20 + 3 * (time.monotonic() - begun)
        return failed

    def _copy_tree(self):
        """What git knows of, as it lies in the working tree; what is there already and the same keeps its time."""
        names = subprocess.run(["git", "-C", self.tree, "ls-files", "-z"], check=True, capture_output=True, text=True).stdout
        wanted = {name for name in names.split("\0") if name and os.path.lexists(os.path.join(self.tree, name))}
        for name in sorted(wanted):
            source, target = os.path.join(self.tree, name), os.path.join(self.copy, name)
            if os.path.isfile(target) and open(source, "rb").read() == open(target, "rb").read():
                continue
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(source, target, follow_symlinks=False)
        for folder, _, files in os.walk(self.copy):
            for file in files:
                path = os.path.join(folder, file)
                if os.path.relpath(path, self.copy) not in wanted:
                    os.unlink(path)

    def _test_programs(self):
        shown = subprocess.run(["ctest", "--test-dir", self.build, "-N", "-L", "^unit$"], check=True, capture_output=True, text=True).stdout
        names = [line.split("unit.")[1].strip() for line in shown.splitlines() if ": unit." in line]
        return [os.path.join(self.build, "bin", name) for name in names]

    def _make(self):
        """Whether all of it compiles; the programs that a change reaches are linked anew."""
        targets = [os.path.basename(program) for program in self.programs]
        made = subprocess.Popen(["ninja", "-C", self.build, *targets], stdout=subprocess.PIPE, text=True, start_new_session=True)
        try:
            self.last_output = made.communicate()[0]
        except BaseException:
            os.killpg(made.pid, signal.SIGKILL)  # with its compilers
            made.wait()
            raise
        return made.returncode == 0

    def passes(self, program, patience):
        """In namespaces of their own, with nothing of the host writable but /tmp, which is another: a mutant may do anything."""
        script = (
            'set -e; mount --make-rprivate /; mount --bind "$0" /mnt;'
            "for at in /tmp /run /var/tmp; do mount -t tmpfs tmpfs $at; done;"
            # The build, which may lie below one of them.
            'mkdir -p "$0"; mount --move /mnt "$0"; mount -o remount,bind,ro "$0"; mount -o remount,bind,ro /;'
            "for at in /sys /sys/fs/cgroup /dev; do mount -o remount,bind,ro $at 2>/dev/null || :; done;"
            'exec "$@"'
        )
        command = ["unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script]
        command += [self.directory]
        command += [program, "--gtest_brief=1", "--gtest_fail_fast"]
        try:
            ran = subprocess.run(command, timeout=patience, stdin=subprocess.DEVNULL, capture_output=True, cwd="/", start_new_session=True)
        except subprocess.TimeoutExpired:
            return False
        self.last_output = ran.stdout.decode(errors="replace") + ran.stderr.decode(errors="replace")
        return ran.returncode == 0

    def try_mutant(self, path, text):
        """"killed", "survived", or "stillborn": it does not compile. `path` of the source in the tree, `text` of the mutant."""
        target = os.path.join(self.copy, path)
        with open(target) as file:
            original = file.read()
        before = {program: os.stat(program).st_mtime_ns for program in self.programs}
        try:
            self._write(target, text)
            if not self._make():
                return "stillborn"
            reached = [program for program in self.programs if os.stat(program).st_mtime_ns != before[program]]
            for program in sorted(reached, key=self.patience.get):
                if not self.passes(program, self.patience[program]):
                    return "killed"
            return "survived"
        finally:
            self._write(target, original)

    @staticmethod
    def _write(target, text):
        with open(target, "w") as file:
            file.write(text)
