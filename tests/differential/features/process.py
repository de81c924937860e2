# SPDX-License-Identifier: Apache-2.0
"""The process: who it is, what it is given, how it ends."""

from case import CAPABILITIES


def plain(_case):
    pass


def user(uid, gid, *more):
    def apply(case):
        case.process["user"].update({"uid": uid, "gid": gid})
        if more:
            case.process["user"]["additionalGids"] = list(more)
    return apply


def umask(value):
    return lambda case: case.process["user"].update(umask=value)


def field(name, value):
    return lambda case: case.process.update({name: value})


def environment(*variables):
    return field("env", list(variables))


def arguments(*words):
    return field("args", list(words))


def limits(*entries):
    return field("rlimits", [dict(zip(("type", "soft", "hard"), entry)) for entry in entries])


def rlimit(name, soft, hard=None):
    return (f"RLIMIT_{name}", soft, soft if hard is None else hard)


def ends(how):
    def apply(case):
        # Process 1 of a namespace does not die of a signal it sends itself.
        case.end = how if not how.startswith("signal") or not case.has_namespace("pid") else "fault"
    return apply


def terminal(columns, rows, console_size=None):
    def apply(case):
        case.process["terminal"] = True
        case.window = (columns, rows)
        if console_size is not None:
            case.process["consoleSize"] = dict(zip(("width", "height"), console_size))
    return apply


def standard_input(content):
    def apply(case):
        case.standard_input = content
    return apply


def working_directory(path):
    def apply(case):
        case.process["cwd"] = path
        case.look(path)
    return apply


FEATURES = {
    "who": {
        "plain": plain,
        "user": user(1000, 1000),
        "user with groups": user(1000, 100, 10, 20, 2000),
        "root with groups": user(0, 0, 5, 7),
        "other group": user(0, 50),
        "unnamed": user(54321, 12345, 1),
        "root's group twice": user(1000, 0, 0, 0),
    },
    "umask": {"plain": plain, "none": umask(0), "group": umask(0o027), "all": umask(0o777)},
    "environment": {
        "plain": plain,
        "home": environment("PATH=/bin", "HOME=/somewhere", "A=1"),
        "twice": environment("PATH=/bin", "A=1", "B=2", "A=3", "EMPTY="),
        "no path": environment("A=b c", "UMLAUT=\u00fc", "NEWLINE=a\nb", "EQUALS=a=b=c"),
        "odd": environment("PATH=/bin", "lower case=1", "=nameless", "HOME="),
    },
    "arguments": {
        "plain": plain,
        "relative": arguments("../../../probe"),
        "link": arguments("/bin/probe-link", "", "two words", "\u00e9\n\t\\", "--", "-x"),
        "many": arguments("/probe", *[f"argument {i}" for i in range(200)]),
        "shown as": arguments("/bin/busybox", "env", "/probe", "x"),
    },
    "directory": {
        "plain": plain,
        "data": working_directory("/data"),
        "missing": working_directory("/new/directory"),
        "link": working_directory("/link"),
        "dots": working_directory("/data/../etc/./"),
    },
    "terminal": {
        "plain": plain,
        "yes": terminal(90, 33),
        "sized": terminal(80, 24, (132, 43)),
    },
    "input": {"plain": plain, "bytes": standard_input(b"some bytes\x00\xff\n")},
    "end": {
        "plain": plain,
        "one": ends("exit:1"),
        "large": ends("exit:255"),
        "fault": ends("fault"),
        "term": ends("signal:15"),
        "kill": ends("signal:9"),
    },
    "rlimits": {
        "plain": plain,
        "files": limits(rlimit("NOFILE", 512, 1024)),
        "core and stack": limits(rlimit("CORE", 0), rlimit("STACK", 1 << 20, 8 << 20), rlimit("FSIZE", 1 << 30)),
        "memory": limits(rlimit("AS", 64 << 20), rlimit("DATA", 32 << 20), rlimit("MEMLOCK", 65536)),
        "rest": limits(rlimit("CPU", 1000), rlimit("NPROC", 100, 200), rlimit("NICE", 0), rlimit("RTPRIO", 0),
                       rlimit("MSGQUEUE", 4096), rlimit("SIGPENDING", 77), rlimit("LOCKS", 5),
                       rlimit("RTTIME", 1 << 20), rlimit("RSS", 1 << 30)),
    },
    "oom": {"plain": plain, "zero": field("oomScoreAdj", 0), "some": field("oomScoreAdj", 300),
            "most": field("oomScoreAdj", 1000)},
    "capabilities": {
        "plain": plain,
        "absent": lambda case: case.process.pop("capabilities"),
        "none": field("capabilities", {}),
        "empty": field("capabilities", {kind: [] for kind in
                                        ("bounding", "effective", "permitted", "inheritable", "ambient")}),
        "all five": field("capabilities", {kind: CAPABILITIES for kind in
                                           ("bounding", "effective", "permitted", "inheritable", "ambient")}),
        "bounding only": field("capabilities", {"bounding": CAPABILITIES}),
        "few effective": field("capabilities", {"bounding": CAPABILITIES, "permitted": CAPABILITIES,
                                                "effective": ["CAP_CHOWN"]}),
        "few ambient": field("capabilities", {
            "bounding": CAPABILITIES + ["CAP_SYS_NICE"], "permitted": ["CAP_NET_BIND_SERVICE", "CAP_SYS_NICE"],
            "effective": ["CAP_NET_BIND_SERVICE", "CAP_SYS_NICE"],
            "inheritable": ["CAP_NET_BIND_SERVICE"], "ambient": ["CAP_NET_BIND_SERVICE"]}),
        "powerful": field("capabilities", {kind: CAPABILITIES + ["CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_SYS_PTRACE"]
                                           for kind in ("bounding", "effective", "permitted")}),
    },
}
