// SPDX-License-Identifier: Apache-2.0
// Every bound of the file server, and every cache time, with its reason. Read by the server and its tables.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "vmm/fuse/wire.h"

namespace caisson::vmm::fs {

// LIMIT: Linux's PATH_MAX, NUL included: the longest symbolic link target.
inline constexpr size_t kMaxTarget = 4096;
// LIMIT: Linux's XATTR_SIZE_MAX and XATTR_LIST_MAX.
inline constexpr size_t kMaxXattr = 65536;

// LIMIT: 256 pages, the largest transfer the guest's kernel makes by default (fs.fuse.max_pages_limit).
inline constexpr uint32_t kMaxIoBytes = 1U << 20;
inline constexpr uint16_t kMaxIoPages = kMaxIoBytes / 4096;
// LIMIT: the contents in the answer to an OPEN. The guest's kernel leaves room for four pages at most.
inline constexpr uint64_t kMaxOpenBytes = 4 * 4096;
// LIMIT: the largest request that is copied whole: an extended attribute with its name and headers. Only
// WRITE is larger, and its payload is never copied.
inline constexpr size_t kMaxCopiedBytes = kMaxXattr + 2 * kMaxTarget;
// LIMIT: one request may not keep the others waiting for the copying of terabytes; the kernel asks again.
inline constexpr uint64_t kMaxCopyRangeBytes = 64U << 20;
// LIMIT: long positions in directories that have a short number, some 50 bytes each; beyond them, the
// listings of directories that are not open lose theirs, and then 32-bit programs fail in the largest
// directories.
inline constexpr size_t kMaxShortCookies = 1U << 18;
// LIMIT: what one READDIR asks of the host at a time; shared by all handles.
inline constexpr size_t kDirectoryBufferBytes = 32768;

// LIMIT: an inode and its dentry cost the guest's kernel more than 1 KiB, and the server about 300 bytes. So
// an honest guest cannot need more nodes than it has KiB of memory. A lying one costs the host less than a
// third of the memory that the guest has anyway.
inline constexpr uint64_t kGuestBytesPerNode = 1024;
inline constexpr size_t kMinNodes = 16384;
inline constexpr size_t kMaxNodes = 4U << 20;
// LIMIT: how far up a forgotten descriptor is searched for; a longer chain answers ESTALE. Also ends the loop
// that the remembered names can make when the host moves directories.
inline constexpr size_t kMaxDepth = 4096;

// LIMIT: locks that wait at once. Each takes a thread of caisson-vmm, and a page or two of its stack.
inline constexpr size_t kMaxLockWaiters = 64;
// LIMIT: owners of record locks. Each takes a descriptor of caisson-vmm. The guest's kernel takes ENOLCK from
// any server.
inline constexpr size_t kMaxLockOwners = 1024;

// LIMIT: files of callers that a guest has by their descriptors: 3 for each process whose streams are files,
// and what else it inherits. A guest that closes none has no more of them.
inline constexpr size_t kMaxServedFiles = 256;

// Descriptors that the guest's files cannot use up: for the rest of the process, and for served files.
inline constexpr size_t kReservedDescriptors = 256 + kMaxServedFiles;

// Chains served before the interrupt is raised and other events get their turn.
inline constexpr int kNotifyEvery = 16;
inline constexpr int kChainsPerTurn = 256;

// How long the guest may trust what it has seen. An exclusive export changes only by the guest's own hand,
// which its kernel sees; the bound is there for an engine that copies a file into a running container.
inline constexpr std::chrono::seconds kExclusiveTime{60};
// Shared exports: not at all. The guest's kernel asks again at each name and each look at a file, though not
// twice within one system call (guest-kernel/patches).
inline constexpr std::chrono::seconds kSharedTime{0};
// Two changes of a file within one tick of the host's clock leave the same times; 10 ms is the longest tick
// (HZ=100).
inline constexpr std::chrono::milliseconds kSettleTime{20};
// The synthetic root never changes.
inline constexpr std::chrono::seconds kRootTime{86400};

}  // namespace caisson::vmm::fs
