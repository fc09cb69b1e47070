// SPDX-License-Identifier: Apache-2.0
// Spec ablation: config.json without each of its optional members in turn, with members nobody
// knows, and with values of a wrong type. Nothing may crash; what is legal has to run.
#include <absl/strings/str_cat.h>

#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "conformance/checks/lifecycle_observation.h"
#include "conformance/checks/resources.h"
#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

using nlohmann::json;
using ::testing::Eq;
using ::testing::Ne;

// An optional member: where it is, and a value for specs that do not have it yet, as JSON text.
// Empty: the suite's specs have it, or its parent's value does.
struct OptionalMember {
  const char* pointer;
  const char* value;
};

const std::vector<OptionalMember> kOfTheProcess = {
    {"/process/terminal", "false"},
    {"/process/consoleSize", R"({"height": 24, "width": 80})"},
    {"/process/env", R"(["PATH=/bin"])"},
    {"/process/rlimits", R"([{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}])"},
    {"/process/noNewPrivileges", "true"},
    {"/process/oomScoreAdj", "100"},
    {"/process/user/umask", "18"},
    {"/process/capabilities/bounding", ""},
    {"/process/capabilities/effective", ""},
    {"/process/capabilities", ""},
};

const std::vector<OptionalMember> kOfTheContainer = {
    {"/hostname", R"("guest")"},
    {"/annotations", R"({"com.example.key": "value"})"},
    {"/hooks", "{}"},
    {"/root/readonly", "false"},
    {"/mounts/0/options", ""},
};

// Needs a cgroup.
constexpr char kPidsLimit[] = "/linux/resources/pids";

const std::vector<OptionalMember> kOfLinux = {
    {"/linux/maskedPaths", R"(["/proc/kcore"])"},
    {"/linux/readonlyPaths", R"(["/proc/bus"])"},
    {"/linux/devices", "[]"},
    {"/linux/sysctl", "{}"},
    {"/linux/rootfsPropagation", R"("rprivate")"},
    {"/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ALLOW"})"},
    {kPidsLimit, R"({"limit": 1000})"},
    {"/linux/resources/memory", "{}"},
    {"/linux/resources/cpu", "{}"},
    {"/linux/resources", ""},
    {"/linux/cgroupsPath", ""},
};

// A spec with every optional member above that this machine can grant.
json WithEverything(CheckContext& check, const std::string& config) {
  const bool limits = check.World().HasCgroups();
  json spec = json::parse(config, nullptr, /*allow_exceptions=*/false);
  for (const auto* members : {&kOfTheProcess, &kOfTheContainer, &kOfLinux}) {
    for (const OptionalMember& member : *members) {
      const json::json_pointer place(member.pointer);
      if (!limits && absl::string_view(member.pointer) == kPidsLimit) continue;
      if (*member.value != '\0' && !spec.contains(place)) spec[place] = json::parse(member.value);
    }
  }
  return spec;
}

void Remove(json& spec, const std::string& pointer) {
  const json::json_pointer place(pointer);
  if (spec.contains(place)) spec[place.parent_pointer()].erase(place.back());
}

using Edit = std::function<void(json& spec)>;

Task TryWith(CheckContext& check, ShimUnderTest& shim, const Edit& edit) {
  CreateOptions options;
  options.shim = &shim;
  options.bundle.edit = [&check, &edit](const std::string& config) {
    json spec = WithEverything(check, config);
    edit(spec);
    return spec.dump();
  };
  return check.TryCreate(Program("exit_code", "6"), options);
}

void ExpectRuns(CheckContext& check, ShimUnderTest& shim, const std::string& what,
                const Edit& edit) {
  const Task task = TryWith(check, shim, edit);
  check.EXPECT_THAT(task.create_status(), IsOk(), {.text = "Create " + what});
  if (!task.create_status().ok()) return ExpectAnswers(check, shim);
  check.EXPECT_THAT(task.Start(), IsOk(), {.text = "Start " + what});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(6)), {.text = "a container " + what});
  check.EXPECT_THAT(task.Delete(), IsOk(), {.text = "Delete " + what});
}

