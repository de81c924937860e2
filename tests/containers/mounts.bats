#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What mounts of config.json keep of the host and of the image, what is refused before any guest starts, and what else of a
# bundle depends on its caller.

load ../support/guest
bats_require_minimum_version 1.5.0

setup() { setup_sandbox_root; }
teardown() { teardown_sandbox_root; }

# mount_entry DESTINATION TYPE SOURCE OPTION…: adds it to the bundle.
mount_entry() {
  local options
  options=$(jq -nc '$ARGS.positional' --args -- "${@:4}")
  configure ".mounts += [{destination: \"$1\", type: \"$2\", source: \"$3\", options: $options}]"
}

@test "mounts: a tmpfs where nothing was is for everybody, and its place on the host is not" {
  make_bundle box
  mkdir -m 750 "$bundle/rootfs/old"
  mount_entry /new/place tmpfs tmpfs
  mount_entry /old tmpfs tmpfs
  set_command stat -c %a /new/place /old
  run caisson run --bundle "$bundle" box </dev/null
  [ "$output" = $'1777\n750' ]
  [ "$(stat -c %a "$bundle/rootfs/new" "$bundle/rootfs/new/place" "$bundle/rootfs/old")" = $'755\n755\n750' ]
}

@test "mounts: a bind keeps what its source forbids, unless an option allows it" {
  make_bundle box
  mkdir "$scratch/source"
  mount_entry /kept bind "$scratch/source" rbind
  mount_entry /allowed bind "$scratch/source" rbind exec suid
  mount_entry /more bind "$scratch/source" bind ro atime relatime nostrictatime
  set_command sh -c 'grep -E " /(kept|allowed|more) " /proc/mounts | cut -d " " -f 2,4; /kept/true; echo $?; /allowed/true; echo $?'
  run unshare --mount sh -c "mount -t tmpfs -o nosuid,nodev,noexec source $scratch/source &&
    cp /bin/busybox $scratch/source/true && $CAISSON --root $state_root run -b $bundle box </dev/null"
  echo "$output"
  [ "${lines[0]}" = "/kept rw,nosuid,nodev,noexec,relatime" ]
  [ "${lines[1]}" = "/allowed rw,nodev,relatime" ]
  [ "${lines[2]}" = "/more ro,nosuid,nodev,noexec,relatime" ]
  [[ $output == *$'denied\n126\n0' ]]
}

@test "mounts: access times of a bind in a user namespace are the source's, or what an option says" {
  make_bundle box '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
    .linux.gidMappings = .linux.uidMappings'
  mkdir "$scratch/source" "$scratch/plain"
  mount_entry /source bind "$scratch/source" bind
  mount_entry /strict bind "$scratch/source" bind strictatime
  mount_entry /plain bind "$scratch/plain" bind noatime
  mount_entry /beneath bind "$scratch/plain" rbind rnodiratime
  set_command sh -c 'grep -E " /(source|strict|plain|beneath) " /proc/mounts | cut -d " " -f 2,4'
  run unshare --mount sh -c "mount -t tmpfs -o noexec,nodiratime,nosymfollow source $scratch/source &&
    $CAISSON --root $state_root run -b $bundle box </dev/null"
  echo "$output"
  [ "${lines[0]}" = "/source rw,noexec,nodiratime,relatime,nosymfollow" ]
  [[ ${lines[1]} == "/strict rw,noexec,"* && ${lines[1]} != *relatime* ]]
  [ "${lines[2]}" = "/plain rw,noatime" ]
  [ "${lines[3]}" = "/beneath rw,nodiratime,relatime" ]
}

@test "mounts: masked directories are one file system, and nothing can be written there" {
  make_bundle box '.linux.maskedPaths = ["/one", "/two", "/file"]'
  mkdir "$bundle/rootfs/one" "$bundle/rootfs/two"
  touch "$bundle/rootfs/one/hidden" "$bundle/rootfs/file"
  set_command sh -c 'ls -A /one /two; stat -c %d /one /two | sort -u | wc -l; touch /one/x /two/x; wc -c </file'
  run caisson run --bundle "$bundle" box </dev/null
  echo "$output"
  [[ $output == $'/one:\n\n/two:\n1\n'*"/one/x: Read-only file system"*"/two/x: Read-only file system"*$'\n0' ]]
}

@test "mounts: a mount beneath a bind keeps what it forbids and what it allows" {
  make_bundle box
  mkdir "$scratch/source"
  mount_entry /all bind "$scratch/source" rbind
  mount_entry /own bind "$scratch/source" rbind noexec
  set_command sh -c 'for d in /all /own; do for n in "" /strict /lax; do $d$n/true 2>/dev/null; echo $d$n $?; done; done'
  run unshare --mount sh -c "mount -t tmpfs source $scratch/source && mkdir $scratch/source/strict $scratch/source/lax &&
    mount -t tmpfs -o noexec,nosuid strict $scratch/source/strict && mount -t tmpfs lax $scratch/source/lax &&
    for d in . strict lax; do cp /bin/busybox $scratch/source/\$d/true; done &&
    $CAISSON --root $state_root run -b $bundle box </dev/null"
  echo "$output"
  [ "$output" = $'/all 0\n/all/strict 126\n/all/lax 0\n/own 126\n/own/strict 126\n/own/lax 0' ]
}

