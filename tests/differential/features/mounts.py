# SPDX-License-Identifier: Apache-2.0
"""File systems that the kernel makes: /proc, /sys, /dev and what lies in it, tmpfs."""

from case import mount


def plain(_case):
    pass


def none(destination):
    return lambda case: case.unmount(destination)


def options(destination, *words):
    def apply(case):
        entry = case.mount_at(destination)
        if entry is not None:
            entry["options"] = list(words)
    return apply


def added(destination, kind, source, *words):
    def apply(case):
        case.mounts.append(mount(destination, kind, source, *words))
        if kind != "cgroup":  # version 1 and 2 have not one file in common
            case.look(destination)
    return apply


def no_devices(case):
    for destination in ("/dev/mqueue", "/dev/shm", "/dev/pts", "/dev"):
        case.unmount(destination)


FEATURES = {
    "proc": {
        "plain": plain,
        "flags": options("/proc", "nosuid", "nodev", "noexec"),
        "ro": options("/proc", "ro"),
        "hidepid": options("/proc", "hidepid=2"),
        "subset": options("/proc", "subset=pid"),
        "none": none("/proc"),
    },
    "sys": {"plain": plain, "rw": options("/sys", "nosuid", "noexec", "nodev"), "none": none("/sys")},
    "dev": {
        "plain": plain,
        "ro": options("/dev", "nosuid", "ro", "mode=755"),
        "small": options("/dev", "nosuid", "noexec", "noatime", "mode=711", "size=1m"),
        "no options": options("/dev"),
    },
    "pts": {
        "plain": plain,
        "other mode": options("/dev/pts", "nosuid", "noexec", "mode=600", "ptmxmode=0000", "gid=0"),
        "max": options("/dev/pts", "newinstance", "ptmxmode=0666", "max=8"),
    },
    "shm": {
        "plain": plain,
        "loose": options("/dev/shm", "mode=700", "size=1m"),
        "none": none("/dev/shm"),
    },
    "mqueue": {"plain": plain, "none": none("/dev/mqueue"), "ro": options("/dev/mqueue", "ro")},
    "cgroup": {
        "plain": plain,
        "ro": added("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro"),
        "rw": added("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev"),
    },
    "tmpfs": {
        "plain": plain,
        "no options": added("/ram", "tmpfs", "tmpfs"),
        "hides": added("/data", "tmpfs", "tmpfs"),
        "hides sticky": added("/tmp", "tmpfs", "tmpfs", "nosuid", "nodev"),
        "owned": added("/ram", "tmpfs", "ram", "mode=750", "uid=1000", "gid=100", "size=64k", "nr_inodes=16"),
        "ro": added("/ram", "tmpfs", "tmpfs", "ro", "mode=1777"),
        "flags": added("/ram", "tmpfs", "tmpfs", "nosuid", "nodev", "noexec", "noatime", "nodiratime"),
        "strict": added("/ram", "tmpfs", "tmpfs", "strictatime", "sync", "dirsync", "lazytime"),
        "undone": added("/ram", "tmpfs", "tmpfs", "noexec", "exec", "ro", "rw", "nosuid", "suid", "defaults"),
        "copied": added("/data", "tmpfs", "tmpfs", "tmpcopyup", "mode=755"),
        "copied ro": added("/data", "tmpfs", "tmpfs", "tmpcopyup", "ro"),
        "in a new place": added("/a/new/place", "tmpfs", "tmpfs", "size=10%"),
        "relative": added("ram", "tmpfs", "tmpfs"),
        "twice": lambda case: [added("/ram", "tmpfs", "one", "mode=755")(case), added("/ram", "tmpfs", "two")(case)],
        "shared": added("/ram", "tmpfs", "tmpfs", "shared"),
        "ramfs": added("/ram", "ramfs", "ramfs", "mode=750"),
    },
}
