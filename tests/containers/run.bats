#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# caisson run and do: exit codes, signals, standard streams, terminals.

load ../support/guest

setup() { setup_sandbox_root; }
teardown() { teardown_sandbox_root; }

@test "run: the container's kernel is not the host's" {
  make_bundle box
  set_command uname -r
  run caisson run -b "$bundle" box
  [ "$status" -eq 0 ]
  [[ $output == *caisson* ]]
  [ "$output" != "$(uname -r)" ]
}

@test "run: exit code is the process's" {
  make_bundle box
  set_command sh -c 'exit 7'
  run caisson run -b "$bundle" box
  [ "$status" -eq 7 ]
}

@test "run: a process ended by a signal gives 128+n" {
  make_bundle box
  set_command sh -c 'kill -9 $$; sleep 5'
  configure '.linux.namespaces |= map(select(.type != "pid"))'
  run caisson run -b "$bundle" box
  [ "$status" -eq 137 ]
}

@test "run: standard output and error stay separate" {
  make_bundle box
  set_command sh -c 'echo out; echo err >&2'
  caisson run -b "$bundle" box >"$scratch/out" 2>"$scratch/err"
  [ "$(cat "$scratch/out")" = out ]
  [ "$(cat "$scratch/err")" = err ]
}

@test "run: end of standard input ends cat, bytes are whole" {
  make_bundle box
  set_command cat
  head -c 67108864 /dev/urandom >"$scratch/in"
  caisson run -b "$bundle" box <"$scratch/in" >"$scratch/out"
  cmp "$scratch/in" "$scratch/out"
}

