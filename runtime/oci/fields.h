// SPDX-License-Identifier: Apache-2.0
// The table behind the parser of config.json: for every object of the specification an array of rows, one a
// field, each saying who honours it and how it is read. docs/oci-support.md is checked against these rows; no
// field is read, refused or documented anywhere else. Rows are found by overloads `rows(const T*)` beside
// each T.
#pragma once

#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "runtime/oci/value.h"

namespace caisson::runtime::oci {

enum class Treatment {
  guest,    // honoured inside the VM
  host,     // honoured by the runtime on the host
  both,     // honoured on both sides
  noted,    // needs nothing done by a runtime (annotations, versions)
  refused,  // an error that names the path and the note
};

struct Row {
  std::string_view name;
  Treatment treatment;
  std::string_view note;
  bool required;
  Result<void> (*read)(const Value& value, void* object);  // null: refused
  std::span<const Row> (*children)();  // of the object or of the array's elements; or null
};

// Reads the members of an object by its rows. Unknown members are passed over: [oci] config.md,
// "Extensibility".
Result<void> read_members(const Value& value, std::span<const Row> rows, void* object);

template <typename T>
concept HasRows = requires(const T* type) {
  rows(type);
};

inline Result<void> read(const Value& value, bool& out) {
  out = TRY(value.boolean());
  return {};
}

inline Result<void> read(const Value& value, std::string& out) {
  out = TRY(value.string());
  return {};
}

template <typename T>
requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) Result<void> read(const Value& value, T& out) {
  if constexpr (std::is_unsigned_v<T>) {
    out = static_cast<T>(TRY(value.unsigned_integer(std::numeric_limits<T>::max())));
  } else {
    out = static_cast<T>(TRY(value.integer(std::numeric_limits<T>::min(), std::numeric_limits<T>::max())));
  }
  return {};
}

template <HasRows T>
Result<void> read(const Value& value, T& out) {
  return read_members(value, rows(&out), &out);
}

template <typename T>
Result<void> read(const Value& value, std::optional<T>& out) {
  return read(value, out.emplace());
}

template <typename T>
Result<void> read(const Value& value, std::vector<T>& out) {
  return value.for_each_element([&out](const Value& element) { return read(element, out.emplace_back()); });
}

template <typename T>
Result<void> read(const Value& value, std::map<std::string, T>& out) {
  return value.for_each_member(
      [&out](std::string_view name, const Value& member) { return read(member, out[std::string(name)]); });
}

namespace detail {

template <typename T>
struct MemberOf;
template <typename Object, typename Type>
struct MemberOf<Type Object::*> {
  using ObjectType = Object;
  using MemberType = Type;
};

template <typename T>
struct Innermost {
  using Type = T;
};
template <typename T>
struct Innermost<std::optional<T>> : Innermost<T> {};
template <typename T>
struct Innermost<std::vector<T>> : Innermost<T> {};

template <auto Member>
Result<void> read_member(const Value& value, void* object) {
  using Object = typename MemberOf<decltype(Member)>::ObjectType;
  return read(value, static_cast<Object*>(object)->*Member);
}

template <auto Member>
constexpr auto children_of() -> std::span<const Row> (*)() {
  using Type = typename Innermost<typename MemberOf<decltype(Member)>::MemberType>::Type;
  if constexpr (HasRows<Type>) {
    return +[]() { return rows(static_cast<const Type*>(nullptr)); };
  } else {
    return nullptr;
  }
}

}  // namespace detail

template <auto Member>
constexpr Row field(std::string_view name, Treatment treatment, std::string_view note = {}) {
  return Row{name, treatment, note, false, &detail::read_member<Member>, detail::children_of<Member>()};
}

template <auto Member>
constexpr Row required(std::string_view name, Treatment treatment, std::string_view note = {}) {
  return Row{name, treatment, note, true, &detail::read_member<Member>, detail::children_of<Member>()};
}

// `note` finishes the sentence "<path>: not supported: …" and tells the remedy.
constexpr Row refuse(std::string_view name, std::string_view note) {
  return Row{name, Treatment::refused, note, false, nullptr, nullptr};
}

}  // namespace caisson::runtime::oci
