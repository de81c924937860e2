#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bad input: each mistake is one clear line that names the thing, and nothing is left behind.

load ../support/guest
bats_require_minimum_version 1.5.0

setup() { setup_sandbox_root; }
teardown() { teardown_sandbox_root; }

nothing_left() { [ -z "$(ls -A "$state_root")" ]; }

@test "errors: no bundle" {
  run caisson run -b "$scratch/none" box
  [ "$status" -eq 1 ]
  [[ $output == *"$scratch/none"* ]]
  nothing_left
}

@test "errors: config.json is no JSON" {
  make_bundle box
  echo '{"ociVersion":' >"$bundle/config.json"
  run caisson run -b "$bundle" box
  [ "$status" -eq 1 ]
  [[ $output == *config.json* ]]
  nothing_left
}

@test "errors: the root file system is missing" {
  make_bundle box '.root.path = "nowhere"'
  run caisson run -b "$bundle" box
  [ "$status" -eq 1 ]
  [[ $output == *nowhere* ]]
  nothing_left
}

@test "errors: a command that does not exist" {
  make_bundle box
  set_command no-such-command
  run -127 caisson run -b "$bundle" box
  [[ $output == *'"no-such-command"'*"executable file not found in"* ]]
  nothing_left
}

@test "errors: a command that is not executable" {
  make_bundle box
  echo data >"$bundle/rootfs/etc/data"
  set_command /etc/data
  run caisson run -b "$bundle" box
  [ "$status" -eq 126 ] || [ "$status" -eq 1 ]
  [[ $output == *"ermission denied"* ]]
  nothing_left
}

@test "errors: an id in use" {
  make_bundle box
  set_command sleep 60
  caisson create -b "$bundle" box </dev/null >/dev/null 2>&1
  run caisson create -b "$bundle" box
  [ "$status" -eq 1 ]
  [[ $output == *box* ]]
  caisson delete --force box
  nothing_left
}

@test "errors: delete of a running container wants --force" {
  make_bundle box
  set_command sleep 60
  caisson create -b "$bundle" box </dev/null >/dev/null 2>&1
  caisson start box
  run caisson delete box
  [ "$status" -eq 1 ]
  [[ $output == *"not stopped"* || $output == *running* ]]
  caisson delete --force box
  nothing_left
}

@test "errors: unknown container" {
  for verb in state start "kill" delete pause resume; do
    run caisson $verb nobody
    [ "$status" -ne 0 ]
    [[ $output == *"does not exist"* ]]
  done
}

@test "errors: memory too small to boot" {
  run caisson do --memory 4M -- true
  [ "$status" -eq 1 ]
  [[ $output == *"too small"* ]]
  nothing_left
}

@test "errors: a kernel that is none" {
  head -c 100000 /dev/urandom >"$scratch/vmlinux"
  CAISSON_KERNEL=$scratch/vmlinux run caisson do -- true
  [ "$status" -eq 1 ]
  [[ $output == *vmlinux* ]]
  nothing_left
}

@test "errors: a guest that panics is told apart, with its last words" {
  # An initramfs without an agent: the kernel finds no init and panics.
  head -c 4096 /dev/urandom >"$scratch/initramfs"
  CAISSON_INITRAMFS=$scratch/initramfs run caisson do -- true
  [ "$status" -eq 1 ]
  [[ $output == *"boot guest"*panic* ]]
  nothing_left
}

@test "errors: a key of linux.resources.unified that is none" {
  local key message
  make_bundle box
  while read -r key message; do
    configure ".linux.resources = {unified: {\"$key\": \"1\"}}"
    run caisson run -b "$bundle" box
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"linux.resources.unified: $message"* ]]
  done <<'KEYS'
memory the specified key has not the form CONTROLLER.VALUE `memory`
foo.bar the requested cgroup controller `foo` is not available
memory.nothing write 1 to cgroup file memory.nothing: No such file or directory
cgroup.procs cgroup.procs is not the name of a limit
KEYS
  configure '.linux.resources = {unified: {"memory.max": "much"}}'
  run caisson run -b "$bundle" box
  [ "$status" -eq 1 ]
  [[ $output == *'linux.resources.unified["memory.max"]: not a value'* ]]
  nothing_left
}

@test "errors: an agent that never answers" {
  echo 'int main(void) { for (;;) pause(); }' | gcc -include unistd.h -static -x c -o "$scratch/silent" -
  "$repository/guest-kernel/initramfs" "$scratch/silent" "$scratch/initramfs"
  CAISSON_INITRAMFS=$scratch/initramfs CAISSON_BOOT_TIMEOUT=5 run caisson do -- true
  [ "$status" -eq 1 ]
  [[ $output == *"did not report ready in time"* ]]
  nothing_left
}

@test "errors: no KVM and no QEMU" {
  # A host whose KVM works is told to do without.
  CAISSON_HYPERVISOR=qemu PATH=$scratch run "$CAISSON" --root "$state_root" do -- true
  [ "$status" -eq 1 ]
  [[ $output == *qemu-system-x86_64* ]]
  nothing_left
}

