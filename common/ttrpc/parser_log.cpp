// SPDX-License-Identifier: Apache-2.0
#include "common/ttrpc/parser_log.h"

#include <google/protobuf/stubs/logging.h>

namespace caisson::ttrpc {

void silence_parser() {
  google::protobuf::SetLogHandler(nullptr);
}

}  // namespace caisson::ttrpc
