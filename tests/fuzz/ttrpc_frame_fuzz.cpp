// SPDX-License-Identifier: Apache-2.0
// LINK: caisson_ttrpc
// A connection's bytes, cut into chunks as the first byte says, through the frame reader and the envelopes.
#include <algorithm>
#include <cstdlib>

#include "common/ttrpc/frame.h"
#include "common/ttrpc/status.h"
#include "common/ttrpc/ttrpc.pb.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace caisson::ttrpc;
  if (size == 0) {
    return 0;
  }
  const size_t step = size_t{data[0]} + 1;
  std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  FrameReader reader;
  while (!rest.empty()) {
    const std::string_view chunk = rest.substr(0, step);
    rest.remove_prefix(chunk.size());
    reader.feed(chunk);
    while (true) {
      const auto frame = reader.next();
      if (!frame) {
        return 0;
      }
      if (!*frame) {
        break;
      }
      if ((*frame)->payload.size() != (*frame)->header.length) {
        std::abort();
      }
      wire::Request request;
      (void)request.ParseFromString((*frame)->payload);
      wire::Response response;
      if (response.ParseFromString((*frame)->payload) && to_error(response.status()).code <= 0) {
        std::abort();
      }
    }
  }
  return 0;
}
