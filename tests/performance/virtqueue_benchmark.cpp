// SPDX-License-Identifier: Apache-2.0
// What one pop and push of a virtqueue cost, and that they allocate nothing in steady state.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <new>

#include "tests/support/virtio/fake_driver.h"

namespace {

size_t allocations = 0;

using namespace caisson;

// The rings are filled once; each round only raises the driver's index, so that the device's side is what is
// timed.
void pop_and_push(benchmark::State& state, bool is_indirect) {
  const auto parts = static_cast<size_t>(state.range(0));
  test::FakeMemory memory;
  test::FakeDriver driver(memory, {.size = 256, .event_index = true, .indirect = true});
  vmm::VirtQueue queue = driver.device_queue();
  const uint64_t buffer = memory.allocate(parts * 64);
  auto chain = driver.chain();
  for (size_t i = 0; i < parts; ++i) {
    chain.in_at(buffer + i * 64, 32);  // apart, so that none are joined
  }
  const uint16_t head = is_indirect ? chain.submit_indirect() : chain.submit();
  queue.push(std::move(*queue.pop().value()), 0);
  const size_t before = allocations;
  for (auto _ : state) {
    driver.make_available(head);
    std::optional<vmm::Chain> popped = *queue.pop();
    benchmark::DoNotOptimize(popped->writable().data());
    queue.push(std::move(*popped), 0);
    queue.notify();
  }
  state.counters["allocations"] = static_cast<double>(allocations - before);
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}

void direct(benchmark::State& state) {
  pop_and_push(state, false);
}
void indirect(benchmark::State& state) {
  pop_and_push(state, true);
}

BENCHMARK(direct)->Arg(1)->Arg(3)->Arg(64);
BENCHMARK(indirect)->Arg(3)->Arg(256);

}  // namespace

void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) {
    return memory;
  }
  throw std::bad_alloc();
}
// Not inlined: beside an operator new that was not, GCC would take the two for another's and ours.
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}
