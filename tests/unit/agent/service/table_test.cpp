// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <set>
#include <string>

#include "agent/service/calls.h"
#include "tests/support/source_directory.h"
#include "tests/unit/agent/service/agent_fixture.h"

namespace caisson::agent {
namespace {

// The names behind "rpc" in the contract.
std::set<std::string> calls_of_the_contract() {
  std::ifstream contract(std::string(test::kSourceDirectory) + "/protocol/agent/agent.proto");
  std::set<std::string> names;
  for (std::string line; std::getline(contract, line);) {
    if (line.starts_with("  rpc ")) {
      names.insert(line.substr(6, line.find('(') - 6));
    }
  }
  return names;
}

TEST_F(ServiceTest, every_call_of_the_contract_is_served_and_no_other) {
  const std::set<std::string> contract = calls_of_the_contract();
  EXPECT_GT(contract.size(), 10U);
  test::in_namespaces([&contract] {
    RunningAgent running;
    std::set<std::string> served;
    for (const auto& [name, call] : methods_of(running.agent())) {
      served.insert(name);
    }
    EXPECT_EQ(served, contract);
  });
}

}  // namespace
}  // namespace caisson::agent
