#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# create, start, state, list, exec, ps, pause, kill, delete: as an engine drives them.

load ../support/guest
bats_require_minimum_version 1.5.0

setup() { setup_sandbox_root; }
teardown() { teardown_sandbox_root; }

create_sleeper() {
  make_bundle box "$@"
  set_command sleep 1000
  caisson create -b "$bundle" --pid-file "$scratch/pid" box </dev/null >"$scratch/out" 2>&1
}

@test "lifecycle: created, running, stopped, deleted" {
  create_sleeper
  [ "$(caisson state box | jq -r .status)" = created ]
  [ "$(caisson state box | jq -r .pid)" = "$(cat "$scratch/pid")" ]
  caisson start box
  [ "$(caisson state box | jq -r .status)" = running ]
  [ "$(caisson list -q)" = box ]
  caisson kill box KILL
  tail --pid="$(cat "$scratch/pid")" -f /dev/null
  [ "$(caisson state box | jq -r .status)" = stopped ]
  caisson delete box
  run caisson state box
  [ "$status" -ne 0 ]
}

@test "lifecycle: the process does not run before start" {
  make_bundle box
  set_command sh -c 'echo ran > /root/ran'
  caisson create -b "$bundle" --pid-file "$scratch/pid" box </dev/null >"$scratch/out" 2>&1
  [ ! -e "$bundle/rootfs/root/ran" ]
  caisson start box
  tail --pid="$(cat "$scratch/pid")" -f /dev/null
  [ "$(cat "$bundle/rootfs/root/ran")" = ran ]
}

@test "lifecycle: one id in two state roots is two containers, and one cgroup is never shared" {
  make_bundle box
  set_command sleep 1000
  caisson create -b "$bundle" box </dev/null >/dev/null 2>&1
  "$CAISSON" --root "$scratch/other" create -b "$bundle" box </dev/null >/dev/null 2>&1
  "$CAISSON" --root "$scratch/other" delete --force box
  [ "$(caisson state box | jq -r .status)" = created ]
  caisson delete --force box

  configure '.linux.cgroupsPath = "/caisson-test-shared"'
  caisson create -b "$bundle" first </dev/null >/dev/null 2>&1
  run caisson create -b "$bundle" second
  [ "$status" -eq 1 ]
  [[ $output == *"not empty"*cgroupsPath* ]]
  caisson delete --force first
}

@test "lifecycle: what a container's state lies in is its owner's alone, whatever the umask" {
  local root=$scratch/deep/root umask place
  make_bundle box
  for umask in 0 0777; do
    (
      umask "$umask"
      "$CAISSON" --root "$root" --log "$scratch/log" create -b "$bundle" --pid-file "$scratch/pid" box </dev/null >/dev/null 2>&1
    ) || {
      cat "$scratch/log"
      return 1
    }
    run -0 find "$root" "$scratch/pid" "$scratch/log" -printf '%m %P\n'
    echo "$output"
    for place in '700 ' '700 box' '700 box/vmm' '600 box/config.json' '600 box/state.json' '600 box/vsock.sock' '600 box/control.sock' '644 '; do
      grep -qx "$place" <<<"$output"
    done
    [ -z "$(find "$scratch/deep" -perm /022)" ]
    [ "$(stat -c %a "$scratch/deep")" = 755 ]
    "$CAISSON" --root "$root" delete --force box
    rm -rf "$scratch/deep" "$scratch/log"
  done
}

@test "lifecycle: a state root that others can write to, own or lead elsewhere is refused with what to do" {
  local verb
  make_bundle box
  mkdir -m 0700 "$scratch/real"
  ln -s real "$scratch/link"
  for verb in list "state box" "delete --force box" "run -b $bundle box"; do
    # shellcheck disable=SC2086 # a verb and its arguments
    for root in "$scratch/link" "$scratch/link/"; do
      run ! "$CAISSON" --root "$root" $verb
      [[ $output == *"symbolic link; give --root"* ]]
    done
    chmod 0720 "$scratch/real"
    run ! "$CAISSON" --root "$scratch/real" $verb
    [[ $output == *"chmod go-w"* ]]
    chmod 0700 "$scratch/real"
    chown 1000 "$scratch/real"
    run ! "$CAISSON" --root "$scratch/real" $verb
    [[ $output == *"belongs to uid 1000"* ]]
    chown 0 "$scratch/real"
  done
  "$CAISSON" --root "$scratch/real" list
}

@test "lifecycle: a state root deeper than the address of a socket is long" {
  state_root=$scratch/$(printf 'deep%.0s' {1..30})
  mkdir "$state_root"
  create_sleeper
  caisson start box
  [ "$(caisson exec box echo hello)" = hello ]
  caisson pause box
  caisson resume box
}