@test "mounts: a tmpfs filled from the image has its modes, attributes, times and links" {
  make_bundle box
  local source=$bundle/rootfs/c
  mkdir -p "$source/sub"
  cp /bin/busybox "$source/program"
  chown 12:34 "$source/program" "$source/sub"
  chmod 4755 "$source/program"
  chmod 2750 "$source/sub"
  ln "$source/program" "$source/again"
  mkfifo "$source/pipe"
  touch -d @1000 "$source/sub"
  mount_entry /c tmpfs tmpfs tmpcopyup
  # shellcheck disable=SC2016 # the guest's shell expands
  set_command sh -c 'stat -c "%a %u:%g %n" /c/program /c/sub; stat -c %Y /c/sub; stat -c %F /c/pipe
    [ "$(stat -c %i /c/program)" = "$(stat -c %i /c/again)" ] && echo one'
  run caisson run --bundle "$bundle" box </dev/null
  echo "$output"
  [ "$output" = $'4755 12:34 /c/program\n2750 12:34 /c/sub\n1000\nfifo\none' ]
}

@test "mounts: links are followed, or kept where the options say so" {
  make_bundle box
  mkdir -p "$scratch/source" "$bundle/rootfs/real"
  echo content >"$scratch/source/file"
  ln -s real "$bundle/rootfs/followed"
  echo kept >"$bundle/rootfs/real/under"
  ln -s "$scratch/source" "$scratch/link"
  mount_entry /followed bind "$scratch/link" rbind
  set_command cat /real/file
  run caisson run --bundle "$bundle" box </dev/null
  [ "$output" = content ]
  configure '.mounts[-1].options += ["src-nofollow"]'
  run -1 caisson run --bundle "$bundle" box </dev/null
  [[ $output == *"].source: $scratch/link is a symbolic link"* ]]
  # What lies on the link is not what lies beneath its target.
  ln -s real/under "$bundle/rootfs/on-link"
  configure 'del(.mounts[-1])'
  mount_entry /on-link bind "$scratch/source/file" bind dest-nofollow
  set_command cat /real/under
  run caisson run --bundle "$bundle" box </dev/null
  echo "$output"
  [ "$output" = kept ]
}

@test "mounts: with copy-symlink a link of the host is a link like it, on a root that cannot be written too, and beneath other mounts" {
  make_bundle box '.root.readonly = true'
  mkdir "$scratch/over"
  echo kept >"$scratch/file"
  ln -s to-nowhere "$scratch/link"
  mount_entry /a/link bind "$scratch/link" rbind copy-symlink
  mount_entry /over bind "$scratch/over" bind
  mount_entry /over/deep/link bind "$scratch/link" rbind copy-symlink
  mount_entry /no-link bind "$scratch/file" bind copy-symlink
  set_command sh -c 'readlink /a/link; readlink /over/deep/link; cat /no-link'
  local round
  for round in new present; do
    run caisson run --bundle "$bundle" box </dev/null
    echo "$round: $output"
    [ "$output" = $'to-nowhere\nto-nowhere\nkept' ]
  done
  [ "$(readlink "$scratch/over/deep/link")" = to-nowhere ]
  rm "$bundle/rootfs/a/link"
  touch "$bundle/rootfs/a/link"
  run -1 caisson run --bundle "$bundle" box </dev/null
  [[ $output == *"make link /a/link: make symbolic link: there is another file"* ]]
}

# refused_at_once TEXT: before a guest starts, and told once.
refused_at_once() {
  run env CAISSON_VMM=/bin/false "$CAISSON" --root "$state_root" run --bundle "$bundle" box
  echo "$output"
  [ "$status" -eq 1 ] && [[ $output == *"$1"* ]] && [ "${#lines[@]}" -eq 1 ]
}

