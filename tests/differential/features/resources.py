# SPDX-License-Identifier: Apache-2.0
"""Devices and limits of the container as a whole."""


def plain(_case):
    pass


def device(path, kind, major=None, minor=None, **more):
    entry = {"path": path, "type": kind, **more}
    if major is not None:
        entry.update(major=major, minor=minor)
    return entry


def devices(*entries):
    def apply(case):
        case.linux["devices"] = list(entries)
        case.devices += [entry["path"] for entry in entries]
    return apply


def rules(*entries):
    return lambda case: case.resources.update(devices=list(entries))


def limited(**limits):
    def apply(case):
        case.resources.update(limits)
        if case.mount_at("/sys/fs/cgroup") is None:
            case.mounts.append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
                                "options": ["nosuid", "noexec", "nodev", "ro"]})
    return apply


FEATURES = {
    "devices": {
        "plain": plain,
        "fuse": devices(device("/dev/fuse", "c", 10, 229, fileMode=0o666)),
        "nested": devices(device("/dev/net/tun", "c", 10, 200, fileMode=0o600, uid=1000, gid=5)),
        "unbuffered": devices(device("/dev/my-null", "u", 1, 3, fileMode=0o640, uid=0, gid=1000)),
        "pipe": devices(device("/dev/pipe", "p", fileMode=0o622)),
        "block": devices(device("/dev/disk", "b", 7, 200, fileMode=0o660, gid=6)),
        "default": devices(device("/dev/null", "c", 1, 3, fileMode=0o600)),
        "no mode": devices(device("/dev/extra-zero", "c", 1, 5)),
    },
    "device rules": {
        "plain": plain,
        "absent": lambda case: case.resources.pop("devices"),
        "all": rules({"allow": True, "access": "rwm"}),
        "fuse": rules({"allow": False, "access": "rwm"},
                      {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rwm"}),
        "memory": rules({"allow": False, "access": "rwm"},
                        {"allow": True, "type": "c", "major": 1, "access": "r"}),
    },
    "limits": {
        "plain": plain,
        "memory": limited(memory={"limit": 128 << 20}),
        "memory and swap": limited(memory={"limit": 96 << 20, "reservation": 64 << 20}),
        "processes": limited(pids={"limit": 50}),
        "quota": limited(cpu={"quota": 50000, "period": 100000}),
        "shares": limited(cpu={"shares": 512}),
        "one processor": limited(cpu={"cpus": "0"}),
    },
}
