// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "conformance/checks/hook_plan.h"
#include "conformance/harness/check_context.h"

namespace conformance {

// The container's state as a hook reads it from its stdin (HOOK-02).
struct HookState {
  std::string oci_version;
  std::string id;
  std::string status;
  std::int64_t pid = 0;  // 0: not given
  std::string bundle;
  std::map<std::string, std::string> annotations;
};

// What one run of the fixture program hook_trace saw.
struct TraceLine {
  std::string name;
  pid_t pid = 0;  // in its own pid namespace
  std::string cwd;
  std::vector<std::string> argv;
  std::vector<std::string> env;
  std::map<std::string, std::string> namespaces;  // "mnt" -> "mnt:[4026...]"
  std::string input;                              // all of stdin
  std::optional<HookState> state;                 // `input`, when it is a JSON object
};

// What hooks did: a file to which each of them appends when it runs. The file lies at the same
// path inside containers and outside. Reads it whenever asked.
class HookTrace {
 public:
  explicit HookTrace(CheckContext& check, const std::string& name = "trace");

  [[nodiscard]] const std::string& path() const { return path_; }
  // A hook that appends a line called `name`.
  [[nodiscard]] Hook At(HookPoint point, const std::string& name) const;
  // One at each of `points`, named like the point in config.json.
  [[nodiscard]] std::vector<Hook> AtEach(const std::vector<HookPoint>& points) const;

  // In the order in which they ran.
  [[nodiscard]] std::vector<TraceLine> Lines() const;
  [[nodiscard]] std::vector<std::string> Names() const;
  // The first line of that name. None is a failed expectation that ends the check.
  [[nodiscard]] TraceLine Require(absl::string_view name) const;

 private:
  CheckContext& check_;
  const std::string path_;
};

}  // namespace conformance