# anonymous_kib: the anonymous memory of the one container's caisson-vmm, guest memory not counted.
anonymous_kib() { sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$(caisson list --format json | jq '.[0].pid')/status"; }

@test "do: 256 MiB through cat are whole, standard error apart, the memory of caisson-vmm flat" {
  mkfifo "$scratch/in"
  head -c 268435456 /dev/urandom | tee "$scratch/in" | sha256sum >"$scratch/sent" &
  writer=$!
  caisson do -- sh -c 'echo begun >&2; exec cat' <"$scratch/in" 2>"$scratch/err" | {
    head -c 33554432
    anonymous_kib >"$scratch/early"
    head -c 201326592
    anonymous_kib >"$scratch/late"
    cat
  } | sha256sum >"$scratch/received"
  wait "$writer"
  cat "$scratch/early" "$scratch/late"
  [ "$(cat "$scratch/sent")" = "$(cat "$scratch/received")" ]
  [ "$(cat "$scratch/err")" = begun ]
  [ "$(($(cat "$scratch/late") - $(cat "$scratch/early")))" -lt 2048 ]
}

@test "run: a slow reader stops the writer and loses nothing" {
  make_bundle box
  set_command cat
  head -c 8388608 /dev/urandom >"$scratch/in"
  # The reader takes a little, waits until nothing moves any more, then takes the rest.
  caisson run -b "$bundle" box <"$scratch/in" | { head -c 65536; sleep 2; cat; } >"$scratch/out"
  local codes=("${PIPESTATUS[@]}")
  echo "exit ${codes[0]}"
  cmp "$scratch/in" "$scratch/out"
  [ "${codes[0]}" -eq 0 ]
}

@test "run: a reader that goes away ends the writer" {
  make_bundle box
  set_command yes
  # `yes` is killed by SIGPIPE in the guest: 141.
  set +o pipefail
  caisson run -b "$bundle" box | head -n 1 >"$scratch/out"
  code=${PIPESTATUS[0]}
  [ "$(cat "$scratch/out")" = y ]
  [ "$code" -eq 141 ] || [ "$code" -eq 1 ]
}

@test "run: SIGTERM reaches the process" {
  make_bundle box
  set_command sh -c 'trap "echo got TERM; exit 3" TERM; echo ready; while :; do sleep 1; done'
  mkfifo "$scratch/out"
  "$CAISSON" --root "$state_root" run -b "$bundle" box >"$scratch/out" &
  pid=$!
  exec 5<"$scratch/out"
  read -r line <&5
  [ "$line" = ready ]
  kill -TERM "$pid"
  code=0
  wait "$pid" || code=$?
  read -r line <&5
  exec 5<&-
  [ "$line" = "got TERM" ]
  [ "$code" -eq 3 ]
}

@test "run: the environment, directory and user are config.json's" {
  make_bundle box '.process.env += ["COLOUR=green"]' '.process.cwd = "/tmp"' '.process.user = {"uid": 12, "gid": 34, "additionalGids": [56]}'
  set_command sh -c 'echo $COLOUR $(pwd) $(id -u) $(id -G)'
  run caisson run -b "$bundle" box
  [ "$status" -eq 0 ]
  [ "$output" = "green /tmp 12 34 56" ]
}

@test "run: writes reach the bundle's root file system" {
  make_bundle box
  configure '.process.capabilities[] += ["CAP_CHOWN"]'
  set_command sh -c 'echo kept > /root/file && chmod 640 /root/file && chown 5:6 /root/file'
  caisson run -b "$bundle" box
  [ "$(cat "$bundle/rootfs/root/file")" = kept ]
  [ "$(stat -c '%a %u %g' "$bundle/rootfs/root/file")" = "640 5 6" ]
}

@test "run: a read-only root file system refuses writes" {
  make_bundle box '.root.readonly = true'
  set_command sh -c 'echo x > /root/file'
  run caisson run -b "$bundle" box
  [ "$status" -ne 0 ]
  [[ $output == *"Read-only file system"* ]]
  [ ! -e "$bundle/rootfs/root/file" ]
}

@test "run: a terminal is a terminal" {
  make_bundle box '.process.terminal = true'
  set_command sh -c 'tty; stty size'
  run script -qec "stty rows 33 cols 77; $CAISSON --root $state_root run -b $bundle box" /dev/null
  [ "$status" -eq 0 ]
  [[ $output == */dev/* ]]
  [[ $output == *"33 77"* ]]
}

@test "run, exec: a terminal has its caller's size before the program runs" {
  # Quits in its first moment: what is set later comes too late.
  make_bundle box '.process.terminal = true'
  set_command stty size
  local i
  for i in 1 2 3; do
    run script -qec "stty rows 33 cols 77; $CAISSON --root $state_root run -b $bundle box$i" /dev/null
    [ "$status" -eq 0 ]
    [[ $output == *"33 77"* ]]
  done
  configure '.process.terminal = false'
  set_command sleep 1000
  caisson run -d -b "$bundle" box
  for i in 1 2 3; do
    run script -qec "stty rows 44 cols 88; $CAISSON --root $state_root exec -t box stty size" /dev/null
    [ "$status" -eq 0 ]
    [[ $output == *"44 88"* ]]
  done
}

@test "run, exec: who is no terminal reads a terminal's newlines as they were written" {
  # Nobody types, and nobody hangs up: the end of its input would be something to echo.
  mkfifo "$scratch/keyboard"
  exec 7<>"$scratch/keyboard"
  make_bundle box '.process.terminal = true'
  set_command sh -c 'stty -a | grep -o ".onlcr"; echo two'
  run script -qec "$CAISSON --root $state_root run -b $bundle box | od -An -c" /dev/null <&7
  echo "$output"
  [ "$status" -eq 0 ]
  [[ $output == *'-   o   n   l   c   r  \n   t   w   o  \n'* ]]
  # A terminal has them turned into the start of the next line.
  run script -qec "$CAISSON --root $state_root run -b $bundle box" /dev/null <&7
  [ "$status" -eq 0 ]
  [[ $output == *$'\r\ntwo\r'* ]]
  configure '.process.terminal = false'
  set_command sleep 1000
  caisson run --detach -b "$bundle" box </dev/null >/dev/null 2>&1 7<&-
  run script -qec "$CAISSON --root $state_root exec --tty box echo three | od -An -c" /dev/null <&7
  echo "$output"
  [ "$status" -eq 0 ]
  [[ $output == *'t   h   r   e   e  \n'* ]]
  caisson delete --force box
}

@test "do: a command over the host's root, nothing written to it" {
  run caisson do -- sh -c 'uname -r; echo x > /caisson-was-here && echo wrote'
  [ "$status" -eq 0 ]
  [[ $output == *caisson*wrote* ]]
  [ ! -e /caisson-was-here ]
}

@test "do: --rw DIR is the host's own" {
  mkdir "$scratch/shared"
  caisson do --rw "$scratch/shared" -- sh -c "echo hello > $scratch/shared/file"
  [ "$(cat "$scratch/shared/file")" = hello ]
}

@test "do: --ro DIR on another mount is shown, and cannot be written" {
  mkdir "$scratch/mounted"
  # shellcheck disable=SC2016  # expanded inside
  run unshare --mount sh -c 'mount -t tmpfs mounted "$1" && echo original >"$1/file" &&
    "$2" --root "$3" do --ro "$1" -- sh -c "cat $1/file; echo changed >$1/file; echo \$?"; cat "$1/file"' \
    sh "$scratch/mounted" "$CAISSON" "$state_root"
  echo "$output"
  [ "${lines[0]}" = original ]
  [[ $output == *"Read-only file system"* ]]
  [ "${lines[-1]}" = original ]
}

@test "do: --cpus 2 shows two CPUs" {
  run caisson do --cpus 2 -- nproc
  [ "$status" -eq 0 ]
  [ "$output" = 2 ]
}

@test "do: --memory is what the guest has" {
  run caisson do --memory 512M -- sh -c 'sed -n "s/^MemTotal: *\([0-9]*\) kB/\1/p" /proc/meminfo'
  [ "$status" -eq 0 ]
  [ "$output" -gt 400000 ]
  [ "$output" -le 524288 ]
}
