// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/tasks/run.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "benchmarks/host_fingerprint.h"

namespace benchmarks::tasks {
namespace {

constexpr int kUsage = 2;
constexpr int kUnfit = 3;
constexpr int kFailed = 4;

bool Has(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

void Say(const std::string& program, absl::string_view words) {
  std::fprintf(stderr, "%s: %s\n", program.c_str(), std::string(words).c_str());
}

// Empty: fine.
std::string Check(const RunForm& form, RunSettings& settings) {
  settings.bin = Absolute(settings.bin);
  settings.fixtures = Absolute(settings.fixtures);
  for (const std::string& program : form.programs) {
    const std::string path = settings.Program(program);
    if (::access(path.c_str(), X_OK) == 0) continue;
    return absl::StrCat("--bin: ", path, " is not there (target `", form.target, "`)");
  }
  for (const std::string& figure : settings.figures) {
    if (Has(form.figures, figure)) continue;
    return absl::StrCat("--figures: no figure \"", figure, "\"; there are ",
                        absl::StrJoin(form.figures, ","));
  }
  return form.check();
}

}  // namespace

bool RunSettings::Wants(const std::string& figure) const { return Has(figures, figure); }

bool ParseRun(const RunForm& form, int argc, const char* const* argv, RunSettings& settings,
              int& exit_code) {
  std::string figures = absl::StrJoin(form.figures, ",");
  CLI::App app(form.what, form.program);
  app.add_option("--bin", settings.bin, "directory of the programs, as built by the dist preset")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--fixtures", settings.fixtures, "directory of the programs for containers")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--figures", figures, "comma-separated; without it all")->capture_default_str();
  app.add_option("--rounds", settings.rounds, "samples of each side")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  app.add_option("--seed", settings.seed, "order of the sides")->capture_default_str();
  form.options(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : kUsage;
    return false;
  }
  settings.figures = absl::StrSplit(figures, ',');
  const std::string wrong = Check(form, settings);
  if (wrong.empty()) return true;
  Say(form.program, wrong);
  exit_code = kUsage;
  return false;
}

std::string Absolute(const std::string& path) {
  std::error_code error;
  return std::filesystem::absolute(path, error).string();
}

bool SplitPeer(const std::string& word, std::string& name, std::string& rest) {
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos || equals == 0) return false;
  name = word.substr(0, equals);
  rest = word.substr(equals + 1);
  return true;
}

int MeasureFigures(const std::string& program, const RunSettings& settings, const Place& place,
                   const absl::Status& entered, const std::string& about,
                   const std::vector<Figure>& figures) {
  if (!entered.ok()) {
    Say(program, entered.message());
    return kUnfit;
  }
  const HostFingerprint host = ReadHostFingerprint();
  std::printf("Linux %s, %d × %s%s, cgroup %s; %s%d rounds, all sides in each.\n",
              host.kernel.c_str(), host.cpus, host.cpu_model.c_str(),
              host.virtualised ? " (virtual)" : "", host.cgroup_version.c_str(), about.c_str(),
              settings.rounds);
  absl::Status status;
  for (const Figure& figure : figures) {
    if (!status.ok()) break;
    if (settings.Wants(figure.name)) status = figure.measure();
    std::fflush(stdout);
  }
  RemoveCgroupParent(place.cgroup);
  if (status.ok()) return 0;
  Progress("");
  Say(program, status.message());
  return kFailed;
}

}  // namespace benchmarks::tasks