@test "mounts: what cannot be honoured is refused at once, by its path" {
  make_bundle box
  mkfifo "$scratch/pipe"
  local count
  count=$(jq '.mounts | length' "$bundle/config.json")
  mount_entry /place bind "$scratch/pipe" bind
  refused_at_once "mounts[$count].source: $scratch/pipe is a FIFO"
  configure '.mounts[-1].source = "/" | .mounts[-1].options = ["bind", "nosiud"]'
  refused_at_once "mounts[$count].options: nosiud: "
  configure '.mounts[-1].options = ["bind", "sync"]'
  refused_at_once "mounts[$count].options: sync: "
  configure 'del(.mounts[-1]) | .linux.namespaces += [{type: "user"}]'
  refused_at_once 'linux.uidMappings: is missing'
  configure '.linux.uidMappings = ([{containerID: 0, hostID: 1, size: 2}])'
  refused_at_once 'linux.gidMappings: is missing'
  configure '.linux.uidMappings += [{containerID: 1, hostID: 9, size: 1}] | .linux.gidMappings = .linux.uidMappings'
  refused_at_once 'linux.uidMappings[1]: overlaps with linux.uidMappings[0]'
}

@test "mounts: an overlay of the host's directories, of which nothing is left" {
  make_bundle box
  mkdir -p "$scratch"/{lower/sub,upper,work}
  echo lower >"$scratch/lower/file"
  echo gone >"$scratch/lower/sub/gone"
  mount_entry /v overlay overlay "lowerdir=$scratch/lower" "upperdir=$scratch/upper" "workdir=$scratch/work"
  set_command sh -c 'cat /v/file; echo new >/v/file && rm /v/sub/gone && ls /v/sub && cat /v/file'
  # Layers of an overlay must not be on one themselves, as /tmp may be.
  run unshare --mount sh -c "mount -t tmpfs layers $scratch/upper && mkdir $scratch/upper/u $scratch/upper/w &&
    sed -i 's#$scratch/upper\"#$scratch/upper/u\"#; s#$scratch/work\"#$scratch/upper/w\"#' $bundle/config.json &&
    $CAISSON --root $state_root run -b $bundle box </dev/null && cat $scratch/upper/u/file $scratch/lower/file &&
    umount $scratch/upper"
  echo "$output"
  [ "$status" -eq 0 ]
  [ "$output" = $'lower\nnew\nnew\nlower' ]
  configure '.mounts[-1].options += ["lowrdir=/x"]'
  refused_at_once "].options: lowrdir=/x: "
  configure '.mounts[-1].options = ["lowerdir=/nonexistent"]'
  refused_at_once "].options: "
}

@test "mounts: a device whose path ends in a slash" {
  make_bundle box '.linux.devices = [{path: "/dev/mine/", type: "c", major: 1, minor: 3}]'
  set_command stat -c %F:%t:%T /dev/mine
  run caisson run --bundle "$bundle" box </dev/null
  [ "$output" = "character special file:1:3" ]
}

@test "a time namespace beside a user namespace has its offsets" {
  make_bundle box '.linux.namespaces += [{type: "user"}, {type: "time"}]' \
    '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings' \
    '.linux.timeOffsets = {boottime: {secs: 1000000}}'
  set_command cut -d . -f 1 /proc/uptime
  run caisson run --bundle "$bundle" box </dev/null
  echo "$output"
  [ "$output" -ge 1000000 ]
}

@test "limits that config.json does not set are the caller's" {
  make_bundle box '.process.rlimits = [{type: "RLIMIT_FSIZE", soft: 1048576, hard: 2097152}]'
  set_command sh -c 'ulimit -n; ulimit -c; ulimit -f; grep -E "^Max (locked|open)" /proc/self/limits'
  run bash -c "ulimit -n 2345; ulimit -c 0; $CAISSON --root $state_root run -b $bundle box </dev/null"
  echo "$output"
  [ "${lines[0]}" = 2345 ]
  [ "${lines[1]}" = 0 ]
  [ "${lines[2]}" = 2048 ]
}

@test "a container without a process can be created, and deleted, but not started" {
  make_bundle box 'del(.process)'
  caisson create --bundle "$bundle" box </dev/null >/dev/null
  [ "$(caisson state box | jq -r .status)" = created ]
  run -1 caisson start box
  [[ $output == *"process: is missing"* ]]
  caisson kill box KILL
  caisson delete --force box
}

@test "a container that was given a link is told of once, with what to do" {
  make_bundle box
  local ready holder log=$scratch/log
  exec {ready}< <(exec unshare --net sh -c 'echo; exec sleep 100' 3>&-)
  holder=$!
  read -r <&"$ready"
  configure "(.linux.namespaces[] | select(.type == \"network\")).path = \"/proc/$holder/ns/net\""
  "$CAISSON" --root "$state_root" --log "$log" run --bundle "$bundle" alone </dev/null
  ! grep -q 'network:' "$log" || return 1
  nsenter --net="/proc/$holder/ns/net" ip link add eth0 type veth peer name other
  "$CAISSON" --root "$state_root" --log "$log" create --bundle "$bundle" box </dev/null >/dev/null
  "$CAISSON" --root "$state_root" --log "$log" start box
  caisson delete --force box
  kill "$holder"
  cat "$log"
  [ "$(grep -c 'network: .*eth0.*--network none' "$log")" -eq 1 ]
}
