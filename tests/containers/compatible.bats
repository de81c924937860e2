#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What the suites of crun and runc (tests/conformance) found missing, each in a test of our own.

load ../support/guest
bats_require_minimum_version 1.5.0

setup() { setup_sandbox_root; }
teardown() {
  local left
  for left in freezer data/below data; do
    ! mountpoint -q "$scratch/$left" || umount "$scratch/$left"
  done
  teardown_sandbox_root
}

@test "compatible: who reads a detached container's output sees the container close it" {
  make_bundle box
  set_command sh -c 'echo last; exec >&- 2>&-; exec sleep 1000'
  # cat ends when nobody holds the pipe any more, the container itself still running.
  run timeout 120 sh -c '"$0" --root "$1" run --detach --bundle "$2" box 2>&1 </dev/null | cat' "$CAISSON" "$state_root" "$bundle"
  [ "$status" -eq 0 ]
  [ "$output" = last ]
  [ "$(caisson state box | jq -r .status)" = running ]
  caisson delete --force box
}

@test "compatible: a configuration by another name, and delete by expression" {
  make_bundle box
  set_command sleep 1000
  mv "$bundle/config.json" "$bundle/other.json"
  caisson --cgroup-manager cgroupfs create --bundle "$bundle" --config other.json box-1 </dev/null >/dev/null 2>&1
  run caisson delete --force --regex '['
  [ "$status" -eq 1 ]
  [[ $output == *"--regex"* ]]
  caisson delete --force --regex 'other'
  [ "$(caisson list -q)" = box-1 ]
  caisson delete --force --regex '^box-[0-9]$'
  [ -z "$(caisson list -q)" ]
}

@test "compatible: devices of the configuration on a read-only root, /dev without a mount" {
  make_bundle box '.root.readonly = true | .mounts |= map(select(.destination | startswith("/dev") | not))' \
    '.linux.devices = [{path: "/sub/probe", type: "c", major: 1, minor: 5, uid: 10, gid: 11}]'
  set_command sh -c 'stat -c %F:%u:%g /sub/probe; head -c 4 /dev/zero | wc -c; echo x >/dev/null && touch /dev/new'
  run caisson run --bundle "$bundle" box </dev/null
  [[ ${lines[0]} == "character special file:10:11" ]]
  [[ ${lines[1]} == 4 ]]
  [[ $output == *"/dev/new: Read-only file system"* ]]
}

@test "compatible: a user namespace whose root is nobody's root" {
  make_bundle box '.linux.namespaces += [{type: "user"}]' \
    '.linux.uidMappings = [{containerID: 0, hostID: 1000, size: 10}] | .linux.gidMappings = .linux.uidMappings' \
    '.mounts += [{destination: "/data", type: "bind", source: "data", options: ["bind", "ro"]}]' \
    '.linux.devices = [{path: "/dev/probe", type: "c", major: 1, minor: 3, uid: 2, gid: 3}]'
  mkdir "$bundle/data"
  echo content >"$bundle/data/file"
  set_command sh -c 'id -u; cat /data/file; stat -c %u:%g /dev/probe; echo x >/dev/probe && echo written'
  run caisson run --bundle "$bundle" box </dev/null
  [ "$output" = $'0\ncontent\n2:3\nwritten' ]
}

@test "compatible: a read-only bind mount leaves writable what is mounted beneath it, but for rro" {
  mkdir "$scratch/data"
  mount -t tmpfs data "$scratch/data"
  mkdir "$scratch/data/below"
  mount -t tmpfs below "$scratch/data/below"
  make_bundle box
  configure ".mounts += [{destination: \"/ro\", type: \"bind\", source: \"$scratch/data\", options: [\"rbind\", \"ro\"]},
                          {destination: \"/rro\", type: \"bind\", source: \"$scratch/data\", options: [\"rbind\", \"rro\"]}]"
  set_command sh -c 'for i in ro ro/below rro rro/below; do touch /$i/file 2>&1 && echo made; done'
  run caisson run --bundle "$bundle" box </dev/null
  [ "${#lines[@]}" -eq 4 ]
  [[ ${lines[0]} == *"Read-only file system" ]]
  [ "${lines[1]}" = made ]
  [[ ${lines[2]} == *"Read-only file system" ]]
  [[ ${lines[3]} == *"Read-only file system" ]]
  [ -e "$scratch/data/below/file" ]
}

@test "compatible: capabilities that cannot be ambient are left out with a warning, and exec --cap raises what is inheritable" {
  make_bundle box '.process.capabilities |= (.inheritable = ["CAP_KILL"] | .ambient = ["CAP_KILL", "CAP_CHOWN"] |
    .permitted = ["CAP_KILL", "CAP_CHOWN"] | .effective = .permitted)'
  set_command grep CapAmb /proc/self/status
  run --separate-stderr caisson run -b "$bundle" box
  [ "$status" -eq 0 ]
  [ "$output" = $'CapAmb:\t0000000000000020' ]
  [[ $stderr == *"can't raise ambient capability CAP_CHOWN: "* ]]
  [[ $stderr != *CAP_KILL* ]]
  set_command sleep 1000
  caisson run --detach -b "$bundle" box </dev/null >/dev/null 2>&1
  run --separate-stderr caisson exec --cap CAP_KILL --cap CAP_NET_RAW box grep -E 'CapAmb|CapPrm' /proc/self/status
  [ "$status" -eq 0 ]
  [ "${lines[0]}" = $'CapPrm:\t0000000000002020' ]
  [ "${lines[1]}" = $'CapAmb:\t0000000000000020' ]
  caisson delete --force box
}

