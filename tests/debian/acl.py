# SPDX-License-Identifier: Apache-2.0
"""Access control lists in the directory named: who is allowed reads, who is denied does not, what is made inherits."""
import os
import struct
import sys

USER_OBJ, USER, GROUP_OBJ, MASK, OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
NOBODY = 0xFFFFFFFF


def acl(*entries):
    """Version 2, then tag, permissions and id of each entry: what setfacl(1) hands to the kernel."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def reads(path, uid, gid):
    """Whether a process of that user and group, without capabilities, can open the file."""
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        try:
            os.close(os.open(path, os.O_RDONLY))
        except PermissionError:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def check(condition, what):
    if not condition:
        print("not so:", what)
        check.failures += 1


check.failures = 0
top = sys.argv[1]
os.chmod(top, 0o755)

path = os.path.join(top, "file")
with open(path, "w") as file:
    file.write("secret")
os.chown(path, 0, 1000)
os.chmod(path, 0o640)
check(reads(path, 5000, 1000), "the owning group reads by the mode")
os.setxattr(path, "system.posix_acl_access", acl(
    (USER_OBJ, 6, NOBODY), (USER, 4, 1001), (USER, 0, 1002), (GROUP_OBJ, 0, NOBODY), (MASK, 4, NOBODY), (OTHER, 0, NOBODY)))
check(reads(path, 1001, 1001), "a named user reads")
check(not reads(path, 5000, 1000), "the owning group is denied by its entry, though the mode shows the mask")
check(not reads(path, 1002, 1000), "a named user is denied by its entry, whatever its group")
check(not reads(path, 3000, 3000), "others are denied")
check(os.stat(path).st_mode & 0o777 == 0o640, "the mode's group bits are the mask")
os.chmod(path, 0o600)
check(not reads(path, 1001, 1001), "chmod narrows the mask")
os.removexattr(path, "system.posix_acl_access")
os.chmod(path, 0o640)
check(reads(path, 5000, 1000), "without the list the mode counts again")

directory = os.path.join(top, "directory")
os.mkdir(directory, 0o755)
os.setxattr(directory, "system.posix_acl_default", acl(
    (USER_OBJ, 7, NOBODY), (USER, 4, 1001), (GROUP_OBJ, 0, NOBODY), (MASK, 7, NOBODY), (OTHER, 0, NOBODY)))
os.umask(0o077)
inherited = os.path.join(directory, "file")
os.close(os.open(inherited, os.O_CREAT | os.O_WRONLY, 0o666))
check("system.posix_acl_access" in os.listxattr(inherited), "a file inherits the default list")
check(reads(inherited, 1001, 1001), "the default list decides, not the umask")
check(not reads(inherited, 3000, 3000), "and denies others")
below = os.path.join(directory, "below")
os.mkdir(below, 0o777)
check("system.posix_acl_default" in os.listxattr(below), "a directory inherits it as its own default")
sys.exit(check.failures != 0)
