# SPDX-License-Identifier: Apache-2.0
"""One bundle to run: its configuration, what its standard streams are, and what was chosen for it."""

import copy
import json


def mount(destination, kind, source, *options):
    entry = {"destination": destination, "type": kind, "source": source}
    if options:
        entry["options"] = list(options)
    return entry


CAPABILITIES = [
    "CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD",
    "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
]

# What engines write, more or less; features change it.
BASE = {
    "ociVersion": "1.0.2",
    "process": {
        "terminal": False,
        "user": {"uid": 0, "gid": 0},
        "args": ["/probe"],
        "env": ["PATH=/usr/bin:/bin", "TERM=xterm"],
        "cwd": "/",
        "capabilities": {kind: CAPABILITIES for kind in ("bounding", "effective", "permitted")},
        "noNewPrivileges": False,
    },
    "root": {"path": "rootfs", "readonly": False},
    "hostname": "differential",
    "mounts": [
        mount("/proc", "proc", "proc"),
        mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
        mount("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"),
        mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"),
        mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"),
        mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"),
    ],
    "linux": {
        "namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount", "cgroup")],
        "resources": {"devices": [{"allow": False, "access": "rwm"}]},
        "maskedPaths": ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
                        "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi"],
        "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    },
}


class Case:
    """Features change `config` and the rest; `bundle` is where it will lie, known beforehand."""

    def __init__(self, number, bundle):
        self.number = number
        self.bundle = bundle
        self.chosen = {}  # feature: variant
        self.config = copy.deepcopy(BASE)
        self.standard_input = b""
        self.window = None  # (columns, rows) of the caller's terminal, where there is one
        self.owners = ((0, 0, 1 << 32),)  # as ranges of mappings: whose the files of the bundle are
        self.end = "exit:0"
        self.looks = ["/", "/tmp"]
        self.devices = []
        self.refusal = None  # its name, where a runtime is expected to say no
        self.cgroup = f"/caisson-differential/case-{number}"

    @property
    def process(self):
        return self.config["process"]

    @property
    def linux(self):
        return self.config["linux"]

    @property
    def resources(self):
        return self.linux["resources"]

    @property
    def mounts(self):
        return self.config["mounts"]

    def mount_at(self, destination):
        return next((entry for entry in self.mounts if entry["destination"] == destination), None)

    def unmount(self, destination):
        self.config["mounts"] = [entry for entry in self.mounts if entry["destination"] != destination]

    def has_namespace(self, kind):
        return any(entry["type"] == kind for entry in self.linux["namespaces"])

    def drop_namespace(self, kind):
        self.linux["namespaces"] = [entry for entry in self.linux["namespaces"] if entry["type"] != kind]

    def look(self, *paths):
        self.looks += [path for path in paths if path not in self.looks]

    def text(self):
        """config.json, with all that the probe is to be told."""
        config = copy.deepcopy(self.config)
        if self.refusal is None:
            config["process"]["args"] += [f"look={path}" for path in self.looks]
            config["process"]["args"] += [f"device={path}" for path in self.devices if path != "/dev/null"]
            config["process"]["args"] += ["sysctl=net/ipv4/ip_forward"] if "net.ipv4.ip_forward" in self.linux.get(
                "sysctl", {}) else []
            config["process"]["args"].append(f"end={self.end}")
        config["linux"].setdefault("cgroupsPath", self.cgroup)
        return json.dumps(config, indent=1)

    def name(self):
        if self.refusal is not None:
            return f"case {self.number}: refused: {self.refusal}"
        special = [f"{feature}={variant}" for feature, variant in self.chosen.items() if variant != "plain"]
        return f"case {self.number}: " + (" ".join(special) or "plain")
