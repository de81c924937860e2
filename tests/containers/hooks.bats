#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Hooks of every kind: what each is given, where it is executed, and what follows when it fails. What is said of runc
# was seen with runc 1.1.5.

load ../support/guest
bats_require_minimum_version 1.5.0

setup() { setup_sandbox_root; }
teardown() { teardown_sandbox_root; }

# make_hook: a program of the host that appends to $bundle/trace what it was given: its first argument, the rest of them, the
# directory it is in, an environment variable, the state's status, and whether it has the namespaces of this shell.
make_hook() {
  mkdir -p "$bundle/volume" && echo volume >"$bundle/volume/file"
  cat >"$bundle/hook" <<HOOK
#!/bin/bash
{
  same=
  for kind in mnt net; do [ "\$(readlink /proc/self/ns/\$kind)" = "\$(readlink /proc/$$/ns/\$kind)" ] && same+=\$kind; done
  echo "\$1 args=\$# where=\$PWD colour=\$COLOUR \$(jq -r '"\(.status) pid=\(.pid > 0) \(.id)"') \$same volume=\$(cat $bundle/rootfs/volume/file 2>/dev/null)"
} >>$bundle/trace
[ -z "\$2" ] || { echo "\$1 said"; echo "\$1 complained" >&2; exit \$2; }
HOOK
  chmod 755 "$bundle/hook"
}

# hook KIND…: gives the bundle two hooks of each kind: with the environment of the runtime, and with its own.
hook() {
  local kind
  for kind; do
    configure ".hooks.$kind = [{path: \"$bundle/hook\", args: [\"hook\", \"$kind\"]},
      {path: \"$bundle/hook\", args: [\"hook\", \"$kind\", \"0\"], env: [\"COLOUR=own\", \"PATH=$PATH\"], timeout: 60}]"
  done
}

with_volume() {
  configure ".mounts += [{destination: \"/volume\", type: \"bind\", source: \"$bundle/volume\", options: [\"bind\", \"ro\"]}]"
}

@test "hooks: each kind of the host's runs in order, in the bundle, with its arguments, environment and the state" {
  make_bundle box
  make_hook
  with_volume
  hook prestart createRuntime createContainer poststart poststop
  cd /
  COLOUR=inherited caisson run -b "$bundle" box
  cat "$bundle/trace"
  local kind status same volume seen=()
  for kind in prestart createRuntime createContainer poststart poststop; do
    status=creating same=mntnet volume=''
    case $kind in
      createContainer) same='' volume=volume ;;
      poststart) status=running ;;
      poststop) status=stopped ;;
    esac
    [ "$status" = stopped ] && pid=false || pid=true
    seen+=("$kind args=1 where=$bundle colour=inherited $status pid=$pid box $same volume=$volume")
    seen+=("$kind args=2 where=$bundle colour=own $status pid=$pid box $same volume=$volume")
  done
  [ "$(cat "$bundle/trace")" = "$(printf '%s\n' "${seen[@]}")" ]
}

@test "hooks: createContainer finds the container's files, and what it writes there the container has" {
  make_bundle box
  make_hook
  with_volume
  configure ".mounts += [{destination: \"/guest\", type: \"tmpfs\", source: \"tmpfs\"}] | .hooks.createContainer = [{path: \"/bin/bash\", args: [\"bash\", \"-c\",
    \"cd rootfs && echo made >from-hook && ! touch volume/no && ! touch guest/no && ! touch proc/no && ln -s from-hook link\"]}]"
  set_command cat /link
  run caisson run -b "$bundle" box
  echo "$output"
  [ "$status" -eq 0 ]
  [ "$output" = made ]
  [ "$(ls "$bundle/volume")" = file ]
  # Nothing of it is mounted for others.
  run ! grep -F "$bundle" /proc/mounts
}

