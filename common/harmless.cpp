// SPDX-License-Identifier: Apache-2.0
#include "common/harmless.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace caisson {
namespace {

constexpr std::string_view kCut = "...";

struct Span {
  uint32_t first;
  uint32_t last;
};

// Characters that a terminal obeys, that nobody sees, or that change how the others are read.
constexpr std::array kHarmful = {
    Span{0x0000, 0x001f},    // C0
    Span{0x007f, 0x009f},    // DEL and C1: terminals take 0x9b for ESC [
    Span{0x00ad, 0x00ad},    // soft hyphen
    Span{0x061c, 0x061c},    // Arabic letter mark
    Span{0x180e, 0x180e},    // Mongolian vowel separator
    Span{0x200b, 0x200f},    // of no width, and marks of direction
    Span{0x2028, 0x202e},    // separators of lines and paragraphs, embeddings and overrides of direction
    Span{0x2060, 0x206f},    // invisible operators, isolates of direction
    Span{0xd800, 0xdfff},    // halves of UTF-16
    Span{0xfdd0, 0xfdef},    // no characters
    Span{0xfeff, 0xfeff},    // byte order mark
    Span{0xfff0, 0xffff},    // interlinear marks, no characters
    Span{0xe0000, 0xe0fff},  // tags
};

bool is_harmful(uint32_t character) {
  return (character & 0xfffeU) == 0xfffeU || std::ranges::any_of(kHarmful, [character](const Span& span) {
           return character >= span.first && character <= span.last;
         });
}

struct Decoded {
  uint32_t character = 0;
  size_t bytes = 0;  // 0: no UTF-8 [RFC 3629]
};

Decoded decode(std::string_view text) {
  const auto byte = [&text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) {
    return {.character = lead, .bytes = 1};
  }
  const size_t bytes = lead >= 0xf0 && lead < 0xf5   ? 4
                       : lead >= 0xe0 && lead < 0xf0 ? 3
                       : lead >= 0xc2 && lead < 0xe0 ? 2
                                                     : 0;
  if (bytes == 0 || bytes > text.size()) {
    return {};
  }
  uint32_t character = lead & (0xffU >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) {
      return {};
    }
    character = (character << 6U) | (byte(i) & 0x3fU);
  }
  constexpr std::array<uint32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  constexpr uint32_t kMost = 0x10ffff;
  return character < kLeast.at(bytes) || character > kMost ? Decoded{}
                                                           : Decoded{.character = character, .bytes = bytes};
}

}  // namespace

std::string harmless(std::string_view text, size_t limit_bytes, Lines lines) {
  std::string clean;
  clean.reserve(std::min(text.size(), limit_bytes));
  size_t fits = 0;  // how much of it leaves room for the mark of a cut
  while (!text.empty()) {
    const auto [character, bytes] = decode(text);
    const std::string_view whole = text.substr(0, std::max<size_t>(bytes, 1));
    text.remove_prefix(whole.size());
    const bool is_kept = bytes > 0 && (character == '\n' ? lines == Lines::many : !is_harmful(character));
    const std::string_view written = is_kept ? whole : character == '\t' ? " " : "?";
    if (clean.size() + written.size() > limit_bytes) {
      clean.resize(fits);
      clean += kCut.substr(0, limit_bytes);
      break;
    }
    clean += written;
    if (clean.size() + kCut.size() <= limit_bytes) {
      fits = clean.size();
    }
  }
  return clean;
}

std::string indented(std::string_view text) {
  constexpr std::string_view kIndent = "    ";
  std::string lines;
  for (const char c : text) {
    lines += c;
    if (c == '\n') {
      lines += kIndent;
    }
  }
  return lines;
}

}  // namespace caisson