@test "exec: runs inside the container's namespaces, with its own exit code and streams" {
  create_sleeper
  caisson start box
  run caisson exec box sh -c 'echo $$; hostname; exit 5'
  [ "$status" -eq 5 ]
  [[ $output == *caisson* || $output == *runc* ]]
  [ "$(echo through | caisson exec box cat)" = through ]
  run caisson exec --cwd /tmp --env A=b --user 7:8 box sh -c 'echo $(pwd) $A $(id -u) $(id -g)'
  [ "$output" = "/tmp b 7 8" ]
}

@test "exec: an option given once takes one value, not the container's id" {
  make_bundle box
  set_command sleep 1000
  caisson create -b "$bundle" box </dev/null >/dev/null 2>&1
  caisson start box
  # shellcheck disable=SC2016  # expanded in the container
  run caisson exec --env FIRST=1 -e SECOND=2 box sh -c 'echo "$FIRST$SECOND"'
  [ "$output" = 12 ]
  caisson delete --force box
}

@test "exec: enters a container that waits for its start, and leaves it waiting" {
  create_sleeper
  [ "$(caisson exec box readlink /proc/self/root)" = / ]
  [ "$(caisson state box | jq -r .status)" = created ]
  caisson start box
}

@test "exec: into cgroups that the container has made, and where its own takes no processes any more" {
  make_bundle box '(.mounts[] | select(.type == "cgroup") | .options) -= ["ro"]'
  set_command sh -c 'cd /sys/fs/cgroup && mkdir inner && echo 1 >inner/cgroup.procs && echo +memory >cgroup.subtree_control &&
    echo made && exec sleep 1000'
  mkfifo "$scratch/out"
  caisson create -b "$bundle" box </dev/null >"$scratch/out" 2>&1 3>&- &
  exec 5<"$scratch/out"
  wait $!
  caisson start box
  timeout 60 grep -q made <&5
  [ "$(caisson exec box cat /proc/self/cgroup)" = 0::/inner ]
  caisson exec box mkdir /sys/fs/cgroup/second
  [ "$(caisson exec --cgroup second box cat /proc/self/cgroup)" = 0::/second ]
  run -255 caisson exec --cgroup / box true
  [[ $output == *busy* ]]
  run -255 caisson exec --cgroup third box true
  [[ $output == *third*"No such file"* ]]
  run -255 caisson exec --cgroup ../.. box true
  [[ $output == *"not a sub cgroup path"* ]]
}

@test "exec: a pid file that cannot be written leaves no process behind" {
  create_sleeper
  caisson start box
  run -255 caisson exec --pid-file "$scratch/missing/pid" box sleep 2000
  run -255 caisson exec --detach --pid-file "$scratch/missing/pid" box sleep 2000
  # A killed process may be seen a moment longer.
  timeout 60 sh -c 'while "$0" --root "$1" ps box | grep -q "sleep 2000"; do :; done' "$CAISSON" "$state_root"
}

@test "exec: a hundred at once leave room for ps, pause and kill" {
  create_sleeper
  caisson start box
  local number jobs=()
  for number in $(seq 100); do
    caisson exec box sh -c 'echo in; exec sleep 1000' </dev/null >>"$scratch/in" 2>&1 &
    jobs+=($!)
  done
  timeout 200 tail --follow --lines=+1 "$scratch/in" | head -n 100 >"$scratch/begun"
  [ "$(grep -c '^in$' "$scratch/begun")" -eq 100 ]
  [ "$(caisson ps box | grep -c 'sleep 1000$')" -eq 101 ]
  caisson pause box
  caisson resume box
  caisson kill box KILL
  for number in "${jobs[@]}"; do wait "$number" || true; done
}

@test "exec: a command that does not exist" {
  create_sleeper
  caisson start box
  run -255 caisson exec box no-such-command
  [[ $output == *"executable file not found in"* ]]
}

@test "ps: lists the container's processes" {
  create_sleeper
  caisson start box
  run caisson ps box
  [ "$status" -eq 0 ]
  [[ $output == UID*"sleep 1000"* ]]
  # shellcheck disable=SC2154  # set by run
  [[ ${lines[1]} == root* ]]
  run caisson ps box -e -x
  [[ ${lines[0]} =~ ^\ +PID\ TTY\ +STAT\ +TIME\ COMMAND$ ]]
  [[ ${lines[1]} =~ \?\ +[A-Z]\ .*sleep\ 1000 ]]

  caisson kill box KILL
  tail --pid="$(cat "$scratch/pid")" -f /dev/null
  run caisson ps box
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -eq 1 ]
  [ "$(caisson ps --format json box)" = null ]
}

