// SPDX-License-Identifier: Apache-2.0
#include "vmm/jail/jail.h"

#include <cap-ng.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "vmm/jail/system_calls.h"

namespace caisson::vmm {
namespace {

// What serving files of any owner takes (vmm/virtio/fs acts for the guest's users by fsuid and
// fsgid).
constexpr std::array kFileServerCapabilities = {
    CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER,
    CAP_FSETID, CAP_SETUID,       CAP_SETGID,          CAP_SETFCAP,
};

// An empty, read-only tmpfs becomes the root. Descriptors opened before keep working; names lead nowhere, but
// to `sockets`.
Result<void> leave_file_system(const std::string& scratch, const HostSockets& sockets) {
  if (::unshare(CLONE_NEWNS) < 0) {
    return fail_errno("make mount namespace");
  }
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0) {
    return fail_errno("make mounts private");
  }
  constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (::mount("tmpfs", scratch.c_str(), "tmpfs", kFlags, "size=4k,mode=0") < 0) {
    return fail_errno("mount empty root");
  }
  TRY(mount_host_sockets(scratch, sockets));
  if (::mount(nullptr, scratch.c_str(), nullptr, kFlags | MS_REMOUNT | MS_RDONLY, nullptr) < 0) {
    return fail_errno("make the empty root read-only");
  }
  // pivot_root(".", ".") stacks the old root on the new one; detaching "." then takes it away (pivot_root(2),
  // NOTES).
  if (::chdir(scratch.c_str()) < 0 || ::syscall(SYS_pivot_root, ".", ".") < 0 ||
      ::umount2(".", MNT_DETACH) < 0 || ::chdir("/") < 0) {
    return fail_errno("enter empty root");
  }
  return {};
}

Result<void> drop_capabilities(JailKind kind) {
  capng_clear(CAPNG_SELECT_ALL);
  for (const int capability : kFileServerCapabilities) {
    capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED),
                 static_cast<unsigned>(capability));
  }
  if (kind == JailKind::child_machine) {
    capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED), CAP_KILL);
  }
  if (capng_apply(CAPNG_SELECT_BOTH) != 0) {
    return fail_errno("drop capabilities");
  }
  return {};
}

}  // namespace

Result<void> enter_jail(JailKind kind, const std::string& scratch, HostView view,
                        const HostSockets& sockets) {
  TRY(leave_file_system(scratch, sockets));
  TRY(lay_out_view(std::move(view)));
  TRY(drop_capabilities(kind));
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
    return fail_errno("give up new privileges");
  }
  // Nobody may read our memory through /proc either.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) {
    return fail_errno("make process undumpable");
  }
  return allow_system_calls(kind, sockets.empty() ? Connects::no : Connects::yes);
}

}  // namespace caisson::vmm
