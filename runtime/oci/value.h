// SPDX-License-Identifier: Apache-2.0
// One value of a parsed JSON document that knows its path there, so that every refusal names the place:
// `linux.seccomp.syscalls[3].action: …`. Used by the field readers; lives on their stack, never stored.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "common/result.h"

namespace caisson::runtime::oci {

class Value {
 public:
  explicit Value(const nlohmann::json& root, std::string_view name = {}) : json_(root), name_(name) {}

  [[nodiscard]] std::string path() const;
  // EINVAL, "<path>: <reason>".
  [[nodiscard]] tl::unexpected<Error> bad(std::string_view reason) const;

  // Whether the value is null, false, 0, "", [] or {}: writers put these where they mean nothing.
  [[nodiscard]] bool is_void() const;
  [[nodiscard]] bool is_null() const;

  Result<bool> boolean() const;
  Result<int64_t> integer(int64_t minimum, int64_t maximum) const;
  Result<uint64_t> unsigned_integer(uint64_t maximum) const;
  // Without NUL bytes; the document was checked for UTF-8 when it was parsed.
  Result<std::string> string() const;

  using Visit = std::function<Result<void>(const Value& element)>;
  using VisitMember = std::function<Result<void>(std::string_view name, const Value& member)>;
  Result<void> for_each_element(const Visit& visit) const;
  Result<void> for_each_member(const VisitMember& visit) const;

 private:
  Value(const nlohmann::json& json, const Value& parent, std::string_view name)
      : json_(json), parent_(&parent), name_(name) {}
  Value(const nlohmann::json& json, const Value& parent, size_t index)
      : json_(json), parent_(&parent), index_(index), is_element_(true) {}
  [[nodiscard]] tl::unexpected<Error> wrong_type(std::string_view wanted) const;

  const nlohmann::json& json_;
  const Value* parent_ = nullptr;
  std::string_view name_;
  size_t index_ = 0;
  bool is_element_ = false;
};

// A document to read. It owns the JSON behind a root Value.
class Document {
 public:
  // `what` names the text in errors ("config.json"). Refuses text over kMaxDocumentBytes, nesting over
  // kMaxDocumentDepth, invalid UTF-8 and whatever else is not JSON.
  static Result<Document> parse(std::string_view text, std::string_view what);
  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  ~Document();

  [[nodiscard]] Value root() const { return Value(*json_); }

 private:
  explicit Document(std::unique_ptr<nlohmann::json> json);
  std::unique_ptr<nlohmann::json> json_;
};

// LIMIT: a large config.json (a seccomp profile and hundreds of mounts) is some 200 KiB; CreateContainer
// takes 4 MiB.
inline constexpr size_t kMaxDocumentBytes = 4UL << 20;
// LIMIT: the deepest path of the specification has 8 levels.
inline constexpr int kMaxDocumentDepth = 32;

}  // namespace caisson::runtime::oci
