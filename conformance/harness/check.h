// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace conformance {

class CheckContext;

// The two ways a containerd speaks to `start` (VERS-01).
enum class Dialect { kLegacy, kParams };
const char* DialectName(Dialect dialect);

// From contract.md §0.2. kMay checks never fail a shim: they observe and note.
enum class Level { kMust, kShould, kMay };

// What a check needs beyond Create/Start/State/Wait/Kill/Delete. A need the profile does not claim
// skips the check, with the reason in the report.
enum class Need : std::uint32_t {
  kExec = 1u << 0,
  kPause = 1u << 1,
  kTerminal = 1u << 2,
  kUpdate = 1u << 3,
  kStats = 1u << 4,
  kGrouping = 1u << 5,    // shares one shim by annotation
  kFileUri = 1u << 6,     // file:// stdio
  kBinaryUri = 1u << 7,   // binary:// stdio
  kOciEngine = 1u << 8,   // drives an OCI engine (engine state, options.root, hooks)
  kNamespaces = 1u << 9,  // containers have namespaces, mounts, cgroups of their own
  kOomEvents = 1u << 10,
  kRootfsMounts = 1u << 11,  // mounts Create.rootfs
  kInfo = 1u << 12,          // answers -info
  kCheckpoint = 1u << 13,
  kHooks = 1u << 14,  // runs the hooks of config.json, itself or through its engine
  // The stand-in engine, whose verbs fail where a check says so. Nothing a shim could claim: the
  // run's engine decides.
  kFakeEngine = 1u << 15,
  kWasm = 1u << 16,     // runs WebAssembly modules of the rootfs, whatever else it runs
  kSandbox = 1u << 17,  // serves the Sandbox API (contract 9), whatever its sandboxes are
  kNetwork = 1u << 18,  // a machine of the shim has the network of its pod
};
using Needs = std::uint32_t;  // or-ed Need values
constexpr Needs operator|(Need a, Need b) { return static_cast<Needs>(a) | static_cast<Needs>(b); }
constexpr Needs operator|(Needs a, Need b) { return a | static_cast<Needs>(b); }

// The tag of checks that take a minute or more: they run only when they are asked for, by
// `tag:soak` or by their full id.
inline constexpr char kSoakTag[] = "soak";
constexpr Needs ToNeeds(Need need) { return static_cast<Needs>(need); }

// What a check needs from the machine, beyond a world of its own. A machine that does not offer it
// skips the check, with the reason in the report; `doctor` counts what that costs.
enum class HostNeed : std::uint32_t {
  kCgroups = 1u << 0,        // cgroups that can be made and limited
  kEngineCgroups = 1u << 1,  // cgroups, or an engine that pauses, updates, and finds all processes
                             // of a container without
  kManyIds = 1u << 2,        // users and groups besides root in the world
};
using HostNeeds = std::uint32_t;  // or-ed HostNeed values
constexpr HostNeeds operator|(HostNeed a, HostNeed b) {
  return static_cast<HostNeeds>(a) | static_cast<HostNeeds>(b);
}
constexpr HostNeeds operator|(HostNeeds a, HostNeed b) { return a | static_cast<HostNeeds>(b); }
constexpr HostNeeds ToHostNeeds(HostNeed need) { return static_cast<HostNeeds>(need); }

// A check is data: identity, what it judges, and a function that reads as the scenario does. Ids
// are `area/sentence-with-hyphens` and never change meaning; neither level nor position is part of
// an id. The area is the part before the slash.
struct Check {
  std::string id;
  std::vector<std::string>
      requirements;  // ids of contract.md; the first is the one in the headline
  Level level = Level::kMust;
  std::vector<std::string> tags;  // "race", "slow", "matrix", ...
  Needs needs = 0;
  HostNeeds host = 0;
  std::function<void(CheckContext&)> run;
  // In which dialect containerd speaks to `start` throughout this check. Unset: the newest that the
  // shim understands. Given: only for a shim that understands that one and a newer one, so that no
  // scenario runs twice in the same words.
  std::optional<Dialect> dialect = std::nullopt;
  // Calls go to the version of the Task service that the shim serves besides the one it announces;
  // only for a shim that serves both.
  bool other_task_version = false;
};

// Appends each of `rows`, followed by its double in the older dialect: the same scenario and rules,
// "-in-the-legacy-dialect" behind the id (VERS-01).
void AddInEachDialect(const std::vector<Check>& rows, std::vector<Check>& checks);
// The same with "-over-the-other-task-version" (VERS-05).
void AddOverEachTaskVersion(const std::vector<Check>& rows, std::vector<Check>& checks);

}  // namespace conformance
