# SPDX-License-Identifier: Apache-2.0
"""Bundles that one runtime refuses, or whose process cannot be started: the other must do the same. By name, a function
that changes a Case."""

from case import mount


def setting(*path_and_value):
    *path, last, value = path_and_value

    def apply(case):
        place = case.config
        for key in path:
            place = place.setdefault(key, {}) if isinstance(place, dict) else place[key]
        place[last] = value
    return apply


def process(name, value):
    return setting("process", name, value)


def linux(name, value):
    return setting("linux", name, value)


def extra_mount(*arguments):
    return lambda case: case.mounts.append(mount(*arguments))


def hook(kind, **fields):
    return setting("hooks", {kind: [fields]})


def text(content):
    def apply(case):
        case.text = lambda: content
    return apply


def sets(**kinds):
    return process("capabilities", kinds)


def seccomp(**fields):
    return linux("seccomp", {"defaultAction": "SCMP_ACT_ALLOW", **fields})


REFUSALS = {
    "not JSON": text("{"),
    "JSON of another kind": text("[]"),
    "no version": lambda case: case.config.pop("ociVersion"),
    "version 2": setting("ociVersion", "2.0.0"),
    "no process": lambda case: case.config.pop("process"),
    "no root": lambda case: case.config.pop("root"),
    "root missing": setting("root", "path", "nowhere"),
    "root a file": setting("root", "path", "config.json"),
    "no arguments": process("args", []),
    "arguments of a wrong type": process("args", "sh"),
    "program missing": process("args", ["/nowhere"]),
    "program not in PATH": process("args", ["nowhere"]),
    "program not executable": process("args", ["/data/file"]),
    "program a directory": process("args", ["/data"]),
    "program of no format": process("args", ["/data/sub/empty"]),
    "directory relative": process("cwd", "data"),
    "directory a file": process("cwd", "/data/file"),
    "directory empty": process("cwd", ""),
    "uid negative": setting("process", "user", "uid", -1),
    "limit unknown": process("rlimits", [{"type": "RLIMIT_UNKNOWN", "soft": 1, "hard": 1}]),
    "limit twice": process("rlimits", [{"type": "RLIMIT_FSIZE", "soft": 1 << 30, "hard": 1 << 30}] * 2),
    "limit soft above hard": process("rlimits", [{"type": "RLIMIT_FSIZE", "soft": 2 << 30, "hard": 1 << 30}]),
    "capability unknown": sets(bounding=["CAP_UNKNOWN"], effective=["CAP_UNKNOWN"], permitted=["CAP_UNKNOWN"]),
    "ambient not inheritable": sets(bounding=["CAP_CHOWN"], permitted=["CAP_CHOWN"], ambient=["CAP_CHOWN"]),
    "effective not permitted": sets(bounding=["CAP_CHOWN"], effective=["CAP_CHOWN"]),
    "oom score too large": process("oomScoreAdj", 1001),
    "namespace unknown": lambda case: case.linux["namespaces"].append({"type": "unknown"}),
    "namespace twice": lambda case: case.linux["namespaces"].append({"type": "pid"}),
    "namespace path missing": setting("linux", "namespaces", 0, "path", "/nowhere"),
    "namespace path of another kind": setting("linux", "namespaces", 0, "path", "/proc/self/ns/uts"),
    "no network namespace": lambda case: case.drop_namespace("network"),
    "hostname without namespace": lambda case: case.drop_namespace("uts"),
    "mappings without namespace": linux("uidMappings", [{"containerID": 0, "hostID": 1, "size": 1}]),
    "user namespace without mappings": lambda case: case.linux["namespaces"].append({"type": "user"}),
    "mount type unknown": extra_mount("/place", "unknownfs", "source"),
    "mount source missing": extra_mount("/place", "bind", "/nowhere", "bind"),
    "mount option unknown": extra_mount("/place", "tmpfs", "tmpfs", "unknown-option"),
    "mount option malformed": extra_mount("/place", "tmpfs", "tmpfs", "size=much"),
    "mount of a directory on a file": extra_mount("/data/file", "tmpfs", "tmpfs"),
    "mount inside /proc": extra_mount("/proc/sys", "tmpfs", "tmpfs"),
    "mount without destination": extra_mount("", "tmpfs", "tmpfs"),
    "mount through a file": extra_mount("/data/file/below", "tmpfs", "tmpfs"),
    "mount at the root": extra_mount("/", "tmpfs", "tmpfs"),
    "mount bind without the option": extra_mount("/place", "bind", "/usr"),
    "masked path through a file": linux("maskedPaths", ["/etc/passwd/nothing"]),
    "masked path relative": linux("maskedPaths", ["data"]),
    "sysctl unknown": linux("sysctl", {"net.ipv4.unknown": "1"}),
    "sysctl of the host": linux("sysctl", {"vm.overcommit_memory": "0"}),
    "sysctl of no namespace": lambda case: [case.drop_namespace("ipc"), linux("sysctl", {"kernel.shmmax": "1"})(case)],
    "sysctl out of the tree": linux("sysctl", {"net/../../self/oom_score_adj": "1"}),
    "sysctl value malformed": linux("sysctl", {"net.ipv4.ip_forward": "much"}),
    "propagation unknown": linux("rootfsPropagation", "unknown"),
    "personality unknown": linux("personality", {"domain": "UNKNOWN"}),
    "seccomp action unknown": seccomp(defaultAction="SCMP_ACT_UNKNOWN"),
    "seccomp architecture unknown": seccomp(architectures=["SCMP_ARCH_UNKNOWN"]),
    "seccomp operator unknown": seccomp(syscalls=[{"names": ["getcpu"], "action": "SCMP_ACT_ERRNO", "args": [
        {"index": 0, "value": 1, "op": "SCMP_CMP_UNKNOWN"}]}]),
    "seccomp argument out of range": seccomp(syscalls=[{"names": ["getcpu"], "action": "SCMP_ACT_ERRNO", "args": [
        {"index": 7, "value": 1, "op": "SCMP_CMP_EQ"}]}]),
    "seccomp flag unknown": seccomp(flags=["SECCOMP_FILTER_FLAG_UNKNOWN"]),
    "seccomp for everything": seccomp(defaultAction="SCMP_ACT_ERRNO"),
    "device type unknown": linux("devices", [{"path": "/dev/x", "type": "x", "major": 1, "minor": 3}]),
    "device path relative": linux("devices", [{"path": "x", "type": "c", "major": 1, "minor": 3}]),
    "device access unknown": setting("linux", "resources", "devices", [{"allow": True, "access": "x"}]),
    "processes negative": setting("linux", "resources", "pids", {"limit": -5}),
    "processors unknown": setting("linux", "resources", "cpu", {"cpus": "4000"}),
    "quota too small": setting("linux", "resources", "cpu", {"quota": 10, "period": 100000}),
    "swap below memory": setting("linux", "resources", "memory", {"limit": 64 << 20, "swap": 32 << 20}),
    "hook relative": hook("createRuntime", path="bin/true"),
    "hook missing": hook("createRuntime", path="/nowhere"),
    "hook prestart fails": hook("prestart", path="/bin/false"),
    "hook createRuntime fails": hook("createRuntime", path="/bin/false"),
    "hook startContainer fails": hook("startContainer", path="/bin/busybox", args=["busybox", "false"]),
    "hook startContainer missing": hook("startContainer", path="/nowhere"),
    "hook poststart fails": hook("poststart", path="/bin/false"),
    "hook poststop fails": hook("poststop", path="/bin/false"),
    "hook times out": hook("createRuntime", path="/bin/sleep", args=["sleep", "30"], timeout=1),
    "hook times out at once": hook("createRuntime", path="/bin/true", timeout=-1),
    "apparmor": process("apparmorProfile", "unknown-profile"),
}
