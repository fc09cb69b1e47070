// SPDX-License-Identifier: Apache-2.0
// The process around a guest, as the kernel has it: its pid, namespaces, user, rights and limits.
#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "conformance/checks/wasm.h"
#include "conformance/checks/wasm_support.h"
#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Ne;
using ::testing::Not;

constexpr std::uint64_t kCapKill = 1u << 5;

// --- whose pid it is -----------------------------------------------------------------------------

void ThePidIsTheGuests(CheckContext& check) {
  const CreateOptions options = WithSpec([](nlohmann::json& spec) {
    spec["linux"]["namespaces"].push_back({{"type", "network"}});
  });
  const Task task = check.Run(Program("pause.wasm", "--ready"), options);
  check.ASSERT_THAT(task.stdio().AwaitOutput("ready"), Eq(true), {.code = why::kOutputLost});
  const pid_t shim = task.shim().pid();
  check.ASSERT_THAT(task.pid(), Ne(shim),
                    {.text = "the pid of a task is not its shim's", .code = why::kProcessState});
  check.ASSERT_THAT(check.World().Find(task.pid()).has_value(), Eq(true),
                    {.text = "there is a process of that pid", .code = why::kProcessState});
  // What network plug-ins are given is /proc/PID/ns/net.
  for (const char* kind : {"net", "pid", "mnt", "ipc", "uts"}) {
    const std::string link = check.World().NamespaceLink(task.pid(), kind);
    check.EXPECT_THAT(link, Not(IsEmpty()), {.code = why::kProcessState});
    check.EXPECT_THAT(link, Ne(check.World().NamespaceLink(shim, kind)),
                      {.text = absl::StrCat("namespace ", kind,
                                            " of the task's process, which the "
                                            "spec asks for"),
                       .code = why::kProcessState});
  }
}

// --- user, rights, limits ------------------------------------------------------------------------

// A line of /proc/PID/status or limits, without its name.
std::string Field(const std::string& text, absl::string_view name) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::ConsumePrefix(&line, name)) return std::string(absl::StripAsciiWhitespace(line));
  }
  return "";
}

std::uint64_t Mask(const std::string& status, absl::string_view name) {
  std::uint64_t mask = 0;
  return absl::SimpleHexAtoi(Field(status, name), &mask) ? mask : ~std::uint64_t{0};
}

using Edit = void (*)(nlohmann::json& spec);

// The guest runs with what `edit` asks for: then `judge` looks at its process. Or Create refuses,
// and its message names one of `names`.
template <typename Judge>
void GrantsOrNames(CheckContext& check, Edit edit, const std::vector<std::string>& names,
                   Judge judge) {
  const Task task = check.TryCreate(Program("pause.wasm", "--ready"), WithSpec(edit));
  if (!task.create_status().ok()) {
    const std::string message(absl::AsciiStrToLower(task.create_status().message()));
    bool named = false;
    for (const std::string& name : names) named |= message.find(name) != std::string::npos;
    check.EXPECT_THAT(named, Eq(true),
                      {.text = absl::StrCat("a refusal names what is not granted: ", message)});
    check.Note("refused: " + names.front());
    return ExpectRunsModules(check);
  }
  check.Require(task.Start());
  check.ASSERT_THAT(task.stdio().AwaitOutput("ready"), Eq(true), {.code = why::kOutputLost});
  judge(task.pid(), check.World().ReadProc(task.pid(), "status"));
}

void UserIsTheSpecs(CheckContext& check) {
  GrantsOrNames(
      check,
      [](nlohmann::json& spec) {
        spec["process"]["user"] = {{"uid", 1234}, {"gid", 2345}, {"additionalGids", {10, 20}}};
      },
      {"user", "uid", "gid"},
      [&check](pid_t /*pid*/, const std::string& status) {
        check.EXPECT_THAT(Field(status, "Uid:"), Eq("1234\t1234\t1234\t1234"),
                          {.text = "users of the guest's process", .code = why::kProcessState});
        check.EXPECT_THAT(Field(status, "Gid:"), Eq("2345\t2345\t2345\t2345"),
                          {.text = "groups of the guest's process", .code = why::kProcessState});
        check.EXPECT_THAT(Field(status, "Groups:"), Eq("10 20"),
                          {.text = "additional groups", .code = why::kProcessState});
      });
}

