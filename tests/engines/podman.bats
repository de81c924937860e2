#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# podman with caisson as its runtime. A start is what costs time here, so one test asks much of one container, and those
# that only look at a running container share the one that setup_file starts.

load ../support/engines
bats_require_minimum_version 1.5.0

setup_file() {
  start_podman
  # Its process is init's child, tells of signals, and may change any file.
  podman run --detach --name box --network none --init --hostname boxhost --memory 128m --pids-limit 60 --cgroupns private \
    --tmpfs /scratch --volume shared:/shared --health-cmd 'test -e /healthy' busybox \
    sh -c 'trap "echo got USR1" USR1; trap "echo got TERM; exit 5" TERM; echo out; echo err >&2; >/scratch/ready; while :; do sleep 0.2; done' \
    2>"$ENGINES_SCRATCH/box.err"
}

teardown_file() {
  remove_containers
  no_container_left
}

# once COMMAND…: a container of one command.
once() { podman run --rm --network none "$@"; }

# logged TEXT: waits until the shared container has written a line.
logged() { timeout 30 podman logs --follow box | grep -q -m 1 -x "$1"; }

# at_terminal COMMAND: the command on a terminal of 33 rows and 77 columns.
at_terminal() { timeout 60 script -qec "stty rows 33 cols 77; $*" /dev/null; }

@test "podman run: a kernel of its own, streams apart, the exit code" {
  code=0
  once busybox sh -c 'uname -r; cat /proc/1/comm; echo err >&2; exit 3' >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || code=$?
  [ "$code" -eq 3 ]
  [[ $(head -n 1 "$BATS_TEST_TMPDIR/out") == *caisson* ]]
  [ "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" = sh ]
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = err ]
}

@test "podman run: user, environment, directory, entry point, limits, capabilities, read-only root, volumes" {
  mkdir "$BATS_TEST_TMPDIR/bind"
  chmod 777 "$BATS_TEST_TMPDIR/bind"
  echo host >"$BATS_TEST_TMPDIR/bind/from-host"
  run once --read-only --user guest --env COLOUR=green --workdir /data --entrypoint '["sh", "-c"]' \
    --ulimit nofile=100:200 --ulimit core=0 --security-opt no-new-privileges --umask 0027 \
    --tmpfs /scratch --volume "$BATS_TEST_TMPDIR/bind:/bind" --volume "$BATS_TEST_TMPDIR/bind:/ro:ro" \
    --volume kept:/kept --add-host friend:192.0.2.7 --sysctl kernel.msgmax=9000 busybox '
      echo "ids $(id -un) $(id -u) $(id -g)"
      echo "variable $COLOUR; directory $(pwd); umask $(umask)"
      echo "files $(ulimit -Sn) $(ulimit -Hn); core $(ulimit -c)"
      grep -e NoNewPrivs -e CapEff /proc/self/status
      touch /data/new
      touch /scratch/new && echo "scratch written"
      cat /bind/from-host; echo guest >/bind/from-guest
      echo x >/ro/from-guest
      grep friend /etc/hosts
      echo "msgmax $(cat /proc/sys/kernel/msgmax)"'
  [[ $output == *"ids guest 1000 1000"* ]]
  [[ $output == *"variable green; directory /data; umask 0027"* ]]
  [[ $output == *"files 100 200; core 0"* ]]
  [[ $output == *"NoNewPrivs:"?"1"* ]]
  [[ $output == *"CapEff:"?"0000000000000000"* ]]
  [[ $output == *"/data/new: Read-only file system"* ]]
  [[ $output == *"scratch written"* ]]
  [[ $output == *host* ]]
  [[ $output == *"/ro/from-guest: Read-only file system"* ]]
  [[ $output == *"192.0.2.7"*friend* ]]
  [[ $output == *"msgmax 9000"* ]]
  [ "$(cat "$BATS_TEST_TMPDIR/bind/from-guest")" = guest ]
}

