// SPDX-License-Identifier: Apache-2.0
// A user without CAP_SYS_ADMIN, who owns the file, can neither set nor read trusted attributes, by any name.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

static int expect(const char* what, int result, int wanted) {
  const int got = result < 0 ? errno : 0;
  if (got == wanted) return 0;
  printf("%s: %s, not %s\n", what, strerror(got), strerror(wanted));
  return 1;
}

int main(int count, char** arguments) {
  const char* path = count > 1 ? arguments[1] : "";
  char value[16];
  int failed = expect("set user.mine", setxattr(path, "user.mine", "x", 1, 0), 0);
  failed += expect("set trusted", setxattr(path, "trusted.overlay.opaque", "y", 1, 0), EPERM);
  failed +=
      expect("get trusted", (int)getxattr(path, "trusted.overlay.opaque", value, sizeof(value)), ENODATA);
  failed += expect("set kept", setxattr(path, "user.caisson.trusted.overlay.opaque", "y", 1, 0), EOPNOTSUPP);
  failed += expect("remove kept", removexattr(path, "user.caisson.trusted.overlay.opaque"), EOPNOTSUPP);
  return failed;
}
