// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/wasm/wasm_record.h"

#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <cerrno>

#include "base/kernel_file.h"
#include "base/status_macros.h"
#include "reference-shim/shim/small_file.h"

namespace backends {
namespace {

constexpr unsigned kRecordMode = 0600;

std::string PathOf(const std::string& bundle) { return absl::StrCat(bundle, "/wasm.json"); }

}  // namespace

absl::Status SaveWasmRecord(const std::string& bundle, const stage::StagePlan& plan) {
  return shim::WriteFileAtomically(PathOf(bundle), WriteStagePlan(plan), kRecordMode);
}

absl::StatusOr<stage::StagePlan> LoadWasmRecord(const std::string& bundle) {
  ASSIGN_OR_RETURN(const std::string text, base::ReadKernelFile(PathOf(bundle)));
  return stage::ParseStagePlan(text);
}

bool HasWasmRecord(const std::string& bundle) {
  return ::access(PathOf(bundle).c_str(), F_OK) == 0;
}

bool RemoveWasmRecord(const std::string& bundle) {
  return ::unlink(PathOf(bundle).c_str()) == 0 || errno != ENOENT;
}

}  // namespace backends
