#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run inside a Debian root file system (make_debian) on virtio-fs: the programs that ask most of it. Each line is a
# verdict; the exit status is the number of failures.
failures=0
check() { # check DESCRIPTION COMMAND…
  description=$1
  shift
  log=$(mktemp)
  start=$(date +%s)
  if "$@" >"$log" 2>&1; then
    echo "ok   $description ($(($(date +%s) - start)) s)"
  else
    echo "FAIL $description"
    tail -n 15 "$log" | sed 's/^/     /'
    failures=$((failures + 1))
  fi
  rm -f "$log"
}

work=/var/tmp/programs
rm -rf $work
mkdir -p $work
cd $work || exit 1

with_bash() { bash -c 'set -e; for i in {1..50}; do echo $i >f$i; done; test $(cat f* | wc -l) = 50; rm f*'; }
with_python() {
  python3 - <<'PYTHON'
import mmap, os, tempfile, fcntl
with tempfile.TemporaryFile(dir='.') as f:            # O_TMPFILE
    f.write(b'x' * 10000); f.flush()
    assert os.fstat(f.fileno()).st_nlink == 0
with open('mapped', 'w+b') as f:
    f.truncate(8192)
    with mmap.mmap(f.fileno(), 8192) as m:             # MAP_SHARED
        m[5000:5003] = b'abc'; m.flush()
    f.seek(5000); assert f.read(3) == b'abc'
fd = os.open('appended', os.O_CREAT | os.O_RDWR | os.O_APPEND)
for i in range(100): os.write(fd, b'line\n')
assert os.fstat(fd).st_size == 500
fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)         # POSIX lock
if os.fork() == 0:
    try: fcntl.lockf(os.open('appended', os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB); os._exit(1)
    except OSError: os._exit(0)
assert os.wait()[1] == 0
os.setxattr('appended', 'user.note', b'value'); assert os.getxattr('appended', 'user.note') == b'value'
os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone'); assert os.listdir('.') == []; os.chdir('..')
names = {f'n{i}' for i in range(500)}
os.mkdir('many')
for n in names: open('many/' + n, 'w').close()
seen = set()
with os.scandir('many') as it:                         # unlink while reading
    for e in it: seen.add(e.name); os.unlink(e.path)
assert seen == names, len(seen)
src, dst = open('mapped', 'rb'), open('ranged', 'wb')
assert os.copy_file_range(src.fileno(), dst.fileno(), 8192) == 8192
os.posix_fallocate(dst.fileno(), 0, 100000); assert os.fstat(dst.fileno()).st_size == 100000
PYTHON
}
with_git() {
  git init -q repository && cd repository || return 1
  git config user.email a@b && git config user.name n
  for i in 1 2 3 4 5 6 7 8 9 10; do mkdir d$i; for j in 1 2 3 4 5; do echo $i$j >d$i/f$j; done; done
  git add . && git commit -qm first && git mv d1 moved && git commit -qam second && git gc -q && git fsck &&
    git clone -q . ../clone && test "$(git -C ../clone log --oneline | wc -l)" = 2
}
with_gcc() {
  printf '#include <stdio.h>\nint main(void) { puts("compiled"); return 0; }\n' >p.c
  gcc -O1 -o p p.c && test "$(./p)" = compiled
}
with_dpkg() {
  dpkg -i /root/caisson-probe.deb && test "$(cat /usr/share/caisson-probe/99)" = 99 &&
    test "$(cat /var/lib/caisson-probe)" = configured && dpkg -P caisson-probe && ! test -e /usr/share/caisson-probe
}
with_apt() { apt-get install -y -q /root/caisson-probe.deb && apt-get purge -y -q caisson-probe; }
with_sqlite() {
  for mode in delete wal; do
    sqlite3 $mode.db "pragma journal_mode=$mode; create table t(a integer primary key, b text);" || return 1
    i=0
    while [ $i -lt 20 ]; do
      sqlite3 $mode.db "begin; insert into t(b) values(hex(randomblob(100))); insert into t(b) values('x'); commit;" || return 1
      i=$((i + 1))
    done
    test "$(sqlite3 $mode.db 'select count(*) from t; pragma integrity_check;' | tr '\n' ' ')" = '40 ok ' || return 1
  done
}
with_postgres() {
  bin=$(echo /usr/lib/postgresql/*/bin)
  mkdir -p $work/pg && chown postgres $work/pg || return 1
  as() { setpriv --reuid postgres --regid postgres --init-groups "$@"; }
  as "$bin/initdb" -D $work/pg/data -A trust || return 1
  printf "create table t as select generate_series(1,1000) a;\nselect sum(a) from t;\n" |
    as "$bin/postgres" --single -D $work/pg/data postgres | grep -q 500500
}
check "bash" with_bash
check "python3: tmpfile, mmap, append, locks, xattr, readdir under change, copy_file_range" with_python
check "git: add, commit, mv, gc, fsck, clone" with_git
cd $work || exit 1
check "gcc compiles and the program runs" with_gcc
check "dpkg installs and purges" with_dpkg
check "apt-get installs a local package" with_apt
check "sqlite3: rollback journal and WAL" with_sqlite
check "PostgreSQL: initdb and a query" with_postgres
cd /
rm -rf $work
echo "$failures failures"
exit $failures
