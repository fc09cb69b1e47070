// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/memory_trimmer.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "reference-shim/shim/limits.h"

namespace shim {
namespace {

// Drops whole pages between two addresses from this process; what backs them decides what they
// read as later.
void Drop(std::uintptr_t begin, std::uintptr_t end) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  begin = begin / page * page;
  end = end / page * page;
  // It can only be refused, for instance for the part of the stack that was never used.
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

// Below the frames that are alive nothing on the stack has a meaning any more. The kernel keeps
// other mappings at a distance of 1 MiB.
void DropDeadStack() {
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) - kStackKeepBytes;
  Drop(here - kStackTrimBytes, here);
}

// Segments of the program that are mapped read-only are clean pages of a file, in the page cache or
// read again. Not in debug builds: a debugger's breakpoints are private copies of such pages.
int DropReadOnlySegments([[maybe_unused]] dl_phdr_info* program, std::size_t, void*) {
#ifdef NDEBUG
  for (int i = 0; i < program->dlpi_phnum; ++i) {
    const auto& segment = program->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = program->dlpi_addr + segment.p_vaddr;
    Drop(begin, begin + segment.p_memsz);
  }
#endif
  return 1;  // the program itself comes first; its libraries, if any, are shared with others
}

}  // namespace

void MemoryTrimmer::Schedule() {
  if (std::exchange(scheduled_, true)) return;
  later_.Set(kTrimDelay, [this] {
    scheduled_ = false;
    ::malloc_trim(0);
    DropDeadStack();
    ::dl_iterate_phdr(&DropReadOnlySegments, nullptr);
  });
}

}  // namespace shim