@test "hooks: createContainer has the container's network namespace" {
  make_bundle box
  touch "$scratch/net"
  unshare --net="$scratch/net" true
  configure ".linux.namespaces |= map(if .type == \"network\" then .path = \"$scratch/net\" else . end) |
    .hooks.createContainer = [{path: \"/bin/bash\", args: [\"bash\", \"-c\", \"stat -L -c %i /proc/self/ns/net >$scratch/seen\"]}]"
  local wanted status=0
  wanted=$(stat -L -c %i "$scratch/net")
  caisson run -b "$bundle" box || status=$?
  umount "$scratch/net"
  [ "$status" -eq 0 ]
  [ "$(cat "$scratch/seen")" = "$wanted" ]
}

@test "hooks: one that fails before the container is there ends it, says why, and poststop follows" {
  make_bundle box
  make_hook
  local kind
  for kind in prestart createRuntime createContainer; do
    rm -f "$bundle/trace"
    configure ".hooks = {$kind: [{path: \"$bundle/hook\", args: [\"hook\", \"$kind\", \"4\"]}, {path: \"$bundle/hook\", args: [\"hook\", \"second\"]}],
      poststop: [{path: \"$bundle/hook\", args: [\"hook\", \"poststop\"]}]}"
    run caisson run -b "$bundle" box
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"error running ${kind} hook #0: $bundle/hook failed with exit status 4"*"$kind said"*"$kind complained"* ]]
    [ "$(cut -d' ' -f1 "$bundle/trace" | paste -sd ' ')" = "$kind poststop" ]
    grep -q '^poststop .*stopped pid=false' "$bundle/trace"
    [ -z "$(ls "$state_root")" ]
  done
}

@test "hooks: a container whose startContainer hook fails is stopped, and nothing of it runs" {
  make_bundle box
  configure '.hooks = {startContainer: [{path: "/bin/sh", args: ["sh", "-c", "exit 3"]}]}'
  caisson create -b "$bundle" box </dev/null >"$scratch/out" 2>&1
  run caisson start box
  [ "$status" -eq 1 ]
  [ "$(caisson state box | jq -r .status)" = stopped ]
  caisson delete box
}

@test "hooks: one that outlives its timeout is killed, whatever its kind" {
  make_bundle box
  local kind
  for kind in prestart createContainer startContainer; do
    configure ".hooks = {$kind: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"exec sleep 1000\"], timeout: 1}]}"
    run caisson run -b "$bundle" box
    echo "$output"
    [ "$status" -ne 0 ]
    [[ $output == *"$kind"* && $output == *"time"* ]]
  done
  run ! pgrep -f '^sleep 1000$'
}

@test "hooks: a program that is missing is named, whatever its kind" {
  make_bundle box
  local kind
  for kind in prestart createRuntime createContainer; do
    configure ".hooks = {$kind: [{path: \"/nonexistent/hook\"}]}"
    run caisson run -b "$bundle" box
    [ "$status" -eq 1 ]
    [[ $output == *"error running ${kind} hook #0: run /nonexistent/hook: No such file or directory"* ]]
  done
}

@test "hooks: poststop runs also when the bundle has gone, and those after one that fails" {
  make_bundle box
  configure ".hooks.poststop = [{path: \"/bin/false\"}, {path: \"/bin/sh\", args: [\"sh\", \"-c\", \"cat >$scratch/stopped\"]}]"
  caisson create -b "$bundle" box </dev/null >"$scratch/out" 2>&1
  mv "$bundle" "$bundle-moved"
  caisson delete --force box
  [ "$(jq -r .status "$scratch/stopped")" = stopped ]
}

# A hook that hangs, with a child, which holds $scratch/alive as long as one of the two lives.
hook_that_hangs() {
  mkfifo "$scratch/alive"
  configure ".hooks = {$1: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"exec 9>$scratch/alive; echo >&9; sleep 1000 & wait\"]}],
    poststop: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"cat >$scratch/stopped\"]}]}"
}

@test "hooks: whoever ends a create or run whose hook hangs has it ended with what it started, and nothing stays" {
  make_bundle box
  local kind signal verb status creator
  for kind in prestart:TERM:create createRuntime:INT:run createContainer:TERM:create createContainer:INT:run; do
    IFS=: read -r kind signal verb <<<"$kind"
    rm -f "$scratch/alive" "$scratch/stopped"
    hook_that_hangs "$kind"
    # A background process of this shell ignores SIGINT, as what it executes would.
    env --default-signal=INT "$CAISSON" --root "$state_root" "$verb" -b "$bundle" box </dev/null >"$scratch/out" 2>&1 3>&- &
    creator=$!
    exec 8<"$scratch/alive"
    read -r <&8
    kill -"$signal" "$creator"
    status=0
    wait "$creator" || status=$?
    cat "$scratch/out"
    [ "$status" -eq 1 ]
    grep -q "error running $kind hook #0: /bin/sh was ended, since we were by signal" "$scratch/out"
    # All who could write there have gone.
    [ -z "$(cat <&8)" ]
    exec 8<&-
    [ "$(jq -r .status "$scratch/stopped")" = stopped ]
    [ -z "$(ls "$state_root")" ]
  done
}

@test "hooks: one whose bundle has gone is not started elsewhere in silence" {
  make_bundle box
  configure ".hooks = {prestart: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"mv $bundle $bundle-moved\"]}],
    createRuntime: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"touch $scratch/ran\"]}],
    poststop: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"pwd >$scratch/where\"]}]}"
  cd /
  run -1 caisson run -b "$bundle" box
  echo "$output"
  [[ $output == *"error running createRuntime hooks: open $bundle, where hooks run: No such file or directory"* ]]
  [[ $output == *"poststop hooks run in the current directory: open $bundle"* ]]
  [ ! -e "$scratch/ran" ]
  [ "$(cat "$scratch/where")" = / ]
}
