// SPDX-License-Identifier: Apache-2.0
// What load_linux() leaves in guest memory: kernel, initramfs, boot parameters, device tree, page tables.
#include "vmm/boot/linux.h"

#include <asm/bootparam.h>
#include <gmock/gmock.h>
#include <libfdt.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/vmm/boot/elf_image.h"
#include "vmm/boot/layout.h"

namespace caisson::vmm {
namespace {

using ::testing::HasSubstr;

constexpr size_t kMiB = size_t{1} << 20;

// A file without a name that open() can open.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::span<const std::byte> bytes) : fd_(::memfd_create("test", 0)) {
    EXPECT_EQ(::write(fd_.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd_.get()); }

 private:
  UniqueFd fd_;
};

std::vector<std::byte> pattern(size_t size) {
  std::vector<std::byte> bytes(size);
  for (size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::byte>(i * 13);
  }
  return bytes;
}

// setup_data without its flexible array.
struct SetupData {
  uint64_t next;
  uint32_t type;
  uint32_t length;
};

std::vector<std::byte> bytes_at(const GuestMemory& memory, uint64_t address, size_t size) {
  const auto span = memory.span(GuestAddress{address}, size).value();
  return {span.begin(), span.end()};
}

class LoadLinux : public ::testing::Test {
 protected:
  Result<GuestAddress> load() {
    return load_linux(
        memory_, LinuxFiles::open(kernel_.path(), initramfs_.path()).value(),
        {.command_line = "quiet one=1", .cpus = 2, .devices = {{layout::kVirtioMmio, 0x1000, 5}}});
  }
  boot_params params() const { return memory_.load<boot_params>(layout::kBootParams).value(); }

