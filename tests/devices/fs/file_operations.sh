#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a shell can ask of a file system, by the guest's own kernel. Run in the guest by tests/devices/fs/run.
failures=0
check() { # check DESCRIPTION COMMAND…
  description=$1
  shift
  if "$@"; then
    echo "ok   $description"
  else
    echo "FAIL $description"
    failures=$((failures + 1))
  fi
}
is() { [ "$1" = "$2" ] || { echo "     got '$1', wanted '$2'"; return 1; }; }

cd /mnt/work || exit 1
check "exports are file systems of their own" test "$(stat -c %d /mnt/work)" != "$(stat -c %d /mnt)"
check "the synthetic root is read-only" sh -c '! mkdir /mnt/new 2>/dev/null'

echo hello >file
check "a written file is read back" is "$(cat file)" hello
echo more >>file
check "an append goes to the end" is "$(tail -n 1 file)" more
check "size follows" is "$(stat -c %s file)" 11
truncate -s 3 file
check "truncate cuts" is "$(cat file)" hel

mkdir -p a/b/c
check "directories nest" test -d a/b/c
mv a/b d
check "a directory moves with its children" test -d d/c
check "rmdir of a full directory fails" sh -c '! rmdir d 2>/dev/null'

ln -s file link
check "a symlink is read" is "$(readlink link)" file
check "a symlink is followed in the guest" is "$(cat link)" hel
ln file hard
check "hard links share their inode" is "$(stat -c %i hard)" "$(stat -c %i file)"
check "and count" is "$(stat -c %h file)" 2
rm file
check "one name less, still there" is "$(cat hard)" hel

exec 3<>held
echo kept >&3
rm held
check "an unlinked open file keeps its contents" is "$(cat /proc/self/fd/3)" kept
exec 3>&-

mkdir cwd
(cd cwd && rmdir ../cwd && ls >/dev/null) 
check "a removed working directory can be listed" is $? 0

i=0
mkdir many
while [ $i -lt 300 ]; do : >many/file$i; i=$((i + 1)); done
check "a long directory lists each name" is "$(ls many | wc -l)" 300
rm -r many
check "and is removed whole" test ! -e many

dd if=/dev/urandom of=big bs=1M count=24 2>/dev/null
cp big copy
check "a copy equals its source" cmp big copy
echo 3 >/proc/sys/vm/drop_caches
check "also when read anew" is "$(md5sum <big)" "$(md5sum <copy)"
dd if=/dev/zero of=sparse bs=1 count=1 seek=10000000 2>/dev/null
check "holes take no room" test "$(stat -c %b sparse)" -lt 100
check "fallocate takes room" sh -c 'fallocate -l 1048576 full && [ "$(stat -c %b full)" -ge 2048 ]'

cp /bin/busybox busybox
chmod 755 busybox
check "a program runs from it" is "$(./busybox echo ran)" ran
chmod 4711 busybox
check "set-ID bits are kept by root" is "$(stat -c %a busybox)" 4711
chown 1000:1000 busybox
check "and fall with the owner" is "$(stat -c %a busybox)" 711
umask 027
: >masked
check "the umask counts" is "$(stat -c %a masked)" 640
umask 022
mkdir -m 1777 shared
su user -c ': >shared/his; ! (: >masked)' 2>/dev/null
check "another user's file is his, and others' are not" is "$?.$(stat -c %u.%g.%a shared/his)" 0.1000.1000.644

touch -d '2001-02-03 04:05:06' dated
check "times are set" is "$(stat -c %Y dated)" 981173106
mkfifo fifo
(echo through >fifo) &
check "a FIFO is the guest's own" is "$(cat fifo)" through
wait
check "device nodes are refused" sh -c '! mknod null c 1 3 2>/dev/null'
check "statfs answers" sh -c 'df . | tail -n 1 | grep -q "[0-9]"'
sync
check "fsync answers" sh -c 'dd if=/dev/zero of=synced bs=4k count=1 conv=fsync 2>/dev/null'

mkdir -p /tmp/overlay lower/deep
mount -t tmpfs tmpfs /tmp/overlay
mkdir /tmp/overlay/upper /tmp/overlay/work /tmp/overlay/merged
echo below >lower/deep/file
echo below >lower/gone
check "an overlay has it for its lower layer" mount -t overlay -o lowerdir=lower,upperdir=/tmp/overlay/upper,workdir=/tmp/overlay/work overlay /tmp/overlay/merged
(
  cd /tmp/overlay/merged || exit 1
  echo above >>deep/file
  rm gone
  mv deep/file moved
  echo new >new
)
check "what is changed above" is "$(cat /tmp/overlay/merged/moved | tr '\n' ' ')" "below above "
check "stays as it was below" is "$(ls lower | tr '\n' ' ')$(cat lower/deep/file)" "deep gone below"
umount /tmp/overlay/merged

echo "$failures failures"
[ "$failures" = 0 ]
