// SPDX-License-Identifier: Apache-2.0
#include "fakes/fault/regressions.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <cstdlib>

namespace fakes {
namespace {

constexpr char kVariable[] = "SHIMGAUGE_REGRESSION";
constexpr absl::string_view kOption = "--regression=";

std::vector<Regression> MakeTable() {
  return {
      {.defect = {.name = "none", .what = "nothing is slower"}},
      {.defect = {.name = "start-10-percent",
                  .what = "`start` takes a tenth longer, looking at a file over and over",
                  .rules = {"stretch command role=start percent=10"}},
       .metrics = {"boot", "boot-answered"},
       .proxies = {"boot-syscalls"}},
      {.defect = {.name = "idle-2-mib",
                  .what = "the daemon keeps 2 MiB more",
                  .rules = {"leak daemon bytes=2097152"}},
       .metrics = {"pss-idle", "uss-idle", "dirty-idle", "pss-task", "uss-task", "dirty-task"}},
      {.defect = {.name = "fork-per-exec",
                  .what = "each exec costs one more process, which ends at once",
                  .rules = {"fork exec"}},
       .metrics = {"forks"}},
      {.defect = {.name = "pause-40-ms",
                  .what = "the end of a process is noticed 40 ms late, after a look every ms",
                  .rules = {"late exit ms=40 poll=1"}},
       .metrics = {"kill-wait", "exit-event"},
       .proxies = {"syscalls", "context-switches"}},
      {.defect = {.name = "linear-in-tasks",
                  .what = "Create reads the bundles of all tasks there are",
                  .rules = {"visit bundles times=8"}},
       .metrics = {"tasks-64", "tasks-8"},
       .proxies = {"syscalls"}},
  };
}

}  // namespace

const std::vector<Regression>& AllRegressions() {
  static const std::vector<Regression> table = MakeTable();
  return table;
}

const Regression* FindRegression(absl::string_view name) {
  for (const Regression& regression : AllRegressions()) {
    if (regression.defect.name == name) return &regression;
  }
  return nullptr;
}

absl::StatusOr<std::optional<FaultRequest>> TakeRegression(std::vector<std::string>& args) {
  const char* const inherited = std::getenv(kVariable);
  std::string name = inherited == nullptr ? "" : inherited;
  if (!args.empty() && absl::StartsWith(args.front(), kOption)) {
    name = args.front().substr(kOption.size());
    if (name.empty()) return absl::InvalidArgumentError("--regression=NAME: the name is missing");
    args.erase(args.begin());
  }
  if (name.empty()) return std::nullopt;
  const Regression* const regression = FindRegression(name);
  if (regression == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--regression: no '", name, "', expected one of ",
        absl::StrJoin(AllRegressions(), ", ", [](std::string* out, const Regression& known) {
          absl::StrAppend(out, known.defect.name);
        })));
  }
  ::setenv(kVariable, name.c_str(), 1);
  FaultRequest request;
  request.fault = &regression->defect;
  request.rules = regression->defect.rules;
  return request;
}

}  // namespace fakes