void ExpectRunsWithoutEach(CheckContext& check, const std::vector<OptionalMember>& members) {
  ShimUnderTest& shim = check.Shim();
  ExpectRuns(check, shim, "with every optional member", [](json&) {});
  for (const OptionalMember& member : members) {
    ExpectRuns(check, shim, absl::StrCat("without ", member.pointer),
               [&member](json& spec) { Remove(spec, member.pointer); });
  }
}

void RunsWithUnknownMembers(CheckContext& check) {
  ShimUnderTest& shim = check.Shim();
  for (const char* parent :
       {"", "/process", "/process/user", "/process/capabilities", "/root", "/mounts/0", "/linux",
        "/linux/resources", "/linux/namespaces/0", "/hooks"}) {
    ExpectRuns(check, shim, absl::StrCat("with an unknown member in \"", parent, "\""),
               [parent](json& spec) {
                 spec[json::json_pointer(parent)]["com.example.unknown"] = {{"deep", {1, nullptr}}};
               });
  }
}

// Not legal, so that only a clear answer is asked for: the container runs, or an error says why.
void ExpectSurvived(CheckContext& check, ShimUnderTest& shim, const std::string& what,
                    const Edit& edit) {
  const Task task = TryWith(check, shim, edit);
  absl::Status status = task.create_status();
  if (status.ok()) {
    status = task.Start().status();
    if (status.ok()) check.EXPECT_THAT(task.Wait(), IsOk(), {.text = "Wait for one " + what});
    check.EXPECT_THAT(task.Delete(), IsOk(), {.text = "Delete of one " + what});
  }
  check.EXPECT_THAT(status.ok() || !std::string(status.message()).empty(), Eq(true),
                    {.text = "an error with a message for a container " + what});
  ExpectAnswers(check, shim);
}

void SurvivesWithoutTheEssential(CheckContext& check) {
  ShimUnderTest& shim = check.Shim();
  for (const char* pointer :
       {"/ociVersion", "/process", "/process/args", "/process/cwd", "/process/user", "/root",
        "/root/path", "/mounts", "/mounts/0/type", "/mounts/0/source", "/mounts/0/destination"}) {
    ExpectSurvived(check, shim, absl::StrCat("without ", pointer),
                   [pointer](json& spec) { Remove(spec, pointer); });
  }
}

void SurvivesWrongTypes(CheckContext& check) {
  ShimUnderTest& shim = check.Shim();
  const json wrong[] = {nullptr, "text", -1, json::array(), json::object()};
  std::size_t next = 0;
  for (const char* pointer :
       {"/ociVersion", "/process", "/process/args", "/process/env", "/process/capabilities",
        "/process/rlimits", "/root", "/mounts", "/annotations", "/hooks", "/linux",
        "/linux/resources", "/linux/namespaces", "/linux/cgroupsPath"}) {
    // One wrong type each, in turn: the kinds of places are what differs.
    const json& value = wrong[next++ % std::size(wrong)];
    ExpectSurvived(check, shim, absl::StrCat("whose ", pointer, " is ", value.dump()),
                   [&](json& spec) { spec[json::json_pointer(pointer)] = value; });
  }
}

Check Row(const char* word, Level level, std::function<void(CheckContext&)> run) {
  return {.id = absl::StrCat("resources/", word),
          .requirements = {"UND-20"},
          .level = level,
          .tags = {"matrix"},
          .needs = Need::kGrouping | Need::kNamespaces,
          .run = std::move(run)};
}

}  // namespace

void AddSpecChecks(std::vector<Check>& checks) {
  const auto without_each = [](const std::vector<OptionalMember>& members) {
    return [&members](CheckContext& check) { ExpectRunsWithoutEach(check, members); };
  };
  const Level should = Level::kShould;
  checks.push_back(
      Row("a-spec-without-optional-process-members", should, without_each(kOfTheProcess)));
  checks.push_back(
      Row("a-spec-without-optional-container-members", should, without_each(kOfTheContainer)));
  checks.push_back(Row("a-spec-without-optional-linux-members", should, without_each(kOfLinux)));
  checks.push_back(Row("a-spec-with-unknown-members", should, RunsWithUnknownMembers));
  checks.push_back(
      Row("a-spec-without-essential-members-is-survived", should, SurvivesWithoutTheEssential));
  checks.push_back(Row("a-spec-with-wrong-types-is-survived", should, SurvivesWrongTypes));
}

}  // namespace conformance
