#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Unix sockets of the host that are mounted into a container: who connects there reaches the host's server.

load ../support/guest
bats_require_minimum_version 1.5.0

setup_file() { gcc -O2 -static -o "$BATS_FILE_TMPDIR/client" "$BATS_TEST_DIRNAME/sockets/client.c"; }
setup() {
  setup_sandbox_root
  server=
}
teardown() {
  [ -z "$server" ] || kill "$server" || true
  teardown_sandbox_root
}

# serve HOW: a server at $scratch/server.sock that answers each connection; `upper` sends back what it got in capitals once the
# client has finished sending, `greet` sends a line with the peer's user and closes.
serve() {
  python3 - "$scratch/server.sock" "$1" <<'PYTHON' 3>&- &
import os, socket, struct, sys, threading
path, how = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX)
listener.bind(path + ".new")
listener.listen(100)
os.rename(path + ".new", path)
def answer(connection):
    with connection:
        if how == "greet":
            user = struct.unpack("iii", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
            connection.sendall(b"user %d\n" % user)
            return
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
        connection.sendall(b"".join(parts).upper())
while True:
    threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()
PYTHON
  server=$!
  timeout 20 sh -c 'until [ -S "$1" ]; do sleep 0.05; done' sh "$scratch/server.sock"
}

# with_socket [jq filter…]: the bundle of a container with the socket at /run/server.sock, and `client` beside busybox.
with_socket() {
  make_bundle box "$@" ".mounts += [{destination: \"/run/server.sock\", type: \"bind\", source: \"$scratch/server.sock\", options: [\"bind\"]}]"
  install -m 755 "$BATS_FILE_TMPDIR/client" "$bundle/rootfs/bin/client"
}

@test "sockets: a mounted one leads to the host's server, both ways, each to its end" {
  serve upper
  with_socket
  set_command sh -c 'echo one two | client /run/server.sock; dd if=/dev/zero bs=1M count=3 | tr "\0" a | client /run/server.sock | md5sum'
  run --separate-stderr caisson run -b "$bundle" box </dev/null
  echo "$output"
  [ "${lines[0]}" = "ONE TWO" ]
  [ "${lines[1]%% *}" = "$(head -c 3M /dev/zero | tr '\0' A | md5sum | cut -d ' ' -f 1)" ]
}

@test "sockets: many connections, one after the other and at once" {
  serve greet
  with_socket
  # shellcheck disable=SC2016 # the inner shell expands
  set_command sh -c 'for i in $(seq 100); do client /run/server.sock </dev/null; done | sort | uniq -c | tr -s " "
    for i in $(seq 20); do client /run/server.sock </dev/null & done | sort | uniq -c | tr -s " "; wait'
  run --separate-stderr caisson run -b "$bundle" box </dev/null
  echo "$output"
  [ "${lines[0]}" = " 100 user 0" ]
  [ "${lines[1]}" = " 20 user 0" ]
}

@test "sockets: owner and mode are the host's, and decide who may connect" {
  serve greet
  chown 0:4242 "$scratch/server.sock"
  chmod 0660 "$scratch/server.sock"
  with_socket '.process.user = {uid: 7, gid: 7}'
  set_command sh -c 'stat -c "%a %u:%g %F" /run/server.sock; client /run/server.sock </dev/null; echo $?'
  run --separate-stderr caisson run -b "$bundle" box </dev/null
  echo "exit code $status: $output $stderr"
  [ "${lines[0]}" = "660 0:4242 socket" ]
  [ "${lines[1]}" = 1 ]
  configure '.process.user.additionalGids = [4242]'
  run --separate-stderr caisson run -b "$bundle" box </dev/null
  echo "exit code $status: $output $stderr"
  [ "${lines[1]}" = "user 0" ]
}

@test "sockets: one nobody listens on, or that is no stream's, ends a connection at once" {
  local type
  for type in SOCK_STREAM SOCK_DGRAM; do
    rm -rf "$scratch/server.sock" "$scratch/box"
    python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX, getattr(socket, sys.argv[2])).bind(sys.argv[1])' "$scratch/server.sock" "$type"
    with_socket
    set_command sh -c 'client /run/server.sock </dev/null; echo "ended"'
    run --separate-stderr caisson run -b "$bundle" box </dev/null
    [ "$output" = ended ]
  done
}

@test "sockets: in a user namespace too" {
  serve upper
  with_socket '.linux.namespaces += [{type: "user"}]' '.linux.uidMappings = [{containerID: 0, hostID: 0, size: 65536}]' '.linux.gidMappings = [{containerID: 0, hostID: 0, size: 65536}]'
  set_command sh -c 'echo one two | client /run/server.sock'
  run --separate-stderr caisson run -b "$bundle" box </dev/null
  echo "$output $stderr"
  [ "$output" = "ONE TWO" ]
}

@test "sockets: one that lies in a shared directory is seen, and refuses" {
  serve greet
  make_bundle box ".mounts += [{destination: \"/shared\", type: \"bind\", source: \"$scratch\", options: [\"bind\"]}]"
  install -m 755 "$BATS_FILE_TMPDIR/client" "$bundle/rootfs/bin/client"
  set_command sh -c '[ -S /shared/server.sock ] && ! client /shared/server.sock </dev/null && echo refused'
  run --separate-stderr caisson run -b "$bundle" box </dev/null
  echo "exit code $status: $output $stderr"
  [ "$output" = refused ]
}

@test "sockets: a FIFO is refused where it is mounted, by its path" {
  mkfifo "$scratch/fifo"
  make_bundle box ".mounts += [{destination: \"/run/fifo\", type: \"bind\", source: \"$scratch/fifo\", options: [\"bind\"]}]"
  run caisson run -b "$bundle" box </dev/null
  [ "$status" -ne 0 ]
  [[ $output == *'].source: '*'/fifo is a FIFO'* ]]
}
