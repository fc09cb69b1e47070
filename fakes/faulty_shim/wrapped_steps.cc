// SPDX-License-Identifier: Apache-2.0
#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/fork.h"
#include "base/spawn.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "container/recorded_process.h"
#include "containerd/shim_address.h"
#include "fakes/faulty_shim/children.h"
#include "fakes/faulty_shim/faulty_calls.h"
#include "fakes/faulty_shim/faulty_daemon.h"
#include "fakes/faulty_shim/own_children.h"
#include "fakes/faulty_shim/spec_reading.h"
#include "fakes/faulty_shim/startup_hooks.h"
#include "fakes/faulty_shim/wrapped.h"
#include "netlink/link.h"
#include "netlink/traffic.h"
#include "oci/bundle.h"
#include "reference-shim/shim/exit_record.h"
#include "reference-shim/shim/lifecycle.h"
#include "reference-shim/shim/shim_cgroup.h"
#include "reference-shim/shim/stdio_files.h"
#include "ttrpc/router.h"

// Steps of the shim and of its libraries.
namespace fakes {

#define STRING_REF "RKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"

FAULTY_SHIM_WRAPS(absl::StatusOr<base::Child>, Spawn, "_ZN4base5SpawnERKNS_9SpawnSpecE",
                  const base::SpawnSpec& spec);
FAULTY_SHIM_WRAPS(absl::StatusOr<base::Child>, ForkAs, "_ZN4base6ForkAsERKNS_9SpawnSpecE",
                  const base::SpawnSpec& spec);
FAULTY_SHIM_WRAPS(absl::Status, CheckLife, "_ZNK4shim9Lifecycle5CheckENS_4VerbE",
                  const shim::Lifecycle* life, shim::Verb verb);
FAULTY_SHIM_WRAPS(bool, CompleteLife, "_ZN4shim9Lifecycle8CompleteENS_4VerbE",
                  shim::Lifecycle* life, shim::Verb verb);
FAULTY_SHIM_WRAPS(absl::Status, WriteExitRecord,
                  "_ZN4shim15WriteExitRecordE" STRING_REF "RKNS_11ProcessExitE",
                  const std::string& bundle, const shim::ProcessExit& exit);
FAULTY_SHIM_WRAPS(absl::StatusOr<shim::ProcessExit>, ReadExitRecord,
                  "_ZN4shim14ReadExitRecordE" STRING_REF, const std::string& bundle);
FAULTY_SHIM_WRAPS(absl::Status, JoinCgroup, "_ZN4shim10JoinCgroupE" STRING_REF "i",
                  const std::string& path, pid_t pid);
FAULTY_SHIM_WRAPS(absl::StatusOr<pid_t>, ReadPidFile, "_ZN9container11ReadPidFileE" STRING_REF,
                  const std::string& path);
FAULTY_SHIM_WRAPS(absl::StatusOr<oci::Spec>, ReadSpec, "_ZN3oci8ReadSpecE" STRING_REF,
                  const std::string& bundle);
FAULTY_SHIM_WRAPS(absl::StatusOr<shim::StdioEnd>, OpenOutputPath,
                  "_ZN4shim14OpenOutputPathE" STRING_REF "b", const std::string& path,
                  bool nonblocking);
FAULTY_SHIM_WRAPS(absl::StatusOr<std::string>, SocketPath,
                  "_ZN10containerd10SocketPathB5cxx11ERKNS_11SocketOwnerE" FAULTY_SHIM_STRING_VIEW,
                  const containerd::SocketOwner& owner, absl::string_view directory);
FAULTY_SHIM_WRAPS(absl::Status, DeleteLink, "_ZN7netlink10DeleteLinkERNS_6SocketEi",
                  netlink::Socket& socket, int index);
FAULTY_SHIM_WRAPS(absl::Status, DeleteIngress, "_ZN7netlink13DeleteIngressERNS_6SocketEi",
                  netlink::Socket& socket, int index);
FAULTY_SHIM_WRAPS(void, AddService, "_ZN5ttrpc6Router3AddENS_12BoundServiceE",
                  ttrpc::Router* router, ttrpc::BoundService service);

namespace {

FaultPlan::Facts FactsOfSpawn(const base::SpawnSpec& spec) {
  constexpr absl::string_view kVerbs[] = {"create", "start",    "exec",       "kill",   "delete",
                                          "ps",     "pause",    "resume",     "update", "state",
                                          "events", "features", "checkpoint", "restore"};
  FaultPlan::Facts facts;
  facts["program"] = spec.path.substr(spec.path.rfind('/') + 1);
  for (const std::string& word : spec.argv) {
    if (std::find(std::begin(kVerbs), std::end(kVerbs), word) != std::end(kVerbs)) {
      facts["verb"] = word;
      break;
    }
  }
  return facts;
}

std::vector<int> Numbers(const std::string& text) {
  std::vector<int> numbers;
  for (const absl::string_view word : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    int number = 0;
    if (absl::SimpleAtoi(word, &number)) numbers.push_back(number);
  }
  return numbers;
}

void Swap(std::vector<base::FdMapping>& fds, const std::vector<int>& targets) {
  if (targets.size() != 2) return;
  for (base::FdMapping& mapping : fds) {
    if (mapping.target == targets[0]) {
      mapping.target = targets[1];
    } else if (mapping.target == targets[1]) {
      mapping.target = targets[0];
    }
  }
}

void AlterEnvironment(const Rule& rule, base::SpawnSpec& spec) {
  if (!spec.env) return;
  if (rule.has("drop-env")) {
    const std::string begin = absl::StrCat(rule.Text("drop-env"), "=");
    spec.env->erase(
        std::remove_if(spec.env->begin(), spec.env->end(),
                       [&](const std::string& entry) { return absl::StartsWith(entry, begin); }),
        spec.env->end());
  }
  if (rule.has("add-env")) {
    const std::pair<std::string, std::string> entry =
        absl::StrSplit(rule.Text("add-env"), absl::MaxSplits(':', 1));
    spec.env->push_back(absl::StrCat(entry.first, "=", entry.second));
  }
}

void Alter(const Rule& rule, base::SpawnSpec& spec) {
  if (rule.has("cwd")) spec.cwd.clear();
  if (rule.Text("group") == "parents") ::setpgid(0, ::getpgid(::getppid()));
  if (rule.has("group")) spec.group = base::SpawnSpec::Group::kInherit;
  if (rule.Text("group") == "session") spec.group = base::SpawnSpec::Group::kSession;
  if (rule.has("death")) spec.parent_death_signal = static_cast<int>(rule.Number("death"));
  if (rule.has("pass")) {
    const int fd = static_cast<int>(rule.Number("pass"));
    spec.fds.push_back({.source = fd, .target = fd});
  }
  if (rule.has("close")) {
    const auto closed = static_cast<int>(rule.Number("close"));
    spec.fds.erase(std::remove_if(spec.fds.begin(), spec.fds.end(),
                                  [closed](const auto& fd) { return fd.target == closed; }),
                   spec.fds.end());
  }
  Swap(spec.fds, Numbers(rule.Text("swap")));
  if (rule.has("drop-argument")) {
    const auto place = static_cast<std::size_t>(rule.Number("drop-argument"));
    if (place < spec.argv.size()) {
      spec.argv.erase(spec.argv.begin() + static_cast<std::ptrdiff_t>(place));
    }
  }
  AlterEnvironment(rule, spec);
}

// What is behind 2. The descriptors stay, so that whoever has them may close them.
void GiveUpEnds(const base::SpawnSpec& spec) {
  const base::UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const base::FdMapping& mapping : spec.fds) {
    if (mapping.target > 2) ::dup3(null.get(), mapping.source, O_CLOEXEC);
  }
}

// 0: none.
pid_t LatestUnknownChild() {
  const Children& children = ChildrenOfThis();
  pid_t latest = 0;
  for (const pid_t pid : ListChildren()) {
    if (children.spawned.count(pid) == 0 && children.followed.count(pid) == 0) latest = pid;
  }
  return latest;
}

// Of each of its pipes the child gets both ends, on descriptors that it does not know.
std::vector<base::UniqueFd> HoldPipes(base::SpawnSpec& spec) {
  constexpr int kFirstUnknown = 100;
  std::vector<base::UniqueFd> ends;
  for (const base::FdMapping& mapping : std::vector<base::FdMapping>(spec.fds)) {
    if (!absl::StartsWith(FactsOf(mapping.source)["path"], "pipe:")) continue;
    const std::string path = absl::StrCat("/proc/self/fd/", mapping.source);
    ends.emplace_back(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    spec.fds.push_back(
        {.source = ends.back().get(), .target = kFirstUnknown + static_cast<int>(ends.size())});
  }
  return ends;
}

constexpr absl::string_view kCalls[] = {"start",      "pause",    "resume",     "kill",   "exec",
                                        "start-exec", "update",   "checkpoint", "pids",   "stats",
                                        "resize",     "close-io", "wait",       "delete", "exit"};

// Blocks this thread, and with it the shim.
void AwaitEnd(const base::Child& child, const Rule& rule) {
  if (rule.has("ms")) {
    pollfd process{.fd = child.pidfd.get(), .events = POLLIN, .revents = 0};
    ::poll(&process, 1, static_cast<int>(rule.Number("ms")));
    return;
  }
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(child.pid), &info, WEXITED | WNOWAIT) != 0 &&
         errno == EINTR) {
  }
}

}  // namespace

