// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/shim_benchmark.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_split.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "base/subreaper.h"
#include "benchmarks/goals.h"
#include "benchmarks/private_run.h"
#include "benchmarks/sink_process.h"
#include "benchmarks/statistics.h"
#include "benchmarks/subject.h"

namespace benchmarks {
namespace {

constexpr int kSamplesPerBlock = 6;
constexpr int kStateCalls = 200;
constexpr char kEngineName[] = "bare engine";
constexpr char kAnswered[] = "start + first call";

// What the reference shim is to achieve.
constexpr double kFloorMargin = 1.3;
constexpr double kFasterThanGo = 8;
constexpr double kFasterThanRust = 4;
constexpr double kPssKib = 200;
constexpr double kStateMs = 0.040;
constexpr double kOverEngineMs = 0.5;

struct Settings {
  std::vector<std::string> shims;  // NAME=PATH, the first is the one that is judged
  std::string floor;
  std::string fixtures;
  std::string engine = "runc";
  int rounds = 12;
  int instances = 20;
  std::uint64_t seed = 1;
};

// Median of each round's block, per figure and subject: the unit of pairing.
using Figures = std::map<std::string, std::map<std::string, std::vector<double>>>;

absl::Status EnterPrivatePlace(const std::string& directory) {
  RETURN_IF_ERROR(EnterPrivateRun());
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return base::ErrnoStatus(error.value(), directory);
  return base::BecomeSubreaper();
}

// The engine makes the parent of the containers' cgroups and leaves it, in every hierarchy.
void RemoveCgroupParents() {
  std::error_code error;
  const std::string root = "/sys/fs/cgroup";
  ::rmdir(absl::StrCat(root, kCgroupParent).c_str());
  for (const auto& hierarchy : std::filesystem::directory_iterator(root, error)) {
    ::rmdir(absl::StrCat(hierarchy.path().string(), kCgroupParent).c_str());
  }
}

class Run {
 public:
  Run(Settings settings, Place place) : settings_(std::move(settings)), place_(std::move(place)) {
    for (const std::string& shim : settings_.shims) {
      const std::pair<std::string, std::string> parts =
          absl::StrSplit(shim, absl::MaxSplits('=', 1));
      subjects_.push_back({.name = parts.first, .path = parts.second});
    }
    if (!settings_.floor.empty()) {
      subjects_.push_back({.name = "floor", .path = settings_.floor, .is_floor = true});
    }
  }

  absl::Status MeasureStart();
  absl::Status MeasureTasks();
  absl::Status MeasureMemory();
  void Print() const;
  // Of the first shim, as far as its figures were measured.
  [[nodiscard]] std::vector<Goal> Goals() const;