@test "podman run: writes to an overlay stay in it, and an image can be a mount" {
  mkdir "$BATS_TEST_TMPDIR/lower"
  echo lower >"$BATS_TEST_TMPDIR/lower/file"
  run once --volume "$BATS_TEST_TMPDIR/lower:/v:O" --mount type=image,source=busybox,destination=/image busybox \
    sh -c 'cat /v/file; echo new >/v/file; cat /v/file /image/data/file'
  echo "$output"
  [ "$output" = $'lower\nnew\noriginal' ]
  [ "$(cat "$BATS_TEST_TMPDIR/lower/file")" = lower ]
  ! grep -q "$BATS_TEST_TMPDIR" /proc/self/mountinfo
}

@test "podman run: a network that a VM does not reach is told of, once" {
  local ready holder
  exec {ready}< <(exec unshare --net sh -c 'ip link add eth0 type veth peer name other; echo; exec sleep 100' 3>&-)
  holder=$!
  read -r <&"$ready"
  run --separate-stderr podman run --rm --network "ns:/proc/$holder/ns/net" busybox true
  kill "$holder"
  echo "$status: $stderr"
  [ "$status" -eq 0 ]
  [ "$(grep -c 'network: .*eth0.*--network none' <<<"$stderr")" -eq 1 ]
}

@test "podman run: capabilities dropped and added, a device of the guest" {
  run once --cap-drop all --cap-add chown,kill --device /dev/null:/dev/nothing busybox \
    sh -c 'grep Cap /proc/self/status; echo x >/dev/nothing && ls -l /dev/nothing; dd if=/dev/nothing 2>&1 | head -n 1'
  [ "$status" -eq 0 ]
  [[ $output == *"CapEff:"?"0000000000000021"* ]]
  [[ $output == *"CapBnd:"?"0000000000000021"* ]]
  [[ $output == *"1,   3"*"/dev/nothing"* ]]
}

@test "podman run: --privileged means every capability, in the guest" {
  run once --privileged busybox sh -c 'uname -r; grep CapEff /proc/self/status; hostname changed && hostname'
  [ "$status" -eq 0 ]
  [[ $output == *caisson* ]]
  [[ $output == *"CapEff:"?"000001ff"* ]]
  [[ $output == *changed* ]]
}

@test "podman run: a terminal has the size of ours, follows it, and gives the exit code" {
  run at_terminal podman run --rm -it --network none busybox sh -c "'tty; stty size; exit 4'"
  [ "$status" -eq 4 ]
  [[ $output == *"/dev/pts/0"* ]]
  [[ $output == *"33 77"* ]]
}

@test "podman run: what cannot be is refused with a reason" {
  run podman run --rm --network host busybox true
  [ "$status" -eq 126 ]
  [[ $output == *'no "network" is listed, but a VM cannot use the host'* ]]
  run -127 once busybox no-such-command
  [[ $output == *'"no-such-command": executable file not found'* ]]
  run once busybox /etc/passwd
  [ "$status" -eq 126 ]
  [[ $output == *"ermission denied"* ]]
}

@test "podman run: a container past its memory limit is killed, and known to be; another that is killed is not" {
  cd "$BATS_TEST_TMPDIR"  # conmon leaves its own mark in the current directory
  podman run --detach --name greedy --network none --memory 64m --memory-swap 64m busybox \
    sh -c '[ ! -e /ran ] || exit 3; touch /ran; dd if=/dev/zero of=/dev/null bs=200M count=1'
  run podman wait greedy
  [ "$output" = 137 ]
  run podman inspect greedy --format '{{.State.OOMKilled}} {{.State.ExitCode}}'
  [ "$output" = "true 137" ]
  podman start greedy
  [ "$(podman wait greedy)" = 3 ]
  podman rm greedy
  podman run --detach --name killed --network none busybox sleep 1000
  podman kill --signal KILL killed
  podman wait killed
  run podman inspect killed --format '{{.State.OOMKilled}} {{.State.ExitCode}}'
  [ "$output" = "false 137" ]
  podman rm killed
}

