// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/wasm/cpu_features.h"

#include <absl/strings/str_cat.h>
#include <sys/auxv.h>
#include <sys/utsname.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace backends {
namespace {

#if defined(__x86_64__)
// The registers of a leaf that hold features and nothing that differs from core to core.
std::string Leaf(unsigned leaf, bool with_ebx) {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  if (__get_cpuid_count(leaf, 0, &eax, &ebx, &ecx, &edx) == 0) return "-";
  return absl::StrCat(absl::Hex(with_ebx ? ebx : 0), ".", absl::Hex(ecx), ".", absl::Hex(edx));
}

// Which of the registers the kernel saves: without that, a feature is there in name only.
std::string SavedState() {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  constexpr unsigned kOsxsave = 1U << 27;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || (ecx & kOsxsave) == 0) return "-";
  unsigned low = 0;
  unsigned high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return absl::StrCat(absl::Hex(low));
}

std::string Features() {
  return absl::StrCat(Leaf(1, false), ":", Leaf(7, true), ":", Leaf(0x80000001U, false), ":",
                      SavedState());
}
#else
std::string Features() {
  return absl::StrCat(absl::Hex(::getauxval(AT_HWCAP)), ":", absl::Hex(::getauxval(AT_HWCAP2)));
}
#endif

}  // namespace

std::string CpuFeatures() {
  utsname name = {};
  ::uname(&name);
  return absl::StrCat(name.machine, ":", Features());
}

}  // namespace backends
