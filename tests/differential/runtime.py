# SPDX-License-Identifier: Apache-2.0
"""Runs a bundle by a runtime's command line and tells what was seen from outside and inside."""

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading

import bundle
import view

# LIMIT: a start takes a few seconds on the slowest host seen.
SECONDS = 120


class Runtime:
    def __init__(self, name, command, root):
        self.name = name
        self.command = [*command, "--root", root]
        self.root = root
        os.makedirs(root)
        os.makedirs(f"{root}-logs")

    def run(self, case, probe):
        """{subject: value} of one run, and what the runtime itself had to say."""
        identity = f"case-{case.number}"
        log = f"{self.root}-logs/{identity}"
        with bundle.laid_down(case, probe):
            # A runtime's own words belong into its log: standard error is the container's.
            command = [*self.command, "--log", log, "run", "--bundle", case.bundle, identity]
            status, output, error = (_on_terminal if case.window else _on_pipes)(command, case)
            seen = view.parse(output)
            ran = "probe" in seen
            if not ran:
                seen = {}  # a runtime's words are its own
            seen["ran"] = "yes" if ran else "no"
            seen["exit status"] = status
            if ran and not case.window:
                seen.update(("standard error " + str(number), line)
                            for number, line in enumerate(error.decode(errors="backslashreplace").splitlines()))
            seen.update(bundle.traces(f"{case.bundle}/trace"))
            if ran:
                seen.update(bundle.tree(f"{case.bundle}/rootfs"))
        seen["left in the state directory"] = self._clean_up(identity)
        return seen, (output if not ran else b"") + error + _content(log)

    def _clean_up(self, identity):
        left = os.path.exists(f"{self.root}/{identity}")
        if left:
            subprocess.run([*self.command, "delete", "--force", identity], check=False, capture_output=True,
                           timeout=SECONDS)
        return "something" if left else "nothing"


def _content(path):
    with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
        return file.read()
    return b""


def _exit_status(process):
    try:
        code = process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return "none: it took too long"
    return str(code) if code >= 0 else f"signal {-code}"


def _on_pipes(command, case):
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          start_new_session=True, cwd="/") as process:
        try:
            output, error = process.communicate(case.standard_input, SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            output, error = process.communicate()
            return "none: it took too long", output, error
        return _exit_status(process), output, error


def _read_to_end(master, into):
    # EIO: nobody has the other side open any more.
    with contextlib.suppress(OSError):
        while chunk := os.read(master, 65536):
            into.append(chunk)


def _on_terminal(command, case):
    master, slave = pty.openpty()
    columns, rows = case.window
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    chunks = []
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                          cwd="/") as process:
        os.close(slave)
        reader = threading.Thread(target=_read_to_end, args=(master, chunks))
        reader.start()
        status = _exit_status(process)
        reader.join(SECONDS)
        os.close(master)
    return status, b"".join(chunks), b""