@test "podman create, start --attach: standard input to its end; the container again" {
  podman create --name filter --network none --interactive busybox sh -c 'cat; echo round >>/rounds; wc -l </rounds'
  run podman start --attach --interactive filter <<<"through"
  [ "$status" -eq 0 ]
  [ "$output" = $'through\n1' ]
  run podman start --attach --interactive filter <<<"again"
  [ "$output" = $'again\n2' ]
  podman cp filter:/rounds "$BATS_TEST_TMPDIR/rounds"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/rounds")" -eq 2 ]
  podman rm filter
}

@test "podman stop: after its time the signal is KILL" {
  podman run --detach --name deaf --network none busybox sh -c 'trap "" TERM; echo ready; while :; do sleep 0.2; done'
  timeout 30 podman logs --follow deaf | grep -q -m 1 ready
  podman stop --time 1 deaf
  [ "$(podman wait deaf)" = 137 ]
  podman rm deaf
}

@test "podman pod: containers of a pod that share nothing" {
  podman pod create --name pod --infra=false
  run podman run --rm --pod pod --network none busybox uname -r
  [ "$status" -eq 0 ]
  [[ $output == *caisson* ]]
  podman pod rm --force pod
}

@test "podman pod: an infra container's IPC and UTS are another kernel's, refused with a reason" {
  podman pod create --name pod --network none --share net
  run podman run --rm --pod pod busybox echo inside
  echo "$output"
  if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
    # podman 4.3 denies every device to such a pod, whoever the runtime (docs/engines.md).
    [[ $output == *"open /dev/null in the container's cgroup of the host"* ]]
  else
    [ "$output" = inside ]
  fi
  run podman run --rm --network none --ipc container:box busybox true
  [ "$status" -eq 126 ]
  [[ $output == *"is a namespace of the host's kernel, which the guest cannot enter"* ]]
  podman pod rm --force --time 0 pod
}

@test "podman logs: both streams" {
  logged out
  podman logs box >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
  grep -qx out "$BATS_TEST_TMPDIR/out"
  grep -qx err "$BATS_TEST_TMPDIR/err"
}

@test "podman exec: exit codes, input, user, environment, directory, privileges" {
  run podman exec box sh -c 'hostname; exit 9'
  [ "$status" -eq 9 ]
  [ "$output" = boxhost ]
  [ "$(echo through | podman exec --interactive box cat)" = through ]
  run podman exec --user guest --env A=b --workdir /data box sh -c 'echo "$(id -u) $A $(pwd)"'
  [ "$output" = "1000 b /data" ]
  run podman exec --privileged box grep CapEff /proc/self/status
  [[ $output == *000001ff* ]]
  run -127 podman exec box no-such-command
  [[ $output == *'"no-such-command": executable file not found'* ]]
}

@test "podman exec: at a terminal" {
  run at_terminal podman exec -it box sh -c "'tty; stty size; exit 4'"
  [ "$status" -eq 4 ]
  [[ $output == *"/dev/pts/"* ]]
  [[ $output == *"33 77"* ]]
}

@test "podman exec --detach: runs on its own" {
  podman exec box mkfifo /scratch/told
  podman exec --detach box sh -c 'echo detached >/scratch/told'
  [ "$(timeout 30 podman exec box cat /scratch/told)" = detached ]
}

@test "podman cp: into the running container and its volumes, and out; never into the guest's own file systems" {
  echo host >"$BATS_TEST_TMPDIR/file"
  podman cp "$BATS_TEST_TMPDIR/file" box:/data/copied
  podman cp "$BATS_TEST_TMPDIR/file" box:/shared/copied
  run podman exec box sh -c 'cat /data/copied /shared/copied; echo guest >/data/made'
  [ "$output" = $'host\nhost' ]
  podman cp box:/data/made "$BATS_TEST_TMPDIR/made"
  [ "$(cat "$BATS_TEST_TMPDIR/made")" = guest ]
  run podman cp "$BATS_TEST_TMPDIR/file" box:/scratch/copied
  [ "$status" -ne 0 ]
  [[ $output == *"read-only file system"* ]]
}

