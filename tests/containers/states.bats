#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What each verb does in each state, as under runc, and what a kill -9 leaves.

load ../support/guest
bats_require_minimum_version 1.5.0

setup() { setup_sandbox_root; }
teardown() { teardown_sandbox_root; }

create() {
  caisson create -b "$bundle" --pid-file "$scratch/pid" box </dev/null >"$scratch/out" 2>&1
}
state() { caisson state box | jq -r .status; }
# LIMIT: of the slowest machine.
gone() { timeout 60 tail --pid="$(cat "$scratch/pid")" -f /dev/null; }

@test "kill: what asks a created container to end ends it" {
  make_bundle box
  set_command sleep 1000
  local signal
  for signal in KILL TERM HUP "--all KILL" "--all TERM"; do
    create
    # shellcheck disable=SC2086 # an option and a signal
    set -- $signal
    if [ "$1" = --all ]; then caisson kill --all box "$2"; else caisson kill box "$1"; fi
    gone
    [ "$(state)" = stopped ]
    run caisson kill box KILL
    [ "$status" -eq 1 ]
    [[ $output == *"container not running"* ]]
    run caisson start box
    [ "$status" -eq 1 ]
    [[ $output == *"cannot start a container that has stopped"* ]]
    caisson delete box
  done
}

@test "kill: what does not ask to end leaves a created container as it is, and unknown signals are refused" {
  make_bundle box
  set_command sh -c 'trap "exit 7" TERM; echo up; while :; do sleep 0.1; done'
  create
  local signal
  for signal in 0 WINCH CONT CHLD USR1 34; do
    caisson kill box "$signal"
    caisson kill --all box "$signal"
  done
  for signal in 99 -1 NONSENSE; do
    run caisson kill box "$signal"
    [ "$status" -eq 1 ]
  done
  [ "$(state)" = created ]
  [ "$(caisson exec box echo here)" = here ]
  # Nothing was left for the program: it gets what is sent from now on.
  caisson start box
  timeout 60 tail --follow --lines=+1 "$scratch/out" | grep -q -m 1 up
  caisson kill box TERM
  gone
  [ "$(jq .exitCode "$(find "$state_root" -name exit.json)")" = 7 ]
  caisson delete box
}

@test "pause: a created container is created again when it is resumed, and can be killed meanwhile" {
  make_bundle box
  set_command sleep 1000
  create
  caisson pause box
  [ "$(state)" = paused ]
  run caisson start box
  [ "$status" -eq 1 ]
  caisson resume box
  [ "$(state)" = created ]
  caisson start box
  [ "$(state)" = running ]
  caisson pause box
  caisson resume box
  [ "$(state)" = running ]
  caisson delete --force box
  create
  caisson pause box
  caisson kill box KILL
  gone
  [ "$(state)" = stopped ]
  caisson delete box
}

@test "delete: a created container goes without --force" {
  make_bundle box
  set_command sleep 1000
  create
  caisson delete box
  gone
  [ -z "$(caisson list -q)" ]
}

# kill_runner: kill -9 of a `caisson run` or `do` in the background once its container runs.
kill_runner() {
  timeout 100 tail --follow --lines=+1 "$scratch/out" | grep -q -m 1 up
  caisson list --format json | jq '.[0].pid' >"$scratch/pid"
  kill -KILL "$1"
  wait "$1" || true
}

@test "sweep: what a killed run or do leaves is taken away by who comes next" {
  make_bundle box ".hooks = {\"poststop\": [{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\", \"cat > $scratch/poststop\"]}]}"
  set_command sh -c 'echo up; sleep 1000'
  "$CAISSON" --root "$state_root" run -b "$bundle" box >"$scratch/out" 2>&1 </dev/null &
  kill_runner $!
  # It runs on, as under runc, and is nobody's to take away.
  [ "$(caisson list -q)" = box ]
  [ "$(state)" = running ]
  caisson kill box KILL
  gone
  [ -z "$(caisson list -q)" ]
  [ "$(jq -r .id "$scratch/poststop")" = box ]

  "$CAISSON" --root "$state_root" do -- sh -c 'echo up; sleep 1000' >"$scratch/out" 2>&1 </dev/null &
  kill_runner $!
  kill -KILL "$(cat "$scratch/pid")"
  gone
  [ "$(find "$state_root" -mindepth 1 -maxdepth 1 -name 'do-*' | wc -l)" -eq 1 ]
  caisson do -- true
  [ "$(find "$state_root" -mindepth 1 -maxdepth 1 -name 'do-*' | wc -l)" -eq 0 ]
}

@test "sweep: what was made for others, or is to be kept, stays" {
  make_bundle box
  set_command true
  create
  caisson start box
  gone
  [ "$(caisson list -q)" = box ]
  caisson delete box
  caisson run --detach -b "$bundle" --pid-file "$scratch/pid" box </dev/null >/dev/null 2>&1
  gone
  [ "$(caisson list -q)" = box ]
  caisson delete box
  caisson run --keep -b "$bundle" box
  [ "$(caisson list -q)" = box ]
  caisson delete box
}

@test "sweep: a creator that is killed while the guest boots leaves a stopped container, which delete removes" {
  make_bundle box
  local delay
  for delay in 0.02 0.1 0.3; do
    timeout -s KILL "$delay" "$CAISSON" --root "$state_root" create -b "$bundle" box </dev/null >/dev/null 2>&1 || true
    [ -e "$state_root/box" ] || continue
    # caisson-vmm sees that its starter is gone.
    timeout 60 sh -c 'while pgrep -f "caisson-vmm --launch box$" >/dev/null; do sleep 0.1; done'
    [ "$(state)" = stopped ]
    caisson delete box
  done
}

