// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/hypervisor_need.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

namespace conformance {
namespace {

bool HasTag(const Check& check, const char* tag) {
  return std::find(check.tags.begin(), check.tags.end(), tag) != check.tags.end();
}

}  // namespace

bool HasFakeHypervisor(const Profile& profile) {
  const std::string& path = profile.hypervisor;
  return path.substr(path.rfind('/') + 1) == kFakeHypervisorName;
}

std::string WhyNoHypervisor(const Check& check, const Profile& profile) {
  const bool fails = HasTag(check, kHypervisorFaultsTag);
  if (!fails && !HasTag(check, kHypervisorTag)) return "";
  if (profile.hypervisor.empty()) return "the profile names no hypervisor";
  if (!fails || HasFakeHypervisor(profile)) return "";
  return absl::StrCat("the hypervisor is ", profile.hypervisor, ", not ", kFakeHypervisorName,
                      ": it cannot be made to fail");
}

}  // namespace conformance