@test "errors: the state directory's disk is full" {
  mkdir "$scratch/full"
  mount -t tmpfs -o size=64k tmpfs "$scratch/full"
  head -c 65536 /dev/zero >"$scratch/full/fill" 2>/dev/null || true
  run "$CAISSON" --root "$scratch/full/state" do -- true
  code=$status
  umount "$scratch/full"
  [ "$code" -eq 1 ]
  [[ $output == *"No space left on device"* ]]
}

@test "errors: kill takes the numbers that runc takes, and no others" {
  make_bundle box
  # shellcheck disable=SC2016 # the container expands
  set_command sh -c 'trap "echo USR1 >>/got" USR1; trap "echo TERM >>/got; exit" TERM; echo ready; while :; do sleep 1000 & wait; done'
  mkfifo "$scratch/out"
  caisson run -d -b "$bundle" --pid-file "$scratch/pid" box </dev/null >"$scratch/out" 2>&1 &
  exec 8<"$scratch/out"
  wait $!
  read -r -u 8 line
  [ "$line" = ready ]
  local wrong
  for wrong in + ++10 +-10 ' 10' 10x 65 '-1'; do
    run ! caisson kill box "$wrong"
  done
  caisson kill box +10
  caisson kill box 010
  caisson kill box ''
  tail --pid="$(cat "$scratch/pid")" -f /dev/null
  grep -q USR1 "$bundle/rootfs/got"
  grep -q TERM "$bundle/rootfs/got"
}

# damage KIND FILE: what somebody else might leave in place of the file.
damage() {
  rm -r "$2"
  case $1 in
    empty) : >"$2" ;;
    garbage) head -c 300 /dev/urandom >"$2" ;;
    large) truncate -s 20M "$2" ;;
    link) ln -s /etc/passwd "$2" ;;
    directory) mkdir "$2" ;;
    fifo) mkfifo "$2" ;;
    gone) ;;
  esac
}

# cgroups: of this test's containers.
cgroups() { find /sys/fs/cgroup -name "*$unique" 2>/dev/null; }

@test "errors: a record that is damaged is named with what to do, others are listed, and delete --force leaves nothing" {
  local kind pid
  make_bundle box ".linux.cgroupsPath = \"/caisson-test-$unique\""
  set_command sleep 1000
  for kind in empty garbage large link directory fifo gone; do
    caisson create -b "$bundle" --pid-file "$scratch/pid" box </dev/null >/dev/null 2>&1
    pid=$(cat "$scratch/pid")
    [ -n "$(cgroups)" ]
    damage "$kind" "$state_root/box/state.json"
    run -0 --separate-stderr "$CAISSON" --root "$state_root" list -q
    [ "$output" = box ]
    run -1 caisson state box
    [[ $output == *"$state_root/box"*delete* ]]
    if [ "$kind" != gone ]; then
      [[ $output == *"state.json"*"delete --force box"* ]]
      run -0 caisson list
      [[ $output == *"load container box: $state_root/box"* ]]
      run -1 caisson delete box
      [[ $output == *"delete --force box"* ]]
      kill -0 "$pid"
    fi
    caisson delete --force box
    run ! kill -0 "$pid"
    [ -z "$(cgroups)" ]
    [ -z "$(ls "$state_root")" ]
  done
}

@test "errors: a configuration on record that is damaged is named by its path, and delete says what it cannot do" {
  local kind
  make_bundle box
  set_command sleep 1000
  for kind in empty garbage large link directory fifo; do
    caisson create -b "$bundle" box </dev/null >/dev/null 2>&1
    damage "$kind" "$state_root/box/config.json"
    run -1 caisson start box
    [[ $output == *"$state_root/box/config.json: "* ]]
    run -0 caisson delete --force box
    [[ $output == *"$state_root/box: "*"whether it has poststop hooks is not known"* ]]
    [ -z "$(ls "$state_root")" ]
  done
}

@test "errors: what a verb could not print is an error" {
  make_bundle box
  caisson create -b "$bundle" box </dev/null >/dev/null 2>&1
  local verb
  for verb in list 'list --format json' 'list -q' 'state box' 'ps box' 'events --stats box' features; do
    # shellcheck disable=SC2086 # words
    run -1 bash -c '"$@" >/dev/full' bash "$CAISSON" --root "$state_root" $verb
    [[ $output == *"write to standard output: No space left on device"* ]]
  done
  # Who prints nothing needs no place for it.
  caisson start box >/dev/full
}

@test "errors: a create under an id that is taken makes nothing in its bundle" {
  make_bundle box
  caisson create -b "$bundle" box </dev/null >"$scratch/out" 2>&1 || { cat "$scratch/out"; false; }
  make_bundle other '.mounts += [{destination: "/place", type: "bind", source: "/etc", options: ["bind"]}]'
  run -1 caisson create -b "$bundle" box
  [[ $output == *"exist"* ]]
  [ ! -e "$bundle/rootfs/place" ]
}
