// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/leak_meter.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

namespace conformance {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kSettle{60};
// No daemon needs this much address space; the shadow memory of a sanitizer takes it, along with a
// quarantine that grows by every block that is freed.
constexpr double kInstrumentedKib = 1024.0 * 1024 * 1024;

// Entries below `directory`, without descending into mounts.
std::size_t CountFiles(const std::string& directory) {
  std::size_t count = 0;
  std::error_code error;
  const auto end = fs::recursive_directory_iterator();
  for (auto entry = fs::recursive_directory_iterator(directory, error); !error && entry != end;
       entry.increment(error)) {
    ++count;
    if (entry->path().filename() == "rootfs") entry.disable_recursion_pending();
  }
  return count;
}

// "VmRSS:     1234 kB" of a file of /proc; nullopt without such a line.
std::optional<double> Kib(const std::string& text, absl::string_view field) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    double value = 0;
    if (!absl::ConsumePrefix(&line, field) || !absl::ConsumePrefix(&line, ":")) continue;
    absl::ConsumeSuffix(&line, "kB");
    if (absl::SimpleAtod(absl::StripAsciiWhitespace(line), &value)) return value;
  }
  return std::nullopt;
}

}  // namespace

LeakMeter::LeakMeter(CheckContext& check, ShimUnderTest& shim, std::string bundle)
    : check_(check),
      daemon_(shim.pid()),
      bundle_(std::move(bundle)),
      series_{{"descriptors", why::kLeftFd, false, {}},
              {"ptys", why::kLeftFd, false, {}},
              {"threads", why::kLeftProcess, false, {}},
              {"zombies", why::kZombie, false, {}},
              {"mounts", why::kLeftMount, false, {}},
              {"cgroups", why::kLeftCgroup, false, {}},
              {"files", why::kLeftFile, false, {}},
              {"KiB of memory", why::kLeftProcess, true, {}}} {}

// In the order of series_, without the memory.
std::vector<double> LeakMeter::Counts() {
  Processes& world = check_.World();
  const auto fds = world.Fds(daemon_);
  const auto ptys = std::count_if(fds.begin(), fds.end(), [](const auto& fd) {
    return absl::StrContains(fd.second, "ptmx") || absl::StartsWith(fd.second, "/dev/pts/");
  });
  const std::vector<ProcessInfo> children = world.ChildrenOf(daemon_);
  const auto zombies = std::count_if(children.begin(), children.end(),
                                     [](const ProcessInfo& child) { return child.state == 'Z'; });
  const std::size_t files =
      CountFiles(bundle_) + CountFiles("/tmp") + CountFiles(check_.SocketDirectory());
  std::vector<double> counts;
  for (const std::size_t count :
       {fds.size(), static_cast<std::size_t>(ptys), world.ThreadCount(daemon_),
        static_cast<std::size_t>(zombies), world.MountsBelow("/run").size(), world.Cgroups().size(),
        files}) {
    counts.push_back(static_cast<double>(count));
  }
  return counts;
}

// The daemon's own share where the kernel tells it, else all that is resident.
double LeakMeter::MemoryKib() {
  if (const auto pss = Kib(check_.World().ReadProc(daemon_, "smaps_rollup"), "Pss")) return *pss;
  return Kib(check_.World().ReadProc(daemon_, "status"), "VmRSS").value_or(0);
}

void LeakMeter::Measure(std::size_t cycles) {
  std::vector<double> counts = Counts();
  check_.Eventually(
      [&] {
        counts = Counts();
        for (std::size_t i = 0; i < counts.size(); ++i) {
          if (!series_[i].points.empty() && counts[i] > series_[i].points.front().y) return false;
        }
        return true;
      },
      kSettle);
  counts.push_back(MemoryKib());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    series_[i].points.push_back({.x = static_cast<double>(cycles), .y = counts[i]});
  }
}

void LeakMeter::ExpectNoSlope(const std::string& unit, const LeakTolerance& tolerance) {
  const bool instrumented =
      Kib(check_.World().ReadProc(daemon_, "status"), "VmSize").value_or(0) > kInstrumentedKib;
  for (const Series& one : series_) {
    if (one.memory && tolerance.memory_kib < 0) continue;
    if (one.memory && instrumented) {
      check_.Note("memory is not judged: the daemon is built with a sanitizer");
      continue;
    }
    const std::optional<Trend> trend = FitTrend(one.points);
    check_.ASSERT_THAT(trend.has_value(), ::testing::Eq(true), {.code = why::kHarness});
    const double limit = one.memory ? tolerance.memory_kib : tolerance.count;
    check_.EXPECT_THAT(
        trend->low, ::testing::Le(limit),
        {.text =
             absl::StrCat(one.name, " per ", unit, ": ", ::testing::PrintToString(*trend), " over ",
                          one.points.back().x - one.points.front().x, " of them, ",
                          one.points.front().y, " at first, ", one.points.back().y, " in the end"),
         .code = one.code});
  }
}

}  // namespace conformance