# pidfd_of COMMAND…: what that sends to --pidfd-socket $scratch/socket: "text pid", of the process whose pidfd it is.
receive_pidfd() {
  python3 - "$scratch/socket" <<'PYTHON' >"$scratch/pidfd" &
import array, re, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
connection, _ = listener.accept()
text, control, _, _ = connection.recvmsg(100, socket.CMSG_SPACE(4))
fd = array.array("i", control[0][2])[0]
print(text.decode(), re.search(r"Pid:\s*(\d+)", open(f"/proc/self/fdinfo/{fd}").read())[1])
PYTHON
  receiver=$!
  timeout 20 sh -c 'until [ -S "$1" ]; do sleep 0.05; done' sh "$scratch/socket"
}
received() {
  wait "$receiver"
  rm "$scratch/socket"
  [ "$(cat "$scratch/pidfd")" = "pidfd $1" ]
}

@test "pidfd-socket: create, run and exec hand over a pidfd" {
  make_bundle box
  set_command sleep 1000
  local receiver
  receive_pidfd
  caisson create -b "$bundle" --pidfd-socket "$scratch/socket" --pid-file "$scratch/pid" box </dev/null >/dev/null 2>&1
  received "$(cat "$scratch/pid")"
  caisson start box
  receive_pidfd
  caisson exec --detach --pidfd-socket "$scratch/socket" --pid-file "$scratch/exec" box sleep 100 </dev/null >/dev/null 2>&1
  received "$(cat "$scratch/exec")"
  run caisson exec --pidfd-socket "$scratch/nobody" box true
  [ "$status" -eq 255 ]
  [[ $output == *"--pidfd-socket"* ]]
  caisson delete --force box
  receive_pidfd
  caisson run --detach -b "$bundle" --pidfd-socket "$scratch/socket" --pid-file "$scratch/pid" box </dev/null >/dev/null 2>&1
  received "$(cat "$scratch/pid")"
}

@test "exec: the container's personality and the CPUs asked for are the process's" {
  make_bundle box '.linux.personality = {"domain": "LINUX32"} | .annotations["org.caisson.cpus"] = "2"'
  set_command sh -c 'uname -m; sleep 1000'
  create
  caisson start box
  [ "$(caisson exec box uname -m)" = i686 ]
  [ "$(caisson exec --cpu-affinity 0:1 box grep Cpus_allowed_list /proc/self/status | cut -f2)" = 1 ]
  [ "$(caisson exec box grep Cpus_allowed_list /proc/self/status | cut -f2)" = 0-1 ]
  jq '.process | .args = ["grep", "Cpus_allowed_list", "/proc/self/status"] | .execCPUAffinity = {"initial": "0", "final": "0"}' \
    "$bundle/config.json" >"$scratch/process.json"
  [ "$(caisson exec --process "$scratch/process.json" box | cut -f2)" = 0 ]
  run caisson exec --cpu-affinity 0:7 box true
  [ "$status" -eq 255 ]
  [[ $output == *"cpu affinity"* ]]
  run caisson exec --cpu-affinity 0:x box true
  [[ $output == *"process.execCPUAffinity.final"* ]]
}

@test "exec: the mask of file modes is the caller's, unless the container's process has one of its own" {
  make_bundle box
  set_command sleep 1000
  create
  caisson start box
  [ "$(umask 027 && caisson exec box sh -c umask)" = 0027 ]
  jq '.process | .args = ["sh", "-c", "umask"]' "$bundle/config.json" >"$scratch/process.json"
  [ "$(umask 077 && caisson exec --process "$scratch/process.json" box)" = 0077 ]
  caisson delete --force box
  configure '.process.user.umask = 7'
  create
  caisson start box
  [ "$(umask 077 && caisson exec box sh -c umask)" = 0007 ]
}

@test "hooks: one in the container that fails says why, and has the container's environment" {
  make_bundle box '.process.env += ["COLOUR=blue"]' \
    '.hooks = {"startContainer": [{"path": "/bin/sh", "args": ["sh", "-c", "echo $COLOUR; echo broken >&2; exit 3"]}]}'
  run caisson run -b "$bundle" box
  [ "$status" -ne 0 ]
  [[ $output == *"exit status 3, stdout: blue, stderr: broken"* ]]
}

@test "hooks: a failed poststart stops the container from version 1.2.1 on, and is a warning before" {
  make_bundle box '.hooks = {"poststart": [{"path": "/bin/false"}]}'
  set_command sleep 1000
  configure '.ociVersion = "1.2.1"'
  create
  run caisson start box
  [ "$status" -eq 1 ]
  [[ $output == *"error running poststart hook #0: "* ]]
  gone
  [ "$(state)" = stopped ]
  caisson delete box
  configure '.ociVersion = "1.2.0"'
  create
  caisson start box
  [ "$(state)" = running ]
}

@test "oom: the container's own standard error hears nothing of it" {
  make_bundle box '.linux.resources.memory = {limit: 67108864, swap: 67108864}'
  set_command sh -c 'dd if=/dev/zero of=/dev/null bs=200M count=1 2>/dev/null; echo survived'
  caisson run -b "$bundle" box >"$scratch/out" 2>"$scratch/err" </dev/null
  [ "$(cat "$scratch/out")" = survived ]
  run cat "$scratch/err"
  [[ $output != *memory* ]]
}