@test "compatible: the host's network is refused, or the guest's loopback where that is asked for" {
  make_bundle box '.linux.namespaces |= map(select(.type != "network"))'
  set_command sh -c 'ls /sys/class/net'
  run caisson run --bundle "$bundle" box </dev/null
  [ "$status" -eq 1 ]
  [[ $output == *"linux.namespaces"* ]]
  CAISSON_HOST_NETWORK=loopback run caisson run --bundle "$bundle" box </dev/null
  [ "$output" = lo ]
  CAISSON_HOST_NETWORK=yes run caisson run --bundle "$bundle" box </dev/null
  [[ $output == *CAISSON_HOST_NETWORK* ]]
}

@test "compatible: a container's own cgroup belongs to its user where it may manage cgroups" {
  local owner='stat -c %u /sys/fs/cgroup /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/memory.max'
  make_bundle box '.linux.namespaces += [{type: "user"}]' '.linux.resources.memory = {limit: 67108864}' \
    '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}] | .linux.gidMappings = .linux.uidMappings'
  set_command sh -c "$owner"
  run caisson run --bundle "$bundle" box </dev/null
  [ "$output" = $'65534\n65534\n65534' ]
  configure '(.mounts[] | select(.type == "cgroup") | .options) -= ["ro"]'
  set_command sh -c "$owner; mkdir /sys/fs/cgroup/inner && echo 1 >/sys/fs/cgroup/inner/cgroup.procs && echo managed"
  run caisson run --bundle "$bundle" box </dev/null
  [ "$output" = $'0\n0\n65534\nmanaged' ]
  configure '.linux.namespaces |= map(select(.type != "cgroup"))'
  set_command sh -c "$owner"
  run caisson run --bundle "$bundle" box </dev/null
  [ "$output" = $'65534\n65534\n65534' ]
}

@test "compatible: a process in a frozen cgroup of version 1 can be deleted" {
  local freezer=/sys/fs/cgroup/freezer
  if [ ! -e "$freezer/tasks" ]; then
    freezer=$scratch/freezer
    mkdir "$freezer"
    mount -t cgroup -o freezer freezer "$freezer"
  fi
  make_bundle box
  set_command sleep 1000
  caisson run --detach --pid-file "$scratch/pid" --bundle "$bundle" box </dev/null >"$scratch/out" 2>&1 ||
    { cat "$scratch/out" && false; }
  local frozen=$freezer/${scratch##*/}
  mkdir "$frozen"
  cat "$scratch/pid" >"$frozen/cgroup.procs"
  echo FROZEN >"$frozen/freezer.state"
  run caisson delete --force box
  echo THAWED >"$frozen/freezer.state"
  timeout 10 sh -c 'until rmdir "$0"; do sleep 0.1; done' "$frozen" 2>/dev/null
  [ "$status" -eq 0 ]
}

@test "compatible: the groups of the caller are kept where crun's annotation asks for it" {
  make_bundle box '.annotations = {"run.oci.keep_original_groups": "1"} | .process.user.additionalGids = [77]'
  set_command grep Groups /proc/self/status
  run setpriv --groups 5,6 "$CAISSON" --root "$state_root" run -b "$bundle" box
  [ "$status" -eq 0 ]
  [ "$(tr -s ' \t' ' ' <<<"$output")" = "Groups: 5 6 77 " ]
  configure '.annotations = {"run.oci.keep_original_groups": "yes"}'
  run -1 caisson run -b "$bundle" box
  [[ $output == *'run.oci.keep_original_groups"]: must be 0 or 1'* ]]
}
