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
struct Registers {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
};

Registers Ask(unsigned leaf) {
  Registers answer;
  __cpuid_count(leaf, 0, answer.eax, answer.ebx, answer.ecx, answer.edx);
  return answer;
}

// Which registers the kernel saves: without that, a feature is there in name only.
unsigned SavedState(const Registers& basic) {
  constexpr unsigned kOsxsave = 1U << 27;
  if ((basic.ecx & kOsxsave) == 0) return 0;
  unsigned low = 0;
  unsigned high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

// Of each answer what is the same on every core. Leaves 1 and 0x80000001 are on every x86-64.
std::string Features() {
  const Registers basic = Ask(1);
  const Registers structured = __get_cpuid_max(0, nullptr) < 7 ? Registers() : Ask(7);
  const Registers extended = Ask(0x80000001U);
  return absl::StrCat(absl::Hex(basic.ecx), ".", absl::Hex(basic.edx), ":",
                      absl::Hex(structured.ebx), ".", absl::Hex(structured.ecx), ".",
                      absl::Hex(structured.edx), ":", absl::Hex(extended.ecx), ".",
                      absl::Hex(extended.edx), ":", absl::Hex(SavedState(basic)));
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