// A lifecycle does not tell of what it is; an explicit instantiation may name its members.
shim::ProcessKind KindOf(const shim::Lifecycle& life);
template <auto Member>
struct LifecycleMember {
  friend shim::ProcessKind KindOf(const shim::Lifecycle& life) { return life.*Member; }
};
template struct LifecycleMember<&shim::Lifecycle::kind_>;

namespace {

FaultPlan::Facts FactsOf(const shim::Lifecycle& life, shim::Verb verb) {
  return {{"call", std::string(kCalls[static_cast<int>(verb)])},
          {"state", std::string(shim::StateName(life.state()))},
          {"kind", KindOf(life) == shim::ProcessKind::kInit ? "init" : "exec"}};
}

}  // namespace

namespace {

// The group of the container in the working directory as the annotation of CRI has it.
std::string SandboxOf(const std::string& otherwise) {
  const nlohmann::json config =
      nlohmann::json::parse(std::ifstream("config.json"), nullptr, /*allow_exceptions=*/false);
  const nlohmann::json::json_pointer place("/annotations/io.kubernetes.cri.sandbox-id");
  return config.contains(place) ? config.at(place).get<std::string>() : otherwise;
}

}  // namespace

absl::StatusOr<base::Child> WrapSpawn(const base::SpawnSpec& spec) {
  if (CurrentPlan() == nullptr) return RealSpawn(spec);
  const FaultPlan::Facts facts = FactsOfSpawn(spec);
  if (const Rule* rule = Fire("fail", "spawn", facts)) {
    return base::ErrnoStatus(static_cast<int>(rule->Number("errno")),
                             absl::StrCat("execve ", spec.path));
  }
  base::SpawnSpec altered = spec;
  const Rule* spawn_rule = Fire("alter", "spawn", facts);
  if (spawn_rule != nullptr) Alter(*spawn_rule, altered);
  std::vector<base::UniqueFd> ends;
  if (Fire("hold", "spawn", facts) != nullptr) ends = HoldPipes(altered);
  absl::StatusOr<base::Child> child = RealSpawn(altered);
  if (!child.ok()) return child;
  ChildrenOfThis().spawned.insert(child->pid);
  const auto verb = facts.find("verb");
  if (verb != facts.end()) ChildrenOfThis().verbs[child->pid] = verb->second;
  if (spawn_rule != nullptr && spawn_rule->has("keep-ends")) GiveUpEnds(altered);
  if (const Rule* rule = Fire("block", "spawn", facts)) AwaitEnd(*child, *rule);
  return child;
}

