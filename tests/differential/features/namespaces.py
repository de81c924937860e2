# SPDX-License-Identifier: Apache-2.0
"""Namespaces and what is set of them: names, sysctls, mappings. Not the clocks: crun 1.8.1 fails on timeOffsets."""


def without(kind):
    return lambda case: case.drop_namespace(kind)


def without_uts(case):
    case.drop_namespace("uts")
    case.config.pop("hostname")


def mapped(*ranges):
    def apply(case):
        # The kernel lets a user namespace mount /proc and queues of namespaces that it owns alone.
        for kind in ("user", "pid", "ipc"):
            case.drop_namespace(kind)
            case.linux["namespaces"].append({"type": kind})
        case.owners = ranges
        for field in ("uidMappings", "gidMappings"):
            case.linux[field] = [dict(zip(("containerID", "hostID", "size"), entry)) for entry in ranges]
    return apply


def hostname(name):
    def apply(case):
        if case.has_namespace("uts"):
            case.config["hostname"] = name
    return apply


def no_hostname(case):
    case.config.pop("hostname", None)


def domainname(case):
    if case.has_namespace("uts"):
        case.config["domainname"] = "example.org"


def sysctls(namespace, values):
    def apply(case):
        if case.has_namespace(namespace):
            case.linux["sysctl"] = values
    return apply


def plain(_case):
    pass


FEATURES = {
    "pid": {"plain": plain, "shared": without("pid")},
    "ipc": {"plain": plain, "shared": without("ipc")},
    "uts": {"plain": plain, "shared": without_uts},
    "cgroupns": {"plain": plain, "shared": without("cgroup")},
    "hostname": {"plain": plain, "none": no_hostname, "long": hostname("h" * 64), "odd": hostname("Box_1.example")},
    "domainname": {"plain": plain, "set": domainname},
    "sysctl": {
        "plain": plain,
        "network": sysctls("network", {"net.ipv4.ip_forward": "1", "net.ipv4.ping_group_range": "0 2000",
                                       "net.core.somaxconn": "77"}),
        "slashes": sysctls("network", {"net/ipv4/ip_unprivileged_port_start": "80"}),
        "shared memory": sysctls("ipc", {"kernel.shmmax": "1048576", "kernel.msgmax": "4096",
                                         "kernel.sem": "32 32000 32 128"}),
        "queues": sysctls("ipc", {"fs.mqueue.msg_max": "20", "fs.mqueue.queues_max": "100"}),
    },
}

ALONE = {
    "id maps": {"plain": plain, "shifted": mapped((0, 100000, 65536)), "pieces": mapped((0, 5000, 1), (1, 70000, 3000))},
}