@test "pause and resume: the processes stand still" {
  create_sleeper
  caisson start box
  caisson pause box
  [ "$(caisson state box | jq -r .status)" = paused ]
  run timeout 20 "$CAISSON" --root "$state_root" exec box true
  [ "$status" -eq 255 ]
  caisson exec --ignore-paused box echo resumed >"$scratch/exec" 3>&- &
  caisson resume box
  [ "$(caisson state box | jq -r .status)" = running ]
  caisson exec box true
  wait $!
  [ "$(cat "$scratch/exec")" = resumed ]
}

@test "resources: a memory limit is the guest's OOM kill, exit 137" {
  make_bundle box '.linux.resources.memory = {"limit": 67108864, "swap": 67108864}'
  set_command sh -c 'x=$(head -c 200000000 /dev/zero | tr "\0" x); echo ${#x}'
  run caisson run -b "$bundle" box
  [ "$status" -eq 137 ]
}

@test "resources: a pids limit stops a fork bomb" {
  make_bundle box '.linux.resources.pids = {"limit": 10}'
  set_command sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do sleep 2 & done; wait'
  run caisson run -b "$bundle" box
  [[ $output == *"can't fork"* ]]
}

@test "hooks: host hooks get the state on standard input" {
  make_bundle box ".hooks = {\"poststop\": [{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\", \"cat > $scratch/poststop\"]}]}"
  caisson run -b "$bundle" box
  [ "$(jq -r .id "$scratch/poststop")" = box ]
}

@test "hooks: startContainer hooks are told that the container has been created" {
  make_bundle box '.hooks = {"startContainer": [{"path": "/bin/sh", "args": ["sh", "-c", "/bin/cat >/tmp/state"]}]}'
  caisson run -b "$bundle" box
  [ "$(jq -r .status "$bundle/rootfs/tmp/state")" = created ]
}

# hold_machine PID: the virtual processors of a container's machine stand still, behind everybody's back; let_go ends that.
hold_machine() {
  qemu=$(pgrep --parent "$1" qemu) || true
  if [ -n "$qemu" ]; then
    kill -STOP "$qemu"
    return
  fi
  gcc -O1 -x c -o "$scratch/hold" - <<'C'
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char** argv) {  // what it holds goes on when it ends
  const pid_t thread = atoi(argv[argc - 1]);
  if (ptrace(PTRACE_SEIZE, thread, 0, 0) < 0 || ptrace(PTRACE_INTERRUPT, thread, 0, 0) < 0) return 1;
  if (waitpid(thread, NULL, __WALL) < 0) return 1;
  for (;;) pause();
}
C
  local task
  for task in "/proc/$1"/task/*; do
    [[ $(cat "$task/comm") != vcpu* ]] || {
      "$scratch/hold" "$(basename "$task")" 3>&- 4>&- &
      holders+=($!)
    }
  done
  [ ${#holders[@]} -gt 0 ]
}
# logged TEXT: waits until it is in the log. LIMIT: of a machine that emulates another.
logged() { timeout 100 tail --follow --lines=+1 "$scratch/log" | grep -q -m 1 "$1"; }

let_go() {
  if [ -n "$qemu" ]; then kill -CONT "$qemu"; else kill "${holders[@]}"; fi
}

@test "lifecycle: a guest that keeps silent is reported in state and log, and so is that it speaks again" {
  make_bundle box
  set_command sleep 1000
  CAISSON_HANG_TIMEOUT=3 caisson --log "$scratch/log" run --detach -b "$bundle" --pid-file "$scratch/pid" box \
    </dev/null >"$scratch/out" 2>&1
  [ "$(caisson state box | jq -r '.annotations["org.caisson.guest"]')" = null ]
  local qemu holders=()
  hold_machine "$(cat "$scratch/pid")"
  logged "container box: the guest has not answered for 3 s"
  caisson state box | jq -r '.annotations["org.caisson.guest"]' | grep "has not answered for 3 s"
  let_go
  logged "container box: the guest answers again"
  [ "$(caisson state box | jq -r '.annotations["org.caisson.guest"]')" = null ]
  [ "$(caisson exec box echo alive)" = alive ]
  # Pausing is no silence: time must pass, for nothing to happen.
  caisson pause box
  sleep 8
  caisson resume box
  [ "$(grep -c "has not answered" "$scratch/log")" -eq 1 ]
  caisson delete --force box
  CAISSON_HANG_TIMEOUT=soon run -1 caisson run -b "$bundle" box
  [[ $output == *'CAISSON_HANG_TIMEOUT: "soon" is not a number of seconds'* ]]
}
