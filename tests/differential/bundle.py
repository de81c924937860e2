# SPDX-License-Identifier: Apache-2.0
"""Lays down a bundle: a root file system of busybox and the probe, what is bound from outside, config.json."""

import contextlib
import ctypes
import json
import os
import shutil

_libc = ctypes.CDLL(None, use_errno=True)
_DETACH = 2


def _mount_tmpfs(place):
    if _libc.mount(b"inner", place.encode(), b"tmpfs", 0, b"mode=755") != 0:
        raise OSError(ctypes.get_errno(), f"mount {place}")


def write(path, text, mode=0o644):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def _make_root(root, probe):
    for directory in ("bin", "proc", "sys", "dev", "etc", "root", "data/sub"):
        os.makedirs(f"{root}/{directory}")
    os.mkdir(f"{root}/tmp")
    os.chmod(f"{root}/tmp", 0o1777)
    shutil.copy("/bin/busybox", f"{root}/bin/busybox")
    os.symlink("busybox", f"{root}/bin/sh")
    shutil.copy(probe, f"{root}/probe")
    os.symlink("../probe", f"{root}/bin/probe-link")
    os.symlink("/data", f"{root}/link")
    write(f"{root}/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n")
    write(f"{root}/etc/group", "root:x:0:\nuser:x:1000:\n")
    write(f"{root}/data/file", "of the root file system\n", 0o640)
    write(f"{root}/data/sub/script", "#!/bin/sh\n", 0o755)
    write(f"{root}/data/sub/empty", "", 0o755)
    os.symlink("file", f"{root}/data/to-file")
    os.chown(f"{root}/data/sub", 1000, 100)
    os.chmod(f"{root}/data", 0o751)


def _make_sources(sources):
    os.makedirs(f"{sources}/directory/sub")
    os.makedirs(f"{sources}/tree/inner")
    write(f"{sources}/directory/file", "of a directory\n", 0o604)
    write(f"{sources}/directory/script", "#!/bin/sh\n", 0o755)
    os.chmod(f"{sources}/directory", 0o777)
    os.symlink("file", f"{sources}/directory/to-file")
    os.chown(f"{sources}/directory/sub", 1000, 1000)
    write(f"{sources}/file", "a file\n", 0o664)
    write(f"{sources}/tree/file", "beside a mount\n")
    _mount_tmpfs(f"{sources}/tree/inner")
    write(f"{sources}/tree/inner/within", "within a mount\n", 0o777)


def _outside(identity, ranges):
    return next(outside + identity - inside for inside, outside, size in ranges if inside <= identity < inside + size)


def _give_to(ranges, *roots):
    below = [os.path.join(directory, name) for root in roots for directory, names, files in os.walk(root)
             for name in names + files]
    for path in [*roots, *below]:
        info = os.lstat(path)
        os.lchown(path, _outside(info.st_uid, ranges), _outside(info.st_gid, ranges))


@contextlib.contextmanager
def laid_down(case, probe):
    """The bundle of a case, for as long as the context lasts."""
    os.makedirs(f"{case.bundle}/trace")
    # Whoever container root is outside, hooks leave their traces here.
    os.chmod(f"{case.bundle}/trace", 0o777)
    try:
        _make_root(f"{case.bundle}/rootfs", probe)
        _make_sources(f"{case.bundle}/sources")
        if case.owners[0][1] != 0:
            _give_to(case.owners, f"{case.bundle}/rootfs", f"{case.bundle}/sources")
        write(f"{case.bundle}/config.json", case.text())
        yield
    finally:
        _libc.umount2(f"{case.bundle}/sources/tree/inner".encode(), _DETACH)
        shutil.rmtree(case.bundle)


def tree(root):
    """Every path below: what it is, its mode, its owner, its size or target."""
    found = {}
    for directory, names, files in os.walk(root):
        for name in names + files:
            path = os.path.join(directory, name)
            info = os.lstat(path)
            detail = os.readlink(path) if os.path.islink(path) else info.st_size if os.path.isfile(path) else ""
            found[f"left {path[len(root):]}"] = f"{info.st_mode:o} {info.st_uid}:{info.st_gid} {detail}".rstrip()
    return found


def traces(directory):
    """What hooks left: of a state, what both runtimes owe."""
    found = {}
    for name in sorted(os.listdir(directory)):
        with open(f"{directory}/{name}", encoding="utf-8", errors="backslashreplace") as file:
            text = file.read()
        if not name.endswith(".json"):
            found[f"trace {name}"] = text.strip()
            continue
        try:
            state = json.loads(text)
        except ValueError:
            found[f"hook {name[:-5]}"] = f"not JSON: {text!r}"
            continue
        for field in ("ociVersion", "id", "status", "bundle", "annotations"):
            found[f"hook {name[:-5]} {field}"] = json.dumps(state.get(field), sort_keys=True)
        found[f"hook {name[:-5]} pid"] = "one" if state.get("pid", 0) > 0 else "none"
    return found
