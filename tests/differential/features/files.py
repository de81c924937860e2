# SPDX-License-Identifier: Apache-2.0
"""The root file system and what is mounted from the host."""

from case import mount


def plain(_case):
    pass


def readonly(case):
    case.config["root"]["readonly"] = True


def rootfs_propagation(kind):
    return lambda case: case.linux.update(rootfsPropagation=kind)


def bound(destination, source, *options, kind="bind", look=None):
    def apply(case):
        case.mounts.append(mount(destination, kind, f"{case.bundle}/sources/{source}", *options))
        case.look(look or destination)
    return apply


def all_of(*parts):
    def apply(case):
        for part in parts:
            part(case)
    return apply


FEATURES = {
    "root": {"plain": plain, "readonly": readonly},
    "propagation": {
        "plain": plain,
        "private": rootfs_propagation("private"),
        "slave": rootfs_propagation("slave"),
        "shared": rootfs_propagation("shared"),
        "rprivate": rootfs_propagation("rprivate"),
        "rslave": rootfs_propagation("rslave"),
    },
    "bind": {
        "plain": plain,
        "rw": bound("/bound", "directory", "bind", "rw"),
        "ro": bound("/bound", "directory", "bind", "ro"),
        "flags": bound("/bound", "directory", "rbind", "nosuid", "nodev", "noexec", "noatime"),
        "times": bound("/bound", "directory", "bind", "nodiratime", "strictatime", "nosymfollow"),
        "recursive": all_of(bound("/bound", "tree", "rbind"), bound("/single", "tree", "bind"),
                            lambda case: case.look("/bound/inner", "/single/inner")),
        "recursive ro": all_of(bound("/bound", "tree", "rbind", "ro"), lambda case: case.look("/bound/inner")),
        "rro": all_of(bound("/bound", "tree", "rbind", "rro"), lambda case: case.look("/bound/inner")),
        "recursive flags": all_of(bound("/bound", "tree", "rbind", "rnosuid", "rnodev", "rnoexec"),
                                  lambda case: case.look("/bound/inner")),
        "file": bound("/etc/bound", "file", "bind"),
        "file ro": bound("/data/file", "file", "rbind", "ro", "nosuid"),
        "deep": bound("/a/new/place", "directory", "bind"),
        "over a link": bound("/link", "directory", "bind", look="/data"),
        "dots": bound("/data/../bound/", "directory", "rbind", look="/bound"),
        "type none": bound("/bound", "directory", "rbind", "ro", kind="none"),
        "both": all_of(bound("/bound", "directory", "bind"), bound("/bound", "tree", "bind", "ro")),
        "within": all_of(bound("/bound", "directory", "bind"), bound("/bound/sub", "tree", "rbind", "ro")),
    },
    "bind propagation": {
        "plain": plain,
        "private": bound("/passed", "directory", "bind", "private"),
        "rprivate": bound("/passed", "directory", "rbind", "rprivate"),
        "slave": bound("/passed", "directory", "bind", "slave"),
        "rslave": bound("/passed", "tree", "rbind", "rslave"),
        "shared": bound("/passed", "directory", "bind", "shared"),
        "rshared": bound("/passed", "tree", "rbind", "rshared"),
        "unbindable": bound("/passed", "directory", "bind", "unbindable"),
    },
}
