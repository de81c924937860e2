// SPDX-License-Identifier: Apache-2.0
#include "common/log/log.h"

#include <fcntl.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <mutex>
#include <nlohmann/json.hpp>

#include "common/harmless.h"
#include "common/unique_fd.h"

namespace caisson {
namespace {

// LIMIT: a message with the last lines of a guest's console is some 4 KiB.
constexpr size_t kMostRecordBytes = 16384;

// Writes each record by one write(2) to an O_APPEND descriptor, so that processes sharing a log file never
// tear each other's lines.
class FdSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  FdSink(UniqueFd owned, const LogOptions& options)
      : owned_(std::move(owned)), format_(options.format), ration_bytes_(options.ration_bytes) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& record) override {
    if (ration_bytes_ > 0 && used_bytes_ > ration_bytes_) {
      return;
    }
    const std::string line = line_of(record);
    used_bytes_ += line.size();
    if (ration_bytes_ == 0 || used_bytes_ <= ration_bytes_) {
      write(line);
      return;
    }
    const std::string last = "this sandbox has written its ration of " +
                             std::to_string(ration_bytes_ / 1024) +
                             " KiB of log, further records are dropped";
    write(line_of({record.time, {}, {}, spdlog::level::warn, last}));
  }
  void flush_() override {}

 private:
  static std::string level_name(spdlog::level::level_enum level) {
    const auto name = spdlog::level::to_string_view(level);
    return {name.data(), name.size()};
  }

  void write(const std::string& line) const {
    const int fd = owned_ ? owned_.get() : STDERR_FILENO;
    // There is nowhere left to report a log that cannot be written.
    [[maybe_unused]] const ssize_t n = ::write(fd, line.data(), line.size());
  }

  [[nodiscard]] std::string line_of(const spdlog::details::log_msg& record) const {
    return format_ == LogFormat::json ? json_line(record) : text_line(record);
  }

  // Records quote what guests, kernels of guests and QEMU say.
  static std::string text_of(const spdlog::details::log_msg& record) {
    return harmless({record.payload.data(), record.payload.size()}, kMostRecordBytes, Lines::many);
  }

  static std::string json_line(const spdlog::details::log_msg& record) {
    spdlog::memory_buf_t time;
    spdlog::pattern_formatter formatter("%Y-%m-%dT%H:%M:%S.%f%z", spdlog::pattern_time_type::local, "");
    formatter.format(record, time);
    const nlohmann::json object = {{"level", level_name(record.level)},
                                   {"msg", text_of(record)},
                                   {"time", std::string(time.data(), time.size())}};
    return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  }

  static std::string text_line(const spdlog::details::log_msg& record) {
    std::string line = "caisson: ";
    line += level_name(record.level);
    line += ": ";
    line += indented(text_of(record));
    line += '\n';
    return line;
  }

  UniqueFd owned_;
  LogFormat format_;
  size_t ration_bytes_;
  size_t used_bytes_ = 0;
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
      std::make_shared<spdlog::logger>("caisson", std::make_shared<FdSink>(std::move(file), options));
  logger->set_level(options.debug ? spdlog::level::debug : spdlog::level::warn);
  spdlog::set_default_logger(std::move(logger));
  return {};
}

}  // namespace caisson
