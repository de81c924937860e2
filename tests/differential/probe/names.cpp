// SPDX-License-Identifier: Apache-2.0
#include <sys/utsname.h>

#include "tests/differential/probe/report.h"
#include "tests/differential/probe/sections.h"

namespace caisson::probe {

void tell_names(Arguments /*arguments*/) {
  utsname names{};
  ::uname(&names);
  tell("kernel name", names.sysname);
  tell("kernel release", names.release);
  tell("machine", names.machine);
  tell("hostname", names.nodename);
  tell("domainname", names.domainname);
}

}  // namespace caisson::probe
