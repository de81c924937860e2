# SPDX-License-Identifier: Apache-2.0
# Stands in for util-linux's Python binding, which Debian 12 does not have: the two calls that crun's test_mounts.py makes,
# to read the mount options out of a copy of /proc/self/mountinfo.


class Mount:
    def __init__(self, vfs_options, fs_options):
        self.vfs_options = vfs_options
        self.fs_options = fs_options


class Table:
    def __init__(self, path):
        self._mounts = {}
        with open(path) as mountinfo:
            for line in mountinfo:
                before, found, after = line.partition(" - ")
                if found:
                    fields = before.split()
                    self._mounts[fields[4]] = Mount(fields[5], after.split()[2])

    def find_target(self, path):
        return self._mounts[path]
