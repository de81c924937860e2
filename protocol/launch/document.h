// SPDX-License-Identifier: Apache-2.0
// A JSON document from one table of its fields, which is used both ways:
//
//   template <typename Fields>
//   void describe(Fields& fields, Point& point) {
//     fields("x", point.x);
//     fields("y", point.y);
//   }
//
// DocumentWriter and DocumentReader are such Fields. A member may be a boolean, an integer, a string, an enum
// with its names, another type that is described, or a vector or an optional (null) of one.
#pragma once

#include <concepts>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace caisson {

// Reads what it is given; not const, since the tables are the reader's too.
class DocumentWriter {
 public:
  template <typename T>
  void operator()(const char* key, T& value) {
    object_[key] = json_of(value);
  }
  template <typename Enum, size_t N>
  void operator()(const char* key, Enum& value, const std::string_view (&names)[N]) {
    object_[key] = names[static_cast<size_t>(value)];
  }

  // Bytes that are no UTF-8 are replaced.
  [[nodiscard]] std::string text() const {
    return object_.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }

 private:
  template <typename T>
  static nlohmann::json json_of(T& value) {
    if constexpr (std::integral<T> || std::same_as<T, std::string>) {
      return value;
    } else {
      DocumentWriter members;
      describe(members, value);
      return std::move(members.object_);
    }
  }
  template <typename T>
  static nlohmann::json json_of(std::vector<T>& values) {
    nlohmann::json array = nlohmann::json::array();
    for (T& value : values) array.push_back(json_of(value));
    return array;
  }
  template <typename T>
  static nlohmann::json json_of(std::optional<T>& value) {
    return value ? json_of(*value) : nlohmann::json();
  }

  nlohmann::json object_ = nlohmann::json::object();
};

// Every field must be there and of its type, else the whole document is bad: the first error is kept, and
// names the field.
class DocumentReader {
 public:
  // `what`, of errors: "launch document".
  static Result<nlohmann::json> parse(std::string_view text, const std::string& what) {
    nlohmann::json document = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    return document.is_object() ? Result<nlohmann::json>(std::move(document))
                                : fail(EINVAL, "read " + what + ": not a JSON object");
  }

  // `object` is the caller's, and outlives the reader.
  DocumentReader(const nlohmann::json& object, std::string what) : object_(object), what_(std::move(what)) {}

  template <typename T>
  void operator()(const char* key, T& out) {
    const auto found = object_.find(key);
    if (found == object_.end()) {
      return fails(key, "is missing");
    }
    take(key, *found, out);
  }
  template <typename Enum, size_t N>
  void operator()(const char* key, Enum& out, const std::string_view (&names)[N]) {
    std::string name;
    (*this)(key, name);
    for (size_t i = 0; i < N; ++i) {
      if (names[i] == name) {
        out = static_cast<Enum>(i);
        return;
      }
    }
    fails(key, "has unknown value \"" + name + "\"");
  }

  [[nodiscard]] const Result<void>& outcome() const { return outcome_; }

 private:
  using Json = nlohmann::json;

  void take(const char* key, const Json& value, bool& out) {
    value.is_boolean() ? void(out = value.get<bool>()) : fails(key, "is not a boolean");
  }
  void take(const char* key, const Json& value, std::string& out) {
    value.is_string() ? void(out = value.get<std::string>()) : fails(key, "is not a string");
  }
  template <std::integral T>
  void take(const char* key, const Json& value, T& out) {
    if (!value.is_number_integer()) return fails(key, "is not an integer");
    if (!value.is_number_unsigned() && value.template get<int64_t>() < 0) return fails(key, "is negative");
    if (value.template get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<T>::max())) {
      return fails(key, "is too large");
    }
    out = value.template get<T>();
  }
  template <typename T>
  void take(const char* key, const Json& value, std::vector<T>& out) {
    if (!value.is_array()) return fails(key, "is not an array");
    for (const Json& entry : value) take((std::string(key) + "[]").c_str(), entry, out.emplace_back());
  }
  template <typename T>
  void take(const char* key, const Json& value, std::optional<T>& out) {
    if (value.is_null()) return;
    out = T{};  // clang 14 takes emplace() of a nested class for one that cannot be
    take(key, value, *out);
  }
  template <typename T>
  requires std::is_class_v<T>
  void take(const char* key, const Json& value, T& out) {
    if (!value.is_object()) return fails(key, "is not an object");
    DocumentReader members(value, what_ + ": " + key);
    describe(members, out);
    if (outcome_ && !members.outcome_) outcome_ = std::move(members.outcome_);
  }

  void fails(const std::string& key, const std::string& why) {
    if (outcome_) outcome_ = fail(EINVAL, "read " + what_ + ": " + key + " " + why);
  }

  const Json& object_;
  std::string what_;
  Result<void> outcome_;
};

}  // namespace caisson
