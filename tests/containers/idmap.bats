#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bind mounts whose files have other ids in the container than on the host, and what user namespaces may ask of their mounts.

load ../support/guest
bats_require_minimum_version 1.5.0

setup() {
  setup_sandbox_root
  make_bundle box
  mkdir -m 777 "$bundle/data"
  local id
  for id in 0 5 70; do
    touch "$bundle/data/$id"
    chown "$id:$id" "$bundle/data/$id"
  done
}
teardown() {
  ! mountpoint -q "$scratch/box/data/below" || umount "$scratch/box/data/below"
  teardown_sandbox_root
}

# map_users: a user namespace of 65536 users, with root the host's user 100000.
map_users() {
  configure '.linux.namespaces += [{type: "user"}]'
  configure '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
}

add_capability() { configure ".process.capabilities |= map_values(. + [\"$1\"])"; }

# bind DESTINATION OPTION… [-- FILTER]: one more bind mount of the data, edited by the filter.
bind() {
  local destination=$1 options=() filter=.
  shift
  while [ $# -gt 0 ]; do
    if [ "$1" = -- ]; then filter=$2; break; fi
    options+=("$1")
    shift
  done
  configure ".mounts += [{destination: \"$destination\", type: \"bind\", source: \"data\",
    options: $(jq -nc '$ARGS.positional' --args -- "${options[@]}")} | $filter]"
}
mapped='.uidMappings = [{containerID: 0, hostID: 1000, size: 10}] | .gidMappings = [{containerID: 0, hostID: 2000, size: 10}]'

@test "idmap: a mount's own mappings, both ways" {
  bind /mapped bind -- "$mapped"
  bind /plain bind
  configure '.process.user = {uid: 1003, gid: 2003}'
  set_command sh -c 'cd /mapped; touch made; mkdir sub; ln -s x link; ln 0 hard; stat -c "%n %u:%g" *; touch 70 || echo refused; stat -c "%n %u:%g" /plain/*'
  run caisson run --bundle "$bundle" box </dev/null
  echo "$output"
  [ "$status" -eq 0 ]
  [[ $output == *$'0 1000:2000\n5 1005:2005\n70 65534:65534\n'*$'link 1003:2003\nmade 1003:2003\nsub 1003:2003\n'*refused* ]]
  [[ $output == *$'/plain/0 0:0\n/plain/5 5:5\n/plain/70 70:70\n'*$'/plain/made 3:3\n'* ]]
  [ "$(stat -c %u:%g "$bundle"/data/{made,sub,link})" = $'3:3\n3:3\n3:3' ]
}

@test "idmap: root outside of the mappings owns nothing and makes nothing there" {
  add_capability CAP_CHOWN
  bind /mapped bind -- "$mapped"
  set_command sh -c 'cd /mapped; touch made; chown 1007:2007 5 && stat -c %u:%g 5; chown 0 5'
  run caisson run --bundle "$bundle" box </dev/null
  echo "$output"
  [[ $output == *"made: Value too large"*"1007:2007"*"5: "* ]]
  [ ! -e "$bundle/data/made" ]
  [ "$(stat -c %u:%g "$bundle/data/5")" = 7:7 ]
}

@test "idmap: the container's own mappings, by option" {
  map_users
  add_capability CAP_CHOWN
  bind /mapped bind idmap
  bind /plain bind
  set_command sh -c 'cd /mapped; stat -c "%n %u:%g" 0 5 /plain/0; touch made; chown 5:5 made; stat -c %u:%g made; cat /proc/self/uid_map'
  run caisson run --bundle "$bundle" box </dev/null
  echo "$output"
  [[ $output == $'0 0:0\n5 5:5\n/plain/0 65534:65534\n5:5\n'*100000*65536 ]]
  [ "$(stat -c %u:%g "$bundle/data/made")" = 5:5 ]
}

@test "idmap: a mount beneath is mapped by ridmap alone" {
  mkdir "$bundle/data/below"
  mount -t tmpfs below "$bundle/data/below"
  touch "$bundle/data/below/file"
  bind /one rbind idmap -- "$mapped"
  bind /all rbind ridmap -- "$mapped"
  set_command stat -c %u /one/0 /one/below/file /all/0 /all/below/file
  run caisson run --bundle "$bundle" box </dev/null
  echo "$output"
  [ "$output" = $'1000\n0\n1000\n1000' ]
}

@test "idmap: a single file, read-only" {
  bind /file bind ro -- "$mapped | .source = \"data/5\""
  set_command sh -c 'stat -c %u:%g /file; touch /file'
  run caisson run --bundle "$bundle" box </dev/null
  echo "$output"
  [[ $output == $'1005:2005\n'*"Read-only file system"* ]]
}

# refused TEXT BIND-ARGUMENT…: such a mount is not made, and the error says so.
refused() {
  local text=$1
  shift
  bind /mapped "$@"
  run -1 caisson run --bundle "$bundle" box
  [[ $output == *"$text"* ]]
  configure 'del(.mounts[-1])'
}

@test "idmap: what has no meaning is refused by its path" {
  local own_word='idmap=uids=0-1-10;gids=0-1-10'
  refused '].options: idmap: the container has no user namespace' bind idmap
  refused ']: uidMappings and gidMappings: one is empty' bind -- '.uidMappings = [{containerID: 0, hostID: 1000, size: 10}]'
  refused "].options: $own_word: give the mount uidMappings" bind "$own_word"
  refused ']: only ids of a bind mount can be mapped' -- "$mapped | .type = \"tmpfs\""
  refused '].uidMappings[0].size: must not be 0' bind -- '.uidMappings = [{containerID: 0, hostID: 1, size: 0}] | .gidMappings = .uidMappings'
}

@test "user namespace: a bind mount's access times and cleared flags" {
  map_users
  bind /mapped noatime bind exec suid dev
  bind /other rbind rnoatime rro
  set_command grep -e /mapped -e /other /proc/mounts
  run caisson run --bundle "$bundle" box </dev/null
  echo "$output"
  [[ ${lines[0]} == *" /mapped "*" rw,noatime 0 0" ]]
  [[ ${lines[1]} == *" /other "*" ro,noatime 0 0" ]]
}