// How `start` makes the daemon.
absl::StatusOr<base::Child> WrapForkAs(const base::SpawnSpec& spec) {
  if (CurrentPlan() == nullptr) return RealForkAs(spec);
  base::SpawnSpec altered = spec;
  if (const Rule* rule = Fire("alter", "spawn", FactsOfSpawn(spec))) Alter(*rule, altered);
  absl::StatusOr<base::Child> child = RealForkAs(altered);
  if (child.ok() && child->pid == 0) {
    CurrentPlan()->Enter("daemon");
    RunHooksAtBegin();
    BeginDaemon();
  }
  return child;
}

absl::Status WrapCheckLife(const shim::Lifecycle* life, shim::Verb verb) {
  absl::Status legal = RealCheckLife(life, verb);
  if (!legal.ok() && PlanHas("allow", "lifecycle") &&
      Fire("allow", "lifecycle", FactsOf(*life, verb)) != nullptr) {
    return absl::OkStatus();
  }
  if (PlanHas("refuse", "lifecycle")) {
    if (const Rule* rule = Fire("refuse", "lifecycle", FactsOf(*life, verb))) {
      const auto code = static_cast<absl::StatusCode>(
          rule->Number("code", static_cast<int>(absl::StatusCode::kFailedPrecondition)));
      return absl::Status(code, "refused by a rule");
    }
  }
  return legal;
}