  GuestMemory memory_ = GuestMemory::create(64 * kMiB).value();
  std::vector<std::byte> kernel_bytes_ = test::ElfFile().bytes();
  TemporaryFile kernel_{kernel_bytes_};
  std::vector<std::byte> initramfs_bytes_ = pattern(10'000);
  TemporaryFile initramfs_{initramfs_bytes_};
};

TEST_F(LoadLinux, kernel_lies_at_its_addresses_with_zeros_behind) {
  const auto entry = load();
  ASSERT_TRUE(entry) << entry.error().message;
  EXPECT_EQ(to_u64(*entry), 0x100'0010U);
  EXPECT_EQ(bytes_at(memory_, 0x100'0000, 0x1000),
            std::vector(kernel_bytes_.begin() + 0x1000, kernel_bytes_.end()));
  EXPECT_EQ(bytes_at(memory_, 0x100'1000, 0x1000), std::vector<std::byte>(0x1000));
}

TEST_F(LoadLinux, segment_across_pages_lies_where_it_should) {
  test::ElfFile file;
  file.programs[0] = test::ElfFile::load(0x0f01, 0x100'0023, 0x1010, 0x1010);
  file.header.e_entry = 0x100'0023;
  kernel_bytes_ = file.bytes();
  const TemporaryFile kernel(kernel_bytes_);
  ASSERT_TRUE(load_linux(memory_, LinuxFiles::open(kernel.path(), "").value(),
                         {.command_line = "", .cpus = 1, .devices = {}}));
  EXPECT_EQ(bytes_at(memory_, 0x100'0023, 0x1010),
            std::vector(kernel_bytes_.begin() + 0x0f01, kernel_bytes_.begin() + 0x1f11));
}

TEST_F(LoadLinux, initramfs_ends_at_the_top_of_memory_on_a_page) {
  ASSERT_TRUE(load());
  const boot_params zero_page = params();
  EXPECT_EQ(zero_page.hdr.ramdisk_size, 10'000U);
  EXPECT_EQ(zero_page.hdr.ramdisk_image, 64 * kMiB - 3 * 4096);
  EXPECT_EQ(bytes_at(memory_, zero_page.hdr.ramdisk_image, 10'000), initramfs_bytes_);
}

TEST_F(LoadLinux, boot_parameters_are_what_the_protocol_wants) {
  ASSERT_TRUE(load());
  const boot_params zero_page = params();
  EXPECT_EQ(zero_page.sentinel, 0);
  EXPECT_EQ(zero_page.hdr.boot_flag, 0xaa55);
  EXPECT_EQ(zero_page.hdr.header, 0x53726448U);
  EXPECT_EQ(zero_page.hdr.type_of_loader, 0xff);
  const auto line = bytes_at(memory_, zero_page.hdr.cmd_line_ptr, 12);
  EXPECT_STREQ(reinterpret_cast<const char*>(line.data()), "quiet one=1");
}

TEST_F(LoadLinux, e820_map_leaves_the_firmware_hole_out) {
  ASSERT_TRUE(load());
  const boot_params zero_page = params();
  ASSERT_EQ(zero_page.e820_entries, 2);
  EXPECT_EQ(zero_page.e820_table[0].addr, 0U);
  EXPECT_EQ(zero_page.e820_table[0].size, 0x9'fc00U);
  EXPECT_EQ(zero_page.e820_table[1].addr, 0x10'0000U);
  EXPECT_EQ(zero_page.e820_table[1].addr + zero_page.e820_table[1].size, 64 * kMiB);
}

TEST_F(LoadLinux, setup_data_is_a_device_tree_then_a_seed) {
  ASSERT_TRUE(load());
  const auto tree = memory_.load<SetupData>(GuestAddress{params().hdr.setup_data}).value();
  EXPECT_EQ(tree.type, uint32_t{SETUP_DTB});
  const auto blob = bytes_at(memory_, params().hdr.setup_data + 16, tree.length);
  EXPECT_EQ(fdt_check_full(blob.data(), blob.size()), 0);
  const auto seed = memory_.load<SetupData>(GuestAddress{tree.next}).value();
  EXPECT_EQ(seed.type, uint32_t{SETUP_RNG_SEED});
  EXPECT_EQ(seed.length, 32U);
  EXPECT_EQ(seed.next, 0U);
  const auto first = bytes_at(memory_, tree.next + 16, 32);
  EXPECT_NE(first, std::vector<std::byte>(32));
  ASSERT_TRUE(load());
  EXPECT_NE(bytes_at(memory_, tree.next + 16, 32), first);
}

TEST_F(LoadLinux, page_tables_map_the_first_gib_to_itself) {
  ASSERT_TRUE(load());
  const auto entry_at = [this](uint64_t table, uint64_t index) {
    return memory_.load<uint64_t>(GuestAddress{(table & ~uint64_t{0xfff}) + 8 * index}).value();
  };
  for (const uint64_t address : {uint64_t{0}, uint64_t{0x100'0010}, uint64_t{0x3fff'ffff}}) {
    const uint64_t gigabyte = entry_at(entry_at(to_u64(layout::kPageTables), address >> 39), address >> 30);
    const uint64_t page = entry_at(gigabyte, (address >> 21) & 511);
    EXPECT_EQ(page & ~uint64_t{0xfff}, address & ~uint64_t{0x1f'ffff});
    EXPECT_EQ(page & 0x83, 0x83U);
  }
}

TEST_F(LoadLinux, kernel_larger_than_memory_is_refused_with_the_remedy) {
  memory_ = GuestMemory::create(8 * kMiB).value();
  const auto entry = load();
  ASSERT_FALSE(entry);
  EXPECT_THAT(entry.error().message, HasSubstr("give it more memory"));
}

TEST_F(LoadLinux, initramfs_that_does_not_fit_is_refused_with_the_remedy) {
  memory_ = GuestMemory::create(16 * kMiB + 12 * 1024).value();
  const auto entry = load();
  ASSERT_FALSE(entry);
  EXPECT_THAT(entry.error().message, HasSubstr("initramfs"));
  EXPECT_THAT(entry.error().message, HasSubstr("give it more memory"));
}

TEST_F(LoadLinux, command_line_longer_than_linux_takes_is_refused) {
  const auto entry = load_linux(memory_, LinuxFiles::open(kernel_.path(), "").value(),
                                {.command_line = std::string(2048, 'a'), .cpus = 1, .devices = {}});
  ASSERT_FALSE(entry);
  EXPECT_THAT(entry.error().message, HasSubstr("command line"));
}

TEST_F(LoadLinux, missing_kernel_is_refused_by_its_path) {
  const auto files = LinuxFiles::open("/no/kernel", "");
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().code, ENOENT);
  EXPECT_THAT(files.error().message, HasSubstr("/no/kernel"));
}

}  // namespace
}  // namespace caisson::vmm