 private:
  std::string FreshId() { return absl::StrCat("b", ++serial_); }
  absl::Status StartBlock(const Subject& subject);
  absl::Status TaskBlock(const Subject& subject);
  absl::Status EngineBlock();
  void Record(const std::string& figure, const std::string& subject, std::vector<double> samples) {
    figures_[figure][subject].push_back(Median(std::move(samples)));
  }
  void Progress(const std::string& what) const {
    if (::isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r\033[K%s", what.c_str());
  }
  void PrintTable(const std::vector<std::string>& figures, const std::string& compared,
                  const std::string& against) const;
  void PrintRow(const std::string& figure, const std::string& subject,
                const std::string& against) const;

  const Settings settings_;
  const Place place_;
  std::vector<Subject> subjects_;
  std::vector<std::pair<std::string, std::vector<double>>> memory_;
  Figures figures_;
  int serial_ = 0;
  int spoiled_ = 0;
  int blocks_ = 0;
};

absl::Status Run::StartBlock(const Subject& subject) {
  std::vector<double> alone;
  std::vector<double> answered;
  for (int sample = -1; sample < kSamplesPerBlock; ++sample) {  // the first one warms up
    Daemon daemon(place_, subject, FreshId());
    RETURN_IF_ERROR(daemon.Prepare());
    ASSIGN_OR_RETURN(const Milliseconds start, daemon.Start());
    ASSIGN_OR_RETURN(const Milliseconds call, daemon.FirstCall());
    RETURN_IF_ERROR(daemon.Stop());
    if (sample < 0) continue;
    alone.push_back(start.count());
    answered.push_back((start + call).count());
  }
  Record("start", subject.name, std::move(alone));
  Record(kAnswered, subject.name, std::move(answered));
  return absl::OkStatus();
}

absl::Status Run::TaskBlock(const Subject& subject) {
  std::map<std::string, std::vector<double>> samples;
  for (int sample = -1; sample < kSamplesPerBlock / 2; ++sample) {
    Daemon daemon(place_, subject, FreshId());
    RETURN_IF_ERROR(daemon.Prepare());
    RETURN_IF_ERROR(daemon.Start().status());
    RETURN_IF_ERROR(daemon.FirstCall().status());
    ASSIGN_OR_RETURN(const Milliseconds create, daemon.Create());
    ASSIGN_OR_RETURN(const Milliseconds start, daemon.StartTask());
    std::vector<double> state;
    for (int i = 0; i < kStateCalls; ++i) {
      ASSIGN_OR_RETURN(const Milliseconds took, daemon.State());
      state.push_back(took.count());
    }
    ASSIGN_OR_RETURN(const Milliseconds exec, daemon.Exec());
    ASSIGN_OR_RETURN(const Milliseconds kill, daemon.KillAndWait());
    ASSIGN_OR_RETURN(const Milliseconds remove, daemon.Delete());
    RETURN_IF_ERROR(daemon.Stop());
    if (sample < 0) continue;
    samples["Create"].push_back(create.count());
    samples["Start"].push_back(start.count());
    samples["State"].push_back(Median(state));
    samples["Exec"].push_back(exec.count());
    samples["Kill to Wait"].push_back(kill.count());
    samples["Delete"].push_back(remove.count());
  }
  for (auto& [figure, values] : samples) Record(figure, subject.name, std::move(values));
  return absl::OkStatus();
}

absl::Status Run::EngineBlock() {
  std::map<std::string, std::vector<double>> samples;
  for (int sample = -1; sample < kSamplesPerBlock / 2; ++sample) {
    ASSIGN_OR_RETURN(const EngineTimes times, RunBareEngine(place_, settings_.engine, FreshId()));
    if (sample < 0) continue;
    samples["Create"].push_back(times.create.count());
    samples["Start"].push_back(times.start.count());
    samples["Exec"].push_back(times.exec.count());
    samples["Kill to Wait"].push_back(times.kill_and_wait.count());
    samples["Delete"].push_back(times.remove.count());
  }
  for (auto& [figure, values] : samples) Record(figure, kEngineName, std::move(values));
  return absl::OkStatus();
}

// Blocks per subject in a fresh random order each round; a round during which the hypervisor took
// time from this machine is repeated, at most once per round wanted.
absl::Status Run::MeasureStart() {
  std::mt19937_64 random(settings_.seed);
  std::vector<Subject> order = subjects_;
  for (int round = 0; round < settings_.rounds; ++round) {
    Progress(absl::StrCat("start: round ", round + 1, " of ", settings_.rounds));
    std::shuffle(order.begin(), order.end(), random);
    const std::uint64_t stolen = StolenTicks();
    for (const Subject& subject : order) {
      RETURN_IF_ERROR(base::Annotate(StartBlock(subject), subject.name));
      ++blocks_;
    }
    if (StolenTicks() == stolen || spoiled_ >= settings_.rounds) continue;
    ++spoiled_;
    --round;
    for (auto& [figure, by_subject] : figures_) {
      for (auto& [subject, values] : by_subject) values.pop_back();
    }
  }
  return absl::OkStatus();
}

absl::Status Run::MeasureTasks() {
  std::mt19937_64 random(settings_.seed + 1);
  std::vector<std::string> order = {kEngineName};
  for (const Subject& subject : subjects_) {
    if (!subject.is_floor) order.push_back(subject.name);
  }
  for (int round = 0; round < settings_.rounds; ++round) {
    Progress(absl::StrCat("tasks: round ", round + 1, " of ", settings_.rounds));
    std::shuffle(order.begin(), order.end(), random);
    for (const std::string& name : order) {
      if (name == kEngineName) {
        RETURN_IF_ERROR(base::Annotate(EngineBlock(), name));
        continue;
      }
      const auto subject = std::find_if(subjects_.begin(), subjects_.end(),
                                        [&](const Subject& s) { return s.name == name; });
      RETURN_IF_ERROR(base::Annotate(TaskBlock(*subject), name));
    }
  }
  return absl::OkStatus();
}

absl::Status Run::MeasureMemory() {
  for (const Subject& subject : subjects_) {
    if (subject.is_floor) continue;
    std::vector<std::unique_ptr<Daemon>> daemons;
    for (int i = 0; i < settings_.instances; ++i) {
      Progress(absl::StrCat("memory: ", subject.name, " ", i + 1, " of ", settings_.instances));
      daemons.push_back(std::make_unique<Daemon>(place_, subject, FreshId()));
      RETURN_IF_ERROR(daemons.back()->Prepare());
      RETURN_IF_ERROR(daemons.back()->Start().status());
      RETURN_IF_ERROR(daemons.back()->FirstCall().status());
      RETURN_IF_ERROR(daemons.back()->Create().status());
      RETURN_IF_ERROR(daemons.back()->StartTask().status());
    }
    std::vector<double> pss;
    for (const auto& daemon : daemons) {
      ASSIGN_OR_RETURN(const double kib, PssKib(daemon->pid()));
      pss.push_back(kib);
    }
    for (const auto& daemon : daemons) {
      RETURN_IF_ERROR(daemon->KillAndWait().status());
      RETURN_IF_ERROR(daemon->Delete().status());
      RETURN_IF_ERROR(daemon->Stop());
    }
    memory_.emplace_back(subject.name, std::move(pss));
  }
  return absl::OkStatus();
}

void Run::PrintRow(const std::string& figure, const std::string& subject,
                   const std::string& against) const {
  const std::vector<double>& own = figures_.at(figure).at(subject);
  std::string comparison = "–";
  if (figures_.at(figure).count(against) != 0 && against != subject) {
    const std::vector<double>& other = figures_.at(figure).at(against);
    if (against == kEngineName) {
      const Estimate added = PairedDifference(own, other, settings_.seed);
      comparison = absl::StrFormat("%+.2f ms [%+.2f, %+.2f]", added.value, added.low, added.high);
    } else {
      const Estimate ratio = PairedRatio(own, other, settings_.seed);
      comparison = absl::StrFormat("× %.2f [%.2f, %.2f]", ratio.value, ratio.low, ratio.high);
    }
  }
  std::printf("| %s | %s | %.3f | %.3f | %.3f | %s |\n", figure.c_str(), subject.c_str(),
              Median(own), Quantile(own, 0.1), Quantile(own, 0.9), comparison.c_str());
}

// Rows of the figures that were measured, under one head; nothing at all if none was.
void Run::PrintTable(const std::vector<std::string>& figures, const std::string& compared,
                     const std::string& against) const {
  bool any = false;
  for (const std::string& figure : figures) {
    const auto sides = figures_.find(figure);
    if (sides == figures_.end()) continue;
    if (!std::exchange(any, true)) {
      std::printf(
          "\n| figure (ms) | side | median | p10 | p90 | %s %s |\n|---|---|---|---|---|---|\n",
          compared.c_str(), against.c_str());
    }
    if (sides->second.count(kEngineName) != 0) PrintRow(figure, kEngineName, against);
    for (const Subject& subject : subjects_) {
      if (sides->second.count(subject.name) != 0) PrintRow(figure, subject.name, against);
    }
  }
}

void Run::Print() const {
  Progress("");
  std::printf("%d rounds of %d samples; %d rounds repeated because the hypervisor took time.\n",
              settings_.rounds, kSamplesPerBlock, spoiled_);
  PrintTable({"start", kAnswered, "State"}, "against", subjects_.front().name);
  PrintTable({"Create", "Start", "Exec", "Kill to Wait", "Delete"}, "added to the", kEngineName);
  if (memory_.empty()) return;
  std::printf("\n| Pss with one task, KiB | median | max | instances |\n|---|---|---|---|\n");
  for (const auto& [name, pss] : memory_) {
    std::printf("| %s | %.0f | %.0f | %d |\n", name.c_str(), Median(pss), Quantile(pss, 1),
                settings_.instances);
  }
}

std::vector<Goal> Run::Goals() const {
  std::vector<Goal> goals;
  const std::string& first = subjects_.front().name;
  const auto add = [&](const std::string& what, const char* unit, double wanted,
                       const Estimate& measured) {
    goals.push_back({.what = what, .unit = unit, .wanted = wanted, .measured = measured});
  };
  const auto own = [&](const std::string& figure) -> const std::vector<double>* {
    const auto sides = figures_.find(figure);
    if (sides == figures_.end() || sides->second.count(first) == 0) return nullptr;
    return &sides->second.at(first);
  };
  if (const std::vector<double>* boot = own(kAnswered)) {
    for (const auto& [name, values] : figures_.at(kAnswered)) {
      if (name == first) continue;
      const auto side = std::find_if(subjects_.begin(), subjects_.end(),
                                     [&, n = name](const Subject& s) { return s.name == n; });
      const std::string what = absl::StrCat(kAnswered, ", ");
      if (side->is_floor) {
        add(what + "of that of the floor program", "×", kFloorMargin,
            PairedRatio(*boot, values, settings_.seed));
      } else {
        add(absl::StrCat(what, "faster than ", name), "×",
            absl::StrContains(name, "rs") ? kFasterThanRust : kFasterThanGo,
            PairedRatio(values, *boot, settings_.seed));
        goals.back().at_most = false;
      }
    }
  }
  if (!memory_.empty()) {
    add("Pss of a daemon with one task", "KiB", kPssKib,
        MedianEstimate(memory_.front().second, settings_.seed));
  }
  if (const std::vector<double>* state = own("State")) {
    add("State", "ms", kStateMs, MedianEstimate(*state, settings_.seed));
  }
  for (const char* figure : {"Create", "Start", "Exec", "Kill to Wait", "Delete"}) {
    const std::vector<double>* values = own(figure);
    if (values == nullptr) continue;
    add(absl::StrCat(figure, ", added to the ", kEngineName), "ms", kOverEngineMs,
        PairedDifference(*values, figures_.at(figure).at(kEngineName), settings_.seed));
  }
  return goals;
}

}  // namespace

int RunShimBenchmark(int argc, char** argv) {
  Settings settings;
  std::string figures = "start,tasks,memory";
  CLI::App app(
      "Compares shims with each other, with a floor program and with the bare engine in one run.\n"
      "Example: shim_benchmark --shim reference=build/dist/bin/containerd-shim-reference-v1 \\\n"
      "             --shim runc-v2=/usr/bin/containerd-shim-runc-v2 \\\n"
      "             --floor build/dist/bin/fixtures/floor_server \\\n"
      "             --fixtures build/dist/bin/fixtures");
  app.add_option("--shim", settings.shims, "NAME=PATH; repeat; the first one is compared with")
      ->required();
  app.add_option("--floor", settings.floor,
                 "a program that only binds a socket, as the lower bound");
  app.add_option("--fixtures", settings.fixtures, "directory of the container programs")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--engine", settings.engine, "OCI engine for the bare side")
      ->capture_default_str();
  app.add_option("--rounds", settings.rounds, "rounds per figure")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--instances", settings.instances, "daemons alive at once for memory")
      ->check(CLI::Range(1, 200))
      ->capture_default_str();
  app.add_option("--figures", figures, "comma-separated: start, tasks, memory")
      ->capture_default_str();
  app.add_option("--seed", settings.seed, "order of the blocks")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  for (std::string& shim : settings.shims) {
    const std::size_t equals = shim.find('=');
    if (equals == std::string::npos || ::access(shim.c_str() + equals + 1, X_OK) != 0) {
      std::fprintf(stderr, "shim_benchmark: --shim %s: expected NAME=PATH of an executable\n",
                   shim.c_str());
      return 2;
    }
    std::error_code error;
    shim = absl::StrCat(shim.substr(0, equals + 1),
                        std::filesystem::absolute(shim.substr(equals + 1), error).string());
  }
  std::error_code error;
  settings.fixtures = std::filesystem::absolute(settings.fixtures, error).string();
  if (!settings.floor.empty()) {
    settings.floor = std::filesystem::absolute(settings.floor, error).string();
  }
  Place place{.directory = "/run/shimgauge-benchmark", .fixtures = settings.fixtures};
  if (const absl::Status status = EnterPrivatePlace(place.directory); !status.ok()) {
    std::fprintf(stderr, "shim_benchmark: needs root: %s\n", std::string(status.message()).c_str());
    return 3;
  }
  SinkProcess sink;
  absl::Status status = sink.Start(place.directory + "/containerd.sock.ttrpc");
  place.sink = sink.pid();
  Run run(settings, place);
  for (const auto figure : absl::StrSplit(figures, ',')) {
    if (!status.ok()) break;
    if (figure == "start") {
      status = run.MeasureStart();
    } else if (figure == "tasks") {
      status = run.MeasureTasks();
    } else if (figure == "memory") {
      status = run.MeasureMemory();
    } else {
      std::fprintf(stderr, "shim_benchmark: --figures: unknown figure '%s'\n",
                   std::string(figure).c_str());
      return 2;
    }
  }
  RemoveCgroupParents();
  if (!status.ok()) {
    std::fprintf(stderr, "shim_benchmark: %s\n", std::string(status.message()).c_str());
    return 4;
  }
  run.Print();
  std::printf("\n%s", GoalTable(run.Goals()).c_str());
  return 0;
}

}  // namespace benchmarks
