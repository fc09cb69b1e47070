// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

#include "oci/annotations.h"
#include "oci/process_json.h"
#include "oci/spec_parser.h"
#include "oci/spec_writer.h"

namespace {

void Demand(bool property) {
  if (!property) __builtin_trap();
}

// Texts kept raw change their layout when written; what is left is compared.
oci::Spec WithoutRawTexts(oci::Spec spec) {
  spec.linux.seccomp_json.clear();
  spec.linux.resources.other_json.clear();
  return spec;
}

}  // namespace

// A config.json, or the process of an Exec, from whoever made the bundle: readers agree on what is
// JSON, and what they accept survives being written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto spec = oci::ParseSpec(text); spec.ok()) {
    Demand(oci::ParseAnnotations(text).ok());
    if (const auto written = oci::WriteSpec(*spec); written.ok()) {
      const auto again = oci::ParseSpec(*written);
      Demand(again.ok() && WithoutRawTexts(*again) == WithoutRawTexts(*spec));
    }
  }
  if (const auto process = oci::ParseProcess(text); process.ok()) {
    const auto with_terminal = oci::WithTerminal(text, !process->terminal);
    Demand(with_terminal.ok());
    oci::Process expected = *process;
    expected.terminal = !expected.terminal;
    const auto again = oci::ParseProcess(*with_terminal);
    Demand(again.ok() && *again == expected);
  }
  return 0;
}
