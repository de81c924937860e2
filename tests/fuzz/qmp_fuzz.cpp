// SPDX-License-Identifier: Apache-2.0
// LINK: caisson_qemu
// A QEMU gone wrong: whatever it writes to its monitor is events, nothing, or a refusal; and never more kept
// than said.
#include <algorithm>

#include "vmm/qemu/qmp.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  caisson::vmm::QmpReader reader;
  std::span<const char> rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty()) {
    const std::span<const char> piece = rest.first(std::min<size_t>(rest.size(), 97));
    if (!reader.feed(piece)) {
      break;
    }
    rest = rest.subspan(piece.size());
  }
  return 0;
}
