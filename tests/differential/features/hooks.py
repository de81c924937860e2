# SPDX-License-Identifier: Apache-2.0
"""Hooks: each leaves the state it was given in a file, those of the host in the bundle."""


def plain(_case):
    pass


def hook_of_host(case, name, **more):
    return {"path": "/bin/sh", "args": ["sh", "-c", f"cat >{case.bundle}/trace/{name}.json", name],
            "env": ["PATH=/usr/bin:/bin"], **more}


def on_host(*names, **more):
    def apply(case):
        for name in names:
            case.config.setdefault("hooks", {})[name] = [hook_of_host(case, name, **more)]
    return apply


def two(case):
    on_host("createRuntime")(case)
    case.config["hooks"]["createRuntime"].append(hook_of_host(case, "createRuntime-second"))


def in_container(case):
    """Into a file of a bind mount, so that it can be read afterwards whatever the root is."""
    case.mounts.append({"destination": "/trace", "type": "bind", "source": f"{case.bundle}/trace", "options": ["bind"]})
    case.config["hooks"] = {"startContainer": [{
        "path": "/bin/busybox", "args": ["busybox", "sh", "-c", "/bin/busybox cat >/trace/startContainer.json; pwd >/trace/where"]}]}


FEATURES = {
    "hooks": {
        "plain": plain,
        "prestart": on_host("prestart"),
        "createRuntime": on_host("createRuntime", timeout=10),
        "two": two,
        "poststart": on_host("poststart"),
        "poststop": on_host("poststop"),
        "startContainer": in_container,
        "all of the host": on_host("prestart", "createRuntime", "poststart", "poststop"),
    },
    "annotations": {
        "plain": plain,
        "some": lambda case: case.config.update(annotations={"com.example.key": "value", "com.example.empty": ""}),
    },
}
