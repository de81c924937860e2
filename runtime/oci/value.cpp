// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/value.h"

#include <nlohmann/json.hpp>

namespace caisson::runtime::oci {
namespace {

// Counts brackets outside strings. The parser itself does not recurse; everything after it may.
bool nests_too_deeply(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDocumentDepth) {
        return true;
      }
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace

std::string Value::path() const {
  std::string prefix = parent_ != nullptr ? parent_->path() : std::string();
  if (is_element_) {
    return prefix + "[" + std::to_string(index_) + "]";
  }
  if (prefix.empty()) {
    return std::string(name_);
  }
  // Keys of maps (sysctl, annotations) hold dots themselves.
  if (name_.find('.') != std::string_view::npos) {
    return prefix + "[\"" + std::string(name_) + "\"]";
  }
  return prefix + "." + std::string(name_);
}

tl::unexpected<Error> Value::bad(std::string_view reason) const {
  const std::string where = path();
  return fail(EINVAL, (where.empty() ? std::string("top level") : where) + ": " + std::string(reason));
}

tl::unexpected<Error> Value::wrong_type(std::string_view wanted) const {
  return bad("expected " + std::string(wanted) + ", found " + json_.type_name());
}

bool Value::is_null() const {
  return json_.is_null();
}

bool Value::is_void() const {
  if (json_.is_structured()) {
    return json_.empty();
  }
  if (const auto* text = json_.get_ptr<const std::string*>()) {
    return text->empty();
  }
  if (json_.is_boolean()) {
    return !json_.get<bool>();
  }
  if (json_.is_number()) {
    return json_.get<double>() == 0;
  }
  return json_.is_null();
}

Result<bool> Value::boolean() const {
  if (!json_.is_boolean()) {
    return wrong_type("a boolean");
  }
  return json_.get<bool>();
}

Result<int64_t> Value::integer(int64_t minimum, int64_t maximum) const {
  if (!json_.is_number_integer()) {
    return wrong_type("an integer");
  }
  const bool beyond = json_.is_number_unsigned() && json_.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX);
  const int64_t value = beyond ? INT64_MAX : json_.get<int64_t>();
  if (beyond || value < minimum || value > maximum) {
    return bad("must be between " + std::to_string(minimum) + " and " + std::to_string(maximum));
  }
  return value;
}

Result<uint64_t> Value::unsigned_integer(uint64_t maximum) const {
  if (!json_.is_number_integer()) {
    return wrong_type("an integer");
  }
  if (!json_.is_number_unsigned()) {
    return bad("must not be negative");
  }
  const auto value = json_.get<uint64_t>();
  if (value > maximum) {
    return bad("must be at most " + std::to_string(maximum));
  }
  return value;
}

Result<std::string> Value::string() const {
  const auto* text = json_.get_ptr<const std::string*>();
  if (text == nullptr) {
    return wrong_type("a string");
  }
  if (text->find('\0') != std::string::npos) {
    return bad("must not contain a NUL character");
  }
  return *text;
}

Result<void> Value::for_each_element(const Visit& visit) const {
  if (!json_.is_array()) {
    return wrong_type("an array");
  }
  size_t index = 0;
  for (const auto& element : json_) {
    TRY(visit(Value(element, *this, index++)));
  }
  return {};
}

Result<void> Value::for_each_member(const VisitMember& visit) const {
  if (!json_.is_object()) {
    return wrong_type("an object");
  }
  for (const auto& [name, member] : json_.items()) {
    const Value value(member, *this, name);
    if (name.find('\0') != std::string::npos) {
      return value.bad("must not contain a NUL character");
    }
    TRY(visit(name, value));
  }
  return {};
}

Document::Document(std::unique_ptr<nlohmann::json> json) : json_(std::move(json)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Result<Document> Document::parse(std::string_view text, std::string_view what) {
  const std::string context = "parse " + std::string(what) + ": ";
  if (text.size() > kMaxDocumentBytes) {
    return fail(EFBIG, context + "it is larger than " + std::to_string(kMaxDocumentBytes >> 20) + " MiB");
  }
  if (nests_too_deeply(text)) {
    return fail(EINVAL, context + "it nests deeper than " + std::to_string(kMaxDocumentDepth) + " levels");
  }
  // The library's exception carries the line and column that its non-throwing form drops; it ends here.
  try {
    auto json = std::make_unique<nlohmann::json>(nlohmann::json::parse(text));
    if (!json->is_object()) {
      return fail(EINVAL, context + "it is not a JSON object");
    }
    return Document(std::move(json));
  } catch (const nlohmann::json::exception& error) {
    std::string reason = error.what();  // "[json.exception.parse_error.101] parse error at line 1, …"
    if (const size_t end = reason.find("] "); end != std::string::npos) {
      reason.erase(0, end + 2);
    }
    return fail(EINVAL, context + reason);
  }
}

}  // namespace caisson::runtime::oci
