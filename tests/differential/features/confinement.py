# SPDX-License-Identifier: Apache-2.0
"""What takes something away: no_new_privs, filters of system calls, masks, personality."""


def plain(_case):
    pass


def no_new_privileges(case):
    case.process["noNewPrivileges"] = True


def personality(domain):
    return lambda case: case.linux.update(personality={"domain": domain})


def paths(field, *names):
    def apply(case):
        case.linux[field] = list(names)
        case.look(*(name for name in names if not name.startswith(("/proc", "/sys"))))
    return apply


def filtered(*rules, default="SCMP_ACT_ALLOW", **more):
    def apply(case):
        case.linux["seccomp"] = {"defaultAction": default,
                                 "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
                                 "syscalls": list(rules), **more}
    return apply


def rule(action, *names, **more):
    return {"names": list(names), "action": action, **more}


def compared(index, operation, value, value_two=0):
    return {"index": index, "value": value, "valueTwo": value_two, "op": operation}


FEATURES = {
    "no_new_privs": {"plain": plain, "set": no_new_privileges},
    "personality": {"plain": plain, "linux": personality("LINUX"), "linux32": personality("LINUX32")},
    "seccomp": {
        "plain": plain,
        "errno": filtered(rule("SCMP_ACT_ERRNO", "mkdir", "mkdirat", "getcpu")),
        "other errno": filtered(rule("SCMP_ACT_ERRNO", "getcpu", errnoRet=38),
                                rule("SCMP_ACT_ERRNO", "socket", errnoRet=97,
                                     args=[compared(0, "SCMP_CMP_EQ", 2), compared(1, "SCMP_CMP_MASKED_EQ", 15, 3)])),
        "killing": filtered(rule("SCMP_ACT_KILL_PROCESS", "swapon"), rule("SCMP_ACT_KILL", "acct"),
                            rule("SCMP_ACT_TRAP", "bpf")),
        "logging": filtered(rule("SCMP_ACT_LOG", "chroot"), flags=["SECCOMP_FILTER_FLAG_LOG"]),
        "compared": filtered(rule("SCMP_ACT_ERRNO", "setresuid", args=[compared(0, "SCMP_CMP_EQ", 4242)]),
                             rule("SCMP_ACT_ERRNO", "setpriority", args=[compared(2, "SCMP_CMP_GT", 10)]),
                             rule("SCMP_ACT_ERRNO", "name_of_no_system_call")),
    },
    "masked": {
        "plain": plain,
        "none": lambda case: case.linux.pop("maskedPaths"),
        "files": paths("maskedPaths", "/data/file", "/data/sub", "/nothing/here"),
        "links": paths("maskedPaths", "/link", "/proc/kcore", "/sys/firmware"),
    },
    "readonly": {
        "plain": plain,
        "none": lambda case: case.linux.pop("readonlyPaths"),
        "files": paths("readonlyPaths", "/data/file", "/data/sub", "/nothing/here"),
        "mounts": paths("readonlyPaths", "/dev/shm", "/proc/sys", "/tmp"),
    },
}