# lasting: of a list of pids, parents and more those that stay, with one blank between words.
lasting() { awk '$2 <= 1 && !/ ps -o / { $1 = $1; print }' | sort; }

@test "podman top: the guest's processes, as the container counts them and as its own ps has them" {
  podman exec --detach --user guest box sleep 1000
  run podman top box
  [ "$status" -eq 0 ]
  read -r -a header <<<"${lines[0]}"
  [ "${header[*]}" = "USER PID PPID %CPU ELAPSED TTY TIME COMMAND" ]
  [[ ${lines[1]} =~ ^"root "[\ ]*"1 "[\ ]*"0 ".*podman-init ]]
  run podman top box pid ppid user group comm args
  [ "$status" -eq 0 ]
  shown=$(lasting <<<"$output")
  run podman top box -o pid,ppid,user,group,comm,args
  [ "$status" -eq 0 ]
  [ "$shown" = "$(lasting <<<"$output")" ]
  [[ $shown == *"1 0 root "*podman-init* ]]
  [[ $shown == *" 1 root "*" sh sh -c trap"* ]]
  [[ $shown == *" 0 guest "*" sleep sleep 1000"* ]]
  run podman top box hpid state capeff seccomp
  [ "$status" -eq 0 ]
  [[ ${lines[1]} == "?"*S*CHOWN* ]]
}

@test "podman stats: memory and processor time of the whole machine" {
  run podman stats --no-stream --format '{{.MemUsage}} {{.CPUNano}} {{.PIDs}}' box
  [ "$status" -eq 0 ]
  [[ $output != *"no such file"* ]]
  read -r -a figures <<<"${lines[-1]}"
  [ "${figures[-2]}" -gt 0 ]
  [ "${figures[-1]}" -gt 0 ]
}

@test "podman pause, unpause: the machine stands still" {
  podman pause box
  [ "$(podman inspect box --format '{{.State.Status}}')" = paused ]
  run timeout 20 podman top box
  [ "$status" -eq 125 ]
  run podman exec box true
  [ "$status" -ne 0 ]
  podman unpause box
  podman exec box true
}

@test "podman healthcheck: by exec" {
  run podman healthcheck run box
  [ "$status" -eq 1 ]
  podman exec box touch /healthy
  podman healthcheck run box
}

@test "podman update: a memory limit of the running container" {
  podman update --memory 96m box
  run podman exec box cat /sys/fs/cgroup/memory.max
  [ "$output" = 100663296 ]
}

@test "podman kill: the signal reaches the process behind init" {
  podman kill --signal USR1 box
  logged "got USR1"
}

@test "podman commit: the container's files make an image" {
  podman exec box sh -c 'echo changed >/data/file'
  podman commit --quiet box changed
  run once changed cat /data/file
  [ "$output" = changed ]
  podman rmi changed
}

@test "podman volume: outlives its container, and is seen by two at once" {
  podman exec box sh -c 'echo first >/shared/file'
  run once --volume shared:/shared busybox sh -c 'cat /shared/file; echo second >/shared/answer'
  [ "$output" = first ]
  [ "$(podman exec box cat /shared/answer)" = second ]
}

@test "podman restart, stop, wait: the process ends by its own hand" {
  podman restart --time 5 box
  [ "$(podman inspect box --format '{{.State.Status}}')" = running ]
  # Before it has set its traps a TERM is not for it.
  podman exec box sh -c 'until [ -e /scratch/ready ]; do sleep 0.05; done'
  podman stop --time 20 box
  [ "$(podman wait box)" = 5 ]
  [ "$(podman logs box | grep -c -x 'got TERM')" -eq 2 ]
  podman start box
  podman rm --force --time 0 box
}
