// SPDX-License-Identifier: Apache-2.0
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "tests/differential/probe/report.h"
#include "tests/differential/probe/sections.h"

namespace caisson::probe {

void tell_capabilities(Arguments /*arguments*/) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (::syscall(SYS_capget, &header, data.data()) < 0) {
    tell("capabilities", outcome(-1));
    return;
  }
  tell_hex("capabilities effective", data[0].effective | uint64_t{data[1].effective} << 32);
  tell_hex("capabilities permitted", data[0].permitted | uint64_t{data[1].permitted} << 32);
  tell_hex("capabilities inheritable", data[0].inheritable | uint64_t{data[1].inheritable} << 32);
  uint64_t bounding = 0;
  uint64_t ambient = 0;
  for (unsigned number = 0; number < 64; ++number) {
    bounding |= uint64_t{::prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1} << number;
    ambient |= uint64_t{::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, number, 0, 0) == 1} << number;
  }
  tell_hex("capabilities bounding", bounding);
  tell_hex("capabilities ambient", ambient);
  tell("securebits", ::prctl(PR_GET_SECUREBITS, 0, 0, 0, 0));
}

}  // namespace caisson::probe
