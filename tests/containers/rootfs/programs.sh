#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run inside a Debian root file system (make_debian) on virtio-fs: the programs that ask most of it.
#   programs.sh NAME…    runs with_NAME for each; the exit status is that of the first to fail
work=/var/tmp/programs
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
with_python_modules() {
  mkdir package && echo 'def answer(n): return n * 7' >package/module.py && cat >script.py <<'PYTHON'
import hashlib, json, multiprocessing, pathlib, shutil, sqlite3, subprocess, threading, zipfile
from package import module
with multiprocessing.Pool(2) as pool: assert pool.map(module.answer, range(4)) == [0, 7, 14, 21]
tree = pathlib.Path('tree'); (tree / 'deep').mkdir(parents=True)
def write(n): (tree / 'deep' / f'{n}.json').write_text(json.dumps({'n': n}))
threads = [threading.Thread(target=write, args=(n,)) for n in range(20)]
for t in threads: t.start()
for t in threads: t.join()
shutil.make_archive('tree', 'zip', 'tree'); zipfile.ZipFile('tree.zip').extractall('unpacked')
digest = lambda top: hashlib.sha256(b''.join(p.read_bytes() for p in sorted(pathlib.Path(top).rglob('*.json')))).hexdigest()
assert digest('tree') == digest('unpacked') and json.loads((tree / 'deep/7.json').read_text()) == {'n': 7}
with sqlite3.connect('python.db') as db:
    db.execute('create table t(a)'); db.executemany('insert into t values(?)', [(n,) for n in range(100)])
assert sqlite3.connect('python.db').execute('select sum(a) from t').fetchone() == (4950,)
assert subprocess.run(['sh', '-c', 'exit 3']).returncode == 3
shutil.rmtree('tree'); shutil.rmtree('unpacked')
PYTHON
  python3 script.py && ls package/__pycache__/module.*.pyc
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
with_postgres_server() {
  server() { as "$bin/pg_ctl" -w -D $work/pg/data -l $work/pg/log -o "-k $work/pg -h ''" "$@"; }
  ask() { as psql -h $work/pg -AtX -v ON_ERROR_STOP=1 -c "$1" postgres; }
  server start &&
    ask 'create table s(a int primary key, b text); insert into s select n, md5(n::text) from generate_series(1, 5000) n; checkpoint' &&
    ask 'update s set b = upper(b) where a % 2 = 0' && ask 'vacuum s' &&
    test "$(ask 'select count(*), sum(a) from s')" = '5000|12502500' &&
    server -m immediate stop && server start && # as after a crash: the log is replayed
    test "$(ask 'select count(*) from s where b = upper(b)')" -ge 2500 && server stop
}
for name in "$@"; do
  "with_$name" || exit
done
