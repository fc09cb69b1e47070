// SPDX-License-Identifier: Apache-2.0
#include "conformance/requirements/sections.h"

namespace conformance {

void AddHookRequirements(std::vector<Requirement>& rows) {
  const std::vector<Requirement> section = {
      {"HOOK-01", Level::kMust,
       "Hooks of a point run one after another as listed; the points run in their fixed order.",
       "OCI runtime spec, config.md Hooks and runtime.md Lifecycle"},
      {"HOOK-02", Level::kMust,
       "A hook reads the whole state as JSON from its stdin: id, status, pid, bundle, annotations.",
       "OCI runtime spec, runtime.md State"},
      {"HOOK-03", Level::kMust,
       "A hook's path is absolute and its first argument is its argv[0], or else the path is.",
       "OCI runtime spec, config.md Hooks"},
      {"HOOK-04", Level::kMust, "A hook's environment is its `env`, no more and unaltered.",
       "OCI runtime spec, config.md Hooks"},
      {"HOOK-05", Level::kMust,
       "A timeout aborts the hook and counts as its failure; other calls are served meanwhile.",
       "OCI runtime spec, config.md Hooks"},
      {"HOOK-06", Level::kMust,
       "A hook fails by exit code, signal, absence or timeout, but not by leaving its stdin "
       "unread.",
       "OCI runtime spec, config.md Hooks"},
      {"HOOK-07", Level::kMust,
       "A hook that fails before the process runs fails Create or Start and undoes the container.",
       "OCI runtime spec, runtime.md Lifecycle"},
      {"HOOK-08", Level::kMust,
       "A failing poststop hook is a warning: the others run and Delete succeeds.",
       "OCI runtime spec, runtime.md Lifecycle"},
      {"HOOK-09", Level::kMay,
       "A failing poststart hook is a warning or a failed Start, as the runtime's policy says.",
       "OCI runtime spec 1.0 to 1.2, and later texts"},
      {"HOOK-10", Level::kMust,
       "Each hook runs once per container and step, with that container's id, pid and bundle.",
       "OCI runtime spec, runtime.md Lifecycle"},
      {"HOOK-11", Level::kShould,
       "A hook's output does not reach the container's streams, and a flood of it blocks nothing.",
       "OCI runtimes"},
      {"HOOK-12", Level::kShould,
       "A prestart or createRuntime hook can configure the network namespace of the container.",
       "network plug-ins"},
      {"HOOK-13", Level::kMust, "Absent and empty hooks, points and args are legal.",
       "OCI runtime spec, config.md Hooks"},
  };
  rows.insert(rows.end(), section.begin(), section.end());
}

}  // namespace conformance
