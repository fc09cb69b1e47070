// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conformance/harness/check.h"
#include "conformance/harness/engine_choice.h"
#include "conformance/harness/run_info.h"

namespace conformance {

// What matters about a machine, as read from it. Separate from the findings so that these can be
// proven without such a machine.
struct MachineFacts {
  HostInfo host;
  EngineChoice engine;
  bool engine_installed = true;
  bool caller_is_root = false;
  std::uint32_t caller_uid = 0;
  std::optional<std::int64_t> max_user_namespaces;           // nullopt: this kernel has none
  std::optional<std::int64_t> unprivileged_user_namespaces;  // Debian's switch; nullopt: absent
  std::optional<std::int64_t> apparmor_restricts;            // Ubuntu's switch; nullopt: absent
  std::optional<std::int64_t> ptrace_scope;                  // Yama's; nullopt: absent
  std::vector<std::string> masked_proc;                      // paths below /proc that are hidden
  bool pidfds = false;
  std::int64_t free_memory_bytes = 0;  // worlds are made of it (tmpfs)
  bool subordinate_ids = false;
  // Programs found in PATH.
  bool runc = false;
  bool crun = false;
  bool containerd = false;
  bool criu = false;
};
// To be asked before EnterUserNamespace.
MachineFacts ReadMachineFacts(const HostInfo& host, const EngineChoice& engine);

// One thing about the machine.
struct Finding {
  enum class Grade {
    kGood,
    kNote,    // something cannot be judged, or will be seen less well
    kProblem  // nothing can be judged
  };
  Grade grade = Grade::kGood;
  std::string subject;              // "cgroups"
  std::string observed;             // one sentence
  std::string fix;                  // what to do about it; empty: nothing
  std::vector<std::string> checks;  // ids of those that are skipped because of it
};
const char* GradeName(Finding::Grade grade);  // "ok", "note", "problem"

// Everything worth knowing, in a fixed order. `checks` are those that would be run.
std::vector<Finding> Examine(const MachineFacts& facts, const std::vector<Check>& checks);

// How many of the findings are no good ones.
std::size_t CountNotes(const std::vector<Finding>& findings);

// For people, and as JSON {"schema", "fit", "findings": [...]}.
std::string FindingsText(const std::vector<Finding>& findings);
std::string FindingsJson(const std::vector<Finding>& findings);

}  // namespace conformance