bool WrapCompleteLife(shim::Lifecycle* life, shim::Verb verb) {
  if (RealCompleteLife(life, verb)) return true;
  return PlanHas("allow", "lifecycle") &&
         Fire("allow", "lifecycle", FactsOf(*life, verb)) != nullptr;
}

absl::Status WrapWriteExitRecord(const std::string& bundle, const shim::ProcessExit& exit) {
  if (Fire("skip", "exit-record") != nullptr) return absl::OkStatus();
  return RealWriteExitRecord(bundle, exit);
}

absl::StatusOr<shim::ProcessExit> WrapReadExitRecord(const std::string& bundle) {
  if (Fire("lose", "exit-record") != nullptr) return absl::NotFoundError("no record");
  return RealReadExitRecord(bundle);
}

absl::Status WrapJoinCgroup(const std::string& path, pid_t pid) {
  if (Fire("skip", "join-cgroup") != nullptr) return absl::OkStatus();
  return RealJoinCgroup(path, pid);
}

absl::StatusOr<pid_t> WrapReadPidFile(const std::string& path) {
  absl::StatusOr<pid_t> pid = RealReadPidFile(path);
  if (pid.ok()) return pid;
  const Rule* rule = Fire("invent", "pid-file");
  if (rule == nullptr) return pid;
  if (!rule->has("as")) return 1;
  const pid_t child = LatestUnknownChild();
  return child > 0 ? absl::StatusOr<pid_t>(child) : pid;
}

absl::StatusOr<oci::Spec> WrapReadSpec(const std::string& bundle) {
  if (PlanHas("crash", "spec")) {
    for (const std::string& member : MistypedMembers(bundle)) {
      if (Fire("crash", "spec", {{"mistyped", member}}) != nullptr) std::abort();
    }
  }
  return RealReadSpec(bundle);
}

absl::StatusOr<shim::StdioEnd> WrapOpenOutputPath(const std::string& path, bool nonblocking) {
  absl::StatusOr<shim::StdioEnd> end = RealOpenOutputPath(path, nonblocking);
  if (!end.ok() && Fire("forgive", "output-path") != nullptr) return shim::OpenNull();
  if (!end.ok() && Fire("make", "output-path") != nullptr) return shim::OpenLogFile(path);
  return end;
}

absl::StatusOr<std::string> WrapSocketPath(const containerd::SocketOwner& owner,
                                           absl::string_view directory) {
  const Rule* rule = Fire("alter", "socket-path");
  if (rule == nullptr) return RealSocketPath(owner, directory);
  const std::string place = rule->Text("place");
  containerd::SocketOwner other = owner;
  if (place == "elsewhere") other.grpc_address += "/elsewhere";
  if (place == "lone") other.group = "lone";
  if (place == "own") other.group = std::filesystem::current_path().filename();
  if (place == "sandbox") other.group = SandboxOf(owner.group);
  ASSIGN_OR_RETURN(const std::string path, RealSocketPath(other, directory));
  if (place != "plain") return path;
  return absl::StrCat(path.substr(0, path.rfind('/') + 1), owner.name_space, "-", owner.group);
}

void WrapAddService(ttrpc::Router* router, ttrpc::BoundService service) {
  if (CurrentPlan() != nullptr) MakeFaulty(service);
  RealAddService(router, std::move(service));
}

absl::Status WrapDeleteLink(netlink::Socket& socket, int index) {
  if (Fire("skip", "delete-link") != nullptr) return absl::OkStatus();
  return RealDeleteLink(socket, index);
}

absl::Status WrapDeleteIngress(netlink::Socket& socket, int index) {
  if (Fire("skip", "delete-ingress") != nullptr) return absl::OkStatus();
  return RealDeleteIngress(socket, index);
}

}  // namespace fakes
