// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/engine_faults.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace conformance {
namespace {

// The parent of the `--root` that shims give their engine (CREATE-16).
constexpr char kEngineRoots[] = "/run/containerd/runc";

}  // namespace

EngineFaults::EngineFaults(CheckContext& check) : check_(check), file_(kEngineRoots) {
  const bool made = ::mkdir(kEngineRoots, 0711) == 0 || errno == EEXIST;
  check.ASSERT_THAT(made, ::testing::Eq(true), {.text = kEngineRoots, .code = why::kHarness});
}

std::string EngineFaults::Add(fakes::FaultRule rule) {
  return check_.Require(file_.Add(std::move(rule)), {.code = why::kHarness});
}

std::vector<fakes::FaultFiring> EngineFaults::Firings(const std::string& rule) const {
  return check_.Require(file_.Journal(rule), {.code = why::kHarness});
}

}  // namespace conformance
