// SPDX-License-Identifier: Apache-2.0
#include "fakes/engine/engine_log.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <fcntl.h>
#include <unistd.h>

#include <ctime>

#include "base/unique_fd.h"
#include "oci/json_text.h"

namespace fakes {

std::string Timestamp(bool nanoseconds) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  std::tm parts{};
  ::gmtime_r(&now.tv_sec, &parts);
  char text[32];
  const std::size_t length = std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
  const absl::string_view seconds(text, length);
  return nanoseconds ? absl::StrFormat("%s.%09dZ", seconds, now.tv_nsec)
                     : absl::StrCat(seconds, "Z");
}

void EngineLog::Write(absl::string_view level, absl::string_view message) const {
  const std::string time = Timestamp(/*nanoseconds=*/false);
  const std::string line =
      format_ == Format::kJson
          ? absl::StrCat("{\"level\":\"", level, "\",\"msg\":", oci::JsonQuote(message),
                         ",\"time\":\"", time, "\"}\n")
          : absl::StrCat("time=\"", time, "\" level=", level, " msg=", oci::JsonQuote(message),
                         "\n");
  if (path_.empty()) {
    (void)!::write(STDERR_FILENO, line.data(), line.size());
    return;
  }
  const base::UniqueFd file(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
  if (file.ok()) (void)!::write(file.get(), line.data(), line.size());
}

void EngineLog::Error(absl::string_view message) const {
  Write("error", message);
  if (path_.empty()) return;
  const std::string line = absl::StrCat(message, "\n");
  (void)!::write(STDERR_FILENO, line.data(), line.size());
}

void EngineLog::Warning(absl::string_view message) const { Write("warning", message); }

}  // namespace fakes
