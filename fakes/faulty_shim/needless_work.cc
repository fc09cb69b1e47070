// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/needless_work.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "fakes/faulty_shim/fault_plan.h"

namespace fakes {
namespace {

std::chrono::nanoseconds Span(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

}  // namespace

TimeUsed TimeUsed::Now() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return {.at = std::chrono::steady_clock::now(),
          .cpu = Span(usage.ru_utime) + Span(usage.ru_stime)};
}

void Stretch(const TimeUsed& begun, std::int64_t percent) {
  const auto now = std::chrono::steady_clock::now();
  const auto end = now + (now - begun.at + begun.cpu) * percent / 100;
  struct stat info {};
  while (std::chrono::steady_clock::now() < end) (void)::stat("/etc/passwd", &info);
}

void StretchCommand() {
  if (const Rule* rule = Fire("stretch", "command")) {
    Stretch(CurrentPlan()->begun(), rule->Number("percent"));
  }
}

void ForkOnce() {
  const pid_t child = ::fork();
  // Nothing of the shim's may run in it.
  if (child == 0) ::_exit(0);
  while (child > 0 && ::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void VisitBundles(const std::string& bundle, std::int64_t times) {
  namespace fs = std::filesystem;
  std::error_code error;
  for (fs::directory_iterator at(fs::path(bundle).parent_path(), error), end; !error && at != end;
       at.increment(error)) {
    for (std::int64_t i = 0; i < times; ++i) {
      std::ifstream file(at->path() / "config.json");
      const std::string text{std::istreambuf_iterator<char>(file), {}};
    }
  }
}

}  // namespace fakes
