// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/exit_record.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <limits>
#include <optional>

#include "base/status_macros.h"
#include "oci/json_reader.h"
#include "reference-shim/shim/small_file.h"

namespace shim {
namespace {

using std::chrono::nanoseconds;
using std::chrono::system_clock;

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

std::string ExitPath(const std::string& bundle) { return absl::StrCat(bundle, "/exit.json"); }
std::string PidPath(const std::string& bundle) { return absl::StrCat(bundle, "/init.pid"); }

// The calendar of <chrono>: gmtime_r would load the time zone, which UTC has no use for.
std::string FormatTime(system_clock::time_point at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::duration_cast<nanoseconds>(at - day));
  return absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02d.%09dZ", static_cast<int>(date.year()),
                         static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                         time.hours().count(), time.minutes().count(), time.seconds().count(),
                         time.subseconds().count());
}

// "Z", "+02:00", "-03:30" as seconds east of UTC.
std::optional<int> ParseZone(absl::string_view zone) {
  if (zone == "Z") return 0;
  int hours = 0;
  int minutes = 0;
  if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':' ||
      !absl::SimpleAtoi(zone.substr(1, 2), &hours) ||
      !absl::SimpleAtoi(zone.substr(4, 2), &minutes)) {
    return std::nullopt;
  }
  const int seconds = (hours * 60 + minutes) * 60;
  return zone[0] == '-' ? -seconds : seconds;
}

// RFC 3339 with up to nine digits of fraction, as Go writes times.
std::optional<system_clock::time_point> ParseTime(const std::string& text) {
  std::tm utc{};
  int used = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &utc.tm_year, &utc.tm_mon,
                  &utc.tm_mday, &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &used) != 6) {
    return std::nullopt;
  }
  utc.tm_year -= 1900;
  utc.tm_mon -= 1;
  absl::string_view rest = absl::string_view(text).substr(static_cast<std::size_t>(used));
  std::int64_t nanos = 0;
  if (!rest.empty() && rest[0] == '.') {
    rest.remove_prefix(1);
    std::int64_t weight = kNanosPerSecond / 10;
    for (; !rest.empty() && rest[0] >= '0' && rest[0] <= '9'; rest.remove_prefix(1), weight /= 10) {
      nanos += (rest[0] - '0') * weight;
    }
  }
  const std::optional<int> zone = ParseZone(rest);
  if (!zone) return std::nullopt;
  const std::int64_t seconds = ::timegm(&utc) - *zone;
  return system_clock::time_point(std::chrono::seconds(seconds) + nanoseconds(nanos));
}

}  // namespace

absl::Status WriteExitRecord(const std::string& bundle, const ProcessExit& exit) {
  return WriteFileAtomically(ExitPath(bundle),
                             absl::StrFormat(R"({"Timestamp":"%s","Pid":%d,"Status":%d})",
                                             FormatTime(exit.at), exit.pid, exit.status),
                             0600);
}

absl::StatusOr<ProcessExit> ReadExitRecord(const std::string& bundle) {
  ASSIGN_OR_RETURN(const std::string text, ReadSmallFile(ExitPath(bundle)));
  std::string timestamp;
  std::int64_t pid = 0;
  std::uint64_t status = 0;
  oci::JsonReader reader(text);
  absl::Status read = reader.ReadObject([&](absl::string_view name) {
    if (name == "Timestamp") return reader.ReadString(timestamp);
    if (name == "Pid") return reader.ReadInteger(0, std::numeric_limits<pid_t>::max(), pid);
    if (name == "Status") return reader.ReadUnsigned(std::numeric_limits<unsigned>::max(), status);
    return reader.Skip();
  });
  if (read.ok()) read = reader.Finish();
  RETURN_IF_ERROR(base::Annotate(read, ExitPath(bundle)));
  const auto at = ParseTime(timestamp);
  if (!at) return absl::InvalidArgumentError(absl::StrCat(ExitPath(bundle), ": no time of exit"));
  return ProcessExit{
      .pid = static_cast<pid_t>(pid), .status = static_cast<unsigned>(status), .at = *at};
}

absl::StatusOr<pid_t> ReadInitPid(const std::string& bundle) {
  ASSIGN_OR_RETURN(const std::string text, ReadSmallFile(PidPath(bundle)));
  pid_t pid = 0;
  if (!absl::SimpleAtoi(text, &pid) || pid <= 0) {
    return absl::InvalidArgumentError(absl::StrCat(PidPath(bundle), ": not a pid"));
  }
  return pid;
}

absl::Status WriteInitPidIfMissing(const std::string& bundle, pid_t pid) {
  const std::string path = PidPath(bundle);
  if (::access(path.c_str(), F_OK) == 0) return absl::OkStatus();
  return WriteFileAtomically(path, absl::StrCat(pid), 0644);
}

void RemoveRecords(const std::string& bundle) {
  ::unlink(ExitPath(bundle).c_str());
  ::unlink(PidPath(bundle).c_str());
}

}  // namespace shim
