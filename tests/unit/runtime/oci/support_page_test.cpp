// SPDX-License-Identifier: Apache-2.0
// docs/oci-support.md says of every field what the parser's tables say. CAISSON_WRITE_DOCS=1 writes the page
// anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "runtime/oci/config.h"
#include "tests/support/source_directory.h"

namespace caisson::runtime::oci {
namespace {

const std::string kPage = std::string(test::kSourceDirectory) + "/docs/oci-support.md";
constexpr const char* kMarker = "| field | honoured | how |\n|---|---|---|\n";

const char* treatment_name(Treatment treatment) {
  switch (treatment) {
    case Treatment::guest:
      return "in the guest";
    case Treatment::host:
      return "on the host";
    case Treatment::both:
      return "in both";
    case Treatment::noted:
      return "noted";
    case Treatment::refused:
      return "refused";
  }
  return "?";
}

void write_rows(std::ostream& page, std::span<const Row> rows, const std::string& prefix) {
  for (const Row& row : rows) {
    const std::string path = prefix + std::string(row.name);
    page << "| `" << path << "` | " << treatment_name(row.treatment) << " | " << row.note << " |\n";
    if (row.children != nullptr) {
      write_rows(page, row.children(), path + ".");
    }
  }
}

std::string table() {
  std::ostringstream page;
  page << kMarker;
  write_rows(page, config_rows(), "");
  return page.str();
}

std::string read_page() {
  std::ifstream file(kPage);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(SupportPage, table_is_that_of_the_parser) {
  const std::string page = read_page();
  const size_t start = page.find(kMarker);
  ASSERT_NE(start, std::string::npos) << kPage << " has lost its table";
  if (std::getenv("CAISSON_WRITE_DOCS") != nullptr) {
    std::ofstream(kPage) << page.substr(0, start) << table();
    return;
  }
  EXPECT_EQ(page.substr(start), table()) << "run this test with CAISSON_WRITE_DOCS=1";
}

}  // namespace
}  // namespace caisson::runtime::oci