void RightsAreTheSpecs(CheckContext& check) {
  GrantsOrNames(
      check,
      [](nlohmann::json& spec) {
        const nlohmann::json only_kill = {"CAP_KILL"};
        spec["process"]["capabilities"] = {
            {"bounding", only_kill}, {"effective", only_kill}, {"permitted", only_kill}};
        spec["process"]["noNewPrivileges"] = true;
      },
      {"capabilit", "privilege"},
      [&check](pid_t /*pid*/, const std::string& status) {
        check.EXPECT_THAT(Mask(status, "CapBnd:"), Eq(kCapKill),
                          {.text = "bounding capabilities", .code = why::kProcessState});
        for (const char* set : {"CapEff:", "CapPrm:", "CapInh:", "CapAmb:"}) {
          check.EXPECT_THAT(Mask(status, set) & ~kCapKill, Eq(0u),
                            {.text = absl::StrCat(set, " has more than the spec grants"),
                             .code = why::kProcessState});
        }
        check.EXPECT_THAT(Field(status, "NoNewPrivs:"), Eq("1"),
                          {.text = "no_new_privs", .code = why::kProcessState});
      });
}

void FilterIsTheSpecs(CheckContext& check) {
  GrantsOrNames(
      check,
      [](nlohmann::json& spec) {
        spec["linux"]["seccomp"] = {
            {"defaultAction", "SCMP_ACT_ALLOW"},
            {"syscalls", {{{"names", {"kexec_load", "add_key"}}, {"action", "SCMP_ACT_ERRNO"}}}}};
      },
      {"seccomp"},
      [&check](pid_t /*pid*/, const std::string& status) {
        check.EXPECT_THAT(Field(status, "Seccomp:"), Eq("2"),
                          {.text = "a seccomp filter is in force", .code = why::kProcessState});
      });
}

void LimitsAreTheSpecs(CheckContext& check) {
  GrantsOrNames(
      check,
      [](nlohmann::json& spec) {
        spec["process"]["rlimits"] = {{{"type", "RLIMIT_NOFILE"}, {"soft", 321}, {"hard", 654}}};
        spec["process"]["oomScoreAdj"] = 100;
      },
      {"limit", "oom"},
      [&check](pid_t pid, const std::string& /*status*/) {
        check.EXPECT_THAT(Field(check.World().ReadProc(pid, "limits"), "Max open files"),
                          MatchesRegex("321 +654 +files"),
                          {.text = "RLIMIT_NOFILE", .code = why::kProcessState});
        check.EXPECT_THAT(check.World().ReadProc(pid, "oom_score_adj"), Eq("100\n"),
                          {.text = "oom_score_adj", .code = why::kProcessState});
      });
}

}  // namespace

void AddWasmProcessChecks(std::vector<Check>& checks) {
  const Needs contained = Need::kWasm | Need::kNamespaces;
  const HostNeeds ids = ToHostNeeds(HostNeed::kManyIds);
  const std::vector<Check> rows = {
      {.id = "wasm/the-pid-is-that-of-a-process-in-the-container",
       .requirements = {"WASM-21", "CREATE-05"},
       .needs = contained,
       .run = ThePidIsTheGuests},
      {.id = "wasm/the-process-has-the-specs-user",
       .requirements = {"WASM-29"},
       .needs = contained,
       .host = ids,
       .run = UserIsTheSpecs},
      {.id = "wasm/the-process-has-the-specs-rights",
       .requirements = {"WASM-29"},
       .needs = contained,
       .run = RightsAreTheSpecs},
      {.id = "wasm/the-process-has-the-specs-filter",
       .requirements = {"WASM-29"},
       .needs = contained,
       .run = FilterIsTheSpecs},
      {.id = "wasm/the-process-has-the-specs-limits",
       .requirements = {"WASM-29"},
       .needs = contained,
       .run = LimitsAreTheSpecs},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
