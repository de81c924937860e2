// SPDX-License-Identifier: Apache-2.0
#include "common/log.h"

#include <fcntl.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <mutex>
#include <nlohmann/json.hpp>

#include "common/unique_fd.h"

namespace caisson {
namespace {

// Writes each record by one write(2) to an O_APPEND descriptor, so that processes sharing a log file never
// tear each other's lines.
class FdSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  FdSink(UniqueFd owned, LogFormat format) : owned_(std::move(owned)), format_(format) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& record) override {
    const std::string line = format_ == LogFormat::json ? json_line(record) : text_line(record);
    const int fd = owned_ ? owned_.get() : STDERR_FILENO;
    // There is nowhere left to report a log that cannot be written.
    [[maybe_unused]] const ssize_t n = ::write(fd, line.data(), line.size());
  }
  void flush_() override {}

 private:
  static std::string level_name(spdlog::level::level_enum level) {
    const auto name = spdlog::level::to_string_view(level);
    return {name.data(), name.size()};
  }

  static std::string json_line(const spdlog::details::log_msg& record) {
    spdlog::memory_buf_t time;
    spdlog::pattern_formatter formatter("%Y-%m-%dT%H:%M:%S.%f%z", spdlog::pattern_time_type::local, "");
    formatter.format(record, time);
    const nlohmann::json object = {{"level", level_name(record.level)},
                                   {"msg", std::string(record.payload.data(), record.payload.size())},
                                   {"time", std::string(time.data(), time.size())}};
    // Messages may quote foreign bytes: never throw over invalid UTF-8.
    return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  }

  static std::string text_line(const spdlog::details::log_msg& record) {
    std::string line = "caisson: ";
    line += level_name(record.level);
    line += ": ";
    line.append(record.payload.data(), record.payload.size());
    line += '\n';
    return line;
  }

  UniqueFd owned_;
  LogFormat format_;
};

}  // namespace

Result<void> set_up_log(const LogOptions& options) {
  UniqueFd file;
  if (!options.path.empty()) {
    file.reset(::open(options.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
    if (!file) {
      return fail_errno("open log " + options.path);
    }
  }
  auto logger =
      std::make_shared<spdlog::logger>("caisson", std::make_shared<FdSink>(std::move(file), options.format));
  logger->set_level(options.debug ? spdlog::level::debug : spdlog::level::warn);
  spdlog::set_default_logger(std::move(logger));
  return {};
}

}  // namespace caisson
