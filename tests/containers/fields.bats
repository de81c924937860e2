#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Fields of config.json, and annotations, that decide what the guest's kernel does with the process: each is seen from inside.

load ../support/guest

bats_require_minimum_version 1.5.0

setup() { setup_sandbox_root; }
teardown() { teardown_sandbox_root; }

# in_guest COMMAND…: what a container of the bundle prints that runs it.
in_guest() {
  set_command "$@"
  run -0 --separate-stderr caisson run -b "$bundle" box
}

@test "fields: the process's scheduler, nice value and I/O priority are what the bundle says" {
  make_bundle box '.process.scheduler = {policy: "SCHED_BATCH", nice: 7}' \
    '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
  # Fields 19 and 41 of stat are the nice value and the policy: SCHED_BATCH is 3.
  in_guest sh -c 'cut -d" " -f19,41 /proc/self/stat; ionice -p $$'
  [ "${lines[0]}" = "7 3" ]
  [ "${lines[1]}" = "best-effort: prio 6" ]
  configure '.process.scheduler = {policy: "SCHED_FIFO", priority: 9}'
  # Field 40 is the real-time priority; SCHED_FIFO is 1.
  in_guest sh -c 'cut -d" " -f40,41 /proc/self/stat'
  [ "${lines[0]}" = "9 1" ]
  configure '.process.scheduler = {policy: "SCHED_FISH"}'
  set_command true
  run ! caisson run -b "$bundle" box
  [[ $output == *process.scheduler.policy* ]]
}

@test "fields: a limit of memory below what is used is refused where the bundle wants that checked, and nothing changes" {
  make_bundle box '.linux.resources.memory = {limit: 100000000}'
  set_command sh -c 'dd if=/dev/zero of=/dev/shm/full bs=1M count=40 2>/dev/null; echo filled; exec sleep 1000'
  caisson run --detach -b "$bundle" box </dev/null >"$scratch/out" 2>&1 || { cat "$scratch/out"; false; }
  timeout 60 tail -f "$scratch/out" | grep -qm1 filled
  echo '{"memory": {"limit": 30000000, "checkBeforeUpdate": true}}' >"$scratch/less"
  run ! caisson update -r "$scratch/less" box
  [[ $output == *"linux.resources.memory.limit: 30000000 is not above the "*" bytes in use"* ]]
  [ "$(caisson exec box cat /sys/fs/cgroup/memory.max)" = 99999744 ]
  [ "$(caisson exec box sh -c 'wc -c </dev/shm/full')" = 41943040 ]
  echo '{"memory": {"limit": 60000000, "checkBeforeUpdate": true}}' | caisson update -r - box
  [ "$(caisson exec box cat /sys/fs/cgroup/memory.max)" = 59998208 ]
}

@test "fields: a quota of CPU time throttles in the guest" {
  make_bundle box '.linux.resources.cpu = {quota: 10000, period: 100000}'
  in_guest sh -c 'end=$(($(date +%s) + 2)); while [ "$(date +%s)" -lt "$end" ]; do :; done; cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu.stat'
  [ "${lines[0]}" = "10000 100000" ]
  [[ $output =~ nr_throttled\ ([0-9]+) ]]
  [ "${BASH_REMATCH[1]}" -gt 2 ]
}

@test "fields: a filter is laid on with the capabilities the bundle gives and no others, with and without noNewPrivileges" {
  local privileges
  make_bundle box '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO", errnoRet: 5}]}' \
    '.process.capabilities = ({bounding: ["CAP_KILL"]} | .effective = .bounding | .permitted = .bounding)'
  for privileges in true false; do
    configure ".process.noNewPrivileges = $privileges"
    in_guest sh -c 'grep -E "^(Cap(Prm|Eff|Bnd)|NoNewPrivs|Seccomp):" /proc/self/status; mkdir /tmp/d || echo refused'
    # CAP_KILL is 5. A filter is laid on with CAP_SYS_ADMIN where privileges may grow; it must not stay.
    [ "$(grep -c '^Cap.*0000000000000020$' <<<"$output")" -eq 3 ]
    [ "$(sed -n 's/^NoNewPrivs:\t//p' <<<"$output")" = "$([ $privileges = true ] && echo 1 || echo 0)" ]
    [ "$(sed -n 's/^Seccomp:\t//p' <<<"$output")" = 2 ]
    [ "${lines[-1]}" = refused ]
  done
}

@test "annotations: memory, its bound, CPUs and their bound size the guest; a console goes to the log" {
  make_bundle box '.annotations = {"org.caisson.memory": "192M", "org.caisson.max-memory": "1G", "org.caisson.cpus": "2", "org.caisson.max-cpus": "3", "org.caisson.console": "true"}'
  set_command sh -c 'nproc; awk "/^MemTotal/ { print \$2 }" /proc/meminfo; cat /sys/devices/system/cpu/possible'
  run --separate-stderr caisson --debug run -b "$bundle" box
  [ "$status" -eq 0 ] || { echo "$stderr"; false; }
  [ "${lines[0]}" = 2 ]
  [ "${lines[1]}" -gt $((140 << 10)) ] && [ "${lines[1]}" -le $((192 << 10)) ]
  [ "${lines[2]}" = 0-2 ]
  [[ $stderr == *"Linux version"* ]]
  local wrong
  for wrong in memory:many max-memory:1M cpus:0 cpus:65 max-cpus:1 console:maybe hypervisor:xen; do
    configure ".annotations[\"org.caisson.${wrong%:*}\"] = \"${wrong#*:}\""
    run ! caisson run -b "$bundle" box
    [[ $output == *"org.caisson.${wrong%:*}"* ]]
    configure ".annotations = {\"org.caisson.memory\": \"192M\", \"org.caisson.cpus\": \"2\"}"
  done
}

@test "fields: a weight for one device is the host's, or is refused where the host cannot weigh" {
  local device weights
  device=$(ls /sys/dev/block | head -n 1)
  make_bundle box ".linux.cgroupsPath = \"/caisson-weight.$unique\"" \
    ".linux.resources.blockIO = {weightDevice: [{major: ${device%:*}, minor: ${device#*:}, weight: 300}]}"
  set_command sleep 1000
  if caisson run --detach -b "$bundle" box </dev/null >"$scratch/out" 2>&1; then
    weights=$(for directory in $(cgroups_of box); do cat "$directory"/{io.bfq.weight,io.weight,blkio.bfq.weight_device,blkio.weight_device} 2>/dev/null || true; done)
    [[ $weights == *"$device 300"* ]]
  else
    grep -F linux.resources.blockIO.weightDevice "$scratch/out"
  fi
}
