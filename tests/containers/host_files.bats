#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a host's file system keeps besides names and bytes, seen through an export: access lists, inode flags, birth times,
# attributes, positions in directories, and the host's own mounts.

load ../support/guest

setup() { setup_sandbox_root; }
teardown() { teardown_sandbox_root; }

# with_volume OPTIONS: the bundle gets $scratch/volume at /v.
with_volume() {
  mkdir -p "$scratch/volume"
  chmod 755 "$scratch" "$scratch/volume"
  configure ".mounts += [{destination: \"/v\", type: \"bind\", source: \"$scratch/volume\", options: [$1]}]"
}

# as_users COMMAND: prints "UID reads" or "UID denied" for users 1000 and 1001, each in its own group.
as_users() {
  echo "for u in 1000 1001; do setpriv --reuid \$u --regid \$u --clear-groups sh -c '$1' >/dev/null 2>&1 && echo \"\$u reads\" || echo \"\$u denied\"; done"
}

@test "host files: access lists decide who reads, and are inherited, as on the host" {
  volume=$scratch/volume
  mkdir -p "$volume/default"
  chmod 755 "$scratch" "$volume" "$volume/default"
  echo secret >"$volume/file"
  chown 0:1000 "$volume/file"
  chmod 640 "$volume/file"
  setfacl -m g::---,u:1001:r "$volume/file"
  setfacl -d -m u:1001:rx,g::---,o::--- "$volume/default"
  host=$(sh -c "cd $volume; $(as_users 'cat file')")
  run caisson do --rw "$volume" -- sh -c "cd $volume; $(as_users 'cat file'); umask 022; echo new >default/made; getfacl -cp default/made"
  echo "exit $status: $output; host: $host"
  [ "$status" -eq 0 ]
  [ "${lines[0]}" = "1000 denied" ]
  [ "${lines[1]}" = "1001 reads" ]
  [ "$host" = "${lines[0]}
${lines[1]}" ]
  [[ $output == *"user:1001:r-x"* ]]
  # What the guest made has on the host's disk the list that the host's own kernel would have given it.
  (umask 022 && echo new >"$volume/default/here")
  [ "$(getfacl -cp "$volume/default/made")" = "$(getfacl -cp "$volume/default/here")" ]
}

@test "host files: lists set inside hold inside and outside" {
  mkdir "$scratch/volume"
  chmod 755 "$scratch" "$scratch/volume"
  run caisson do --rw "$scratch/volume" -- sh -c "cd $scratch/volume; echo x >f; chmod 600 f; setfacl -m u:1001:r f; $(as_users 'cat f')"
  echo "exit $status: $output"
  [ "$status" -eq 0 ]
  [ "$output" = "1000 denied
1001 reads" ]
  [[ $(getfacl -cp "$scratch/volume/f") == *"user:1001:r--"* ]]
}

@test "host files: inode flags and the time of birth are the host's, and no flag binds the host's root" {
  mkdir "$scratch/volume"
  echo x >"$scratch/volume/f"
  lsattr "$scratch/volume/f" || skip "host: the file system of $scratch has no inode flags"
  born=$(stat -c %W "$scratch/volume/f")
  run caisson do --rw "$scratch/volume" -- sh -c "cd $scratch/volume; stat -c 'born %W' f; chattr +dA f && lsattr f; chattr +i f; echo immutable \$?; echo more >>f && echo written"
  echo "exit $status: $output"
  [ "$status" -eq 0 ]
  [[ $output == *"born $born"* ]]
  [[ $output == *d*A*" f"* ]]
  [[ $output == *"immutable 1"* ]]
  [[ $output == *written ]]
  [[ $(lsattr "$scratch/volume/f") == *d*A* ]]
}

@test "host files: positions in a large directory fit 32-bit programs and can be returned to" {
  make_bundle box
  with_volume '"rbind", "rw"'
  (cd "$scratch/volume" && seq -f 'name-%.0f' 3000 | xargs touch)
  gcc -O1 -static -o "$bundle/rootfs/bin/positions" "$repository/tests/devices/fs/positions.c"
  set_command positions /v
  run caisson run -b "$bundle" box
  echo "exit $status: $output"
  [ "$status" -eq 0 ]
  [ "$output" = "3002 entries" ]
}

# make_overlay: a bundle whose process may mount, with lower and upper directories in a volume.
make_overlay() {
  make_bundle box '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_CHOWN", "CAP_MKNOD"])'
  with_volume '"rbind", "rw"'
  mkdir -p "$scratch/volume"/{lower/dir,lower/gone,upper,work,merged}
  echo old >"$scratch/volume/lower/file"
  echo below >"$scratch/volume/lower/dir/below"
  echo gone >"$scratch/volume/lower/gone/file"
  echo gone >"$scratch/volume/lower/deleted"
  ln -s file "$scratch/volume/lower/link"
  chmod 4751 "$scratch/volume/lower/file"
  touch -d '2001-02-03 04:05:06' "$scratch/volume/lower/file"
}

@test "host files: an overlay with its upper directory on a volume" {
  make_overlay
  set_command sh -c 'cd /v && mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work o merged && cd merged &&
    chown 12:34 file && stat -c "%a %u:%g %Y" file && rm deleted && rm -r gone && mkdir gone && ls gone | wc -l &&
    mv dir moved && cat moved/below && ln -sfn other link && readlink link && echo new >>file && mv file renamed && ls && cd / && umount /v/merged && echo again &&
    mount -t overlay -o lowerdir=/v/lower,upperdir=/v/upper,workdir=/v/work o /v/merged && ls /v/merged /v/merged/gone && tail -n 1 /v/merged/renamed'
  run caisson run -b "$bundle" box
  echo "exit $status: $output"
  [ "$status" -eq 0 ]
  [[ $output == *"751 12:34 "* ]]
  listing="gone
link
moved
renamed"
  [[ $output == *"$listing
again"* ]]
  [[ $output == *new ]]
  # On the host: marks of deletion, and what says that a directory hides the one below is nothing to an overlay of the host's.
  [ "$(stat -c '%F %t:%T' "$scratch/volume/upper/deleted")" = "character special file 0:0" ]
  names=$(getfattr -hm - "$scratch/volume/upper/gone" 2>/dev/null || python3 -c "import os; print(*os.listxattr('$scratch/volume/upper/gone'))")
  echo "$names"
  [[ $names == *user.caisson.trusted.overlay.opaque* ]]
  [[ $names != *" trusted.overlay"* ]]
}

@test "host files: who may not mount may not name the attributes of overlays" {
  make_bundle box '.process.user = {uid: 1000, gid: 1000} | .process.capabilities = {}'
  with_volume '"rbind", "rw"'
  echo x >"$scratch/volume/file"
  chown 1000 "$scratch/volume/file"
  gcc -O1 -static -o "$bundle/rootfs/bin/trusted" "$repository/tests/devices/fs/trusted.c"
  set_command trusted /v/file
  run caisson run -b "$bundle" box
  echo "exit $status: $output"
  [ "$status" -eq 0 ]
}

@test "host files: file handles are neither given nor taken" {
  make_bundle box '.process.capabilities |= map_values(. + ["CAP_DAC_READ_SEARCH"])'
  with_volume '"rbind", "rw"'
  echo x >"$scratch/volume/file"
  gcc -O1 -static -o "$bundle/rootfs/bin/handles" "$repository/tests/devices/fs/handles.c"
  set_command handles /v/file
  run caisson run -b "$bundle" box
  echo "exit $status: $output"
  [ "$status" -eq 0 ]
  [ "$output" = "neither" ]
}

@test "host files: what the host has mounted in a volume stays mounted, and the guest stays alive" {
  make_bundle box '.process.user = {uid: 1000, gid: 1000} | .process.capabilities = {}'
  with_volume '"rbind", "rw"'
  volume=$scratch/volume
  mkdir "$volume"/{dir,plain}
  echo other >"$volume/other"
  echo covered >"$volume/file"
  echo source >"$scratch/source"
  chown -R 1000 "$volume"
  set_command sh -c 'cd /v; setattr dir; rmdir dir; rm -f file; mv dir elsewhere; mv file elsewhere; mv -T plain dir; mv other file; setattr dir; cat dir/data file; echo done'
  gcc -O1 -static -o "$bundle/rootfs/bin/setattr" "$repository/tests/devices/fs/set_attribute.c"
  run unshare --mount sh -c "
    mount -t tmpfs -o size=1m,mode=777 volume $volume/dir && echo precious >$volume/dir/data && mount --bind $scratch/source $volume/file &&
    $CAISSON --root $state_root run -b $bundle box; echo exit \$?; cat $volume/dir/data $volume/file"
  echo "exit $status: $output"
  [[ $output == *"precious
source
done
exit 0
precious
source" ]]
  [[ $output == *busy* ]]
}
