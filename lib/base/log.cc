// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <absl/strings/str_format.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>

#include "base/limits.h"

namespace base {
namespace {

const char* NameOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "info";
}

std::string Rfc3339Now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm utc{};
  ::gmtime_r(&now.tv_sec, &utc);
  return absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02d.%09dZ", utc.tm_year + 1900, utc.tm_mon + 1,
                         utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, now.tv_nsec);
}

// One byte as it stands inside the quotes. UTF-8 passes unchanged.
void AppendEscaped(char byte, std::string& out) {
  if (byte == '"' || byte == '\\') {
    out += '\\';
    out += byte;
  } else if (byte == '\n') {
    out += "\\n";
  } else if (byte == '\t') {
    out += "\\t";
  } else if (byte == '\r') {
    out += "\\r";
  } else if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f) {
    absl::StrAppendFormat(&out, "\\x%02x", static_cast<unsigned>(byte));
  } else {
    out += byte;
  }
}

// `text` escaped into at most `bytes_max` bytes, cut between characters, with the mark if cut.
std::string Escape(absl::string_view text, std::size_t bytes_max) {
  constexpr std::size_t kMarkBytesMax = sizeof("[+18446744073709551615]");
  std::string out;
  std::size_t fits_bytes = 0;  // of `out`, with room for the mark
  std::size_t fits_text = 0;   // of `text`, the same place
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts_character = (static_cast<unsigned char>(text[i]) & 0xc0U) != 0x80U;
    if (starts_character && out.size() + kMarkBytesMax <= bytes_max) {
      fits_bytes = out.size();
      fits_text = i;
    }
    AppendEscaped(text[i], out);
    if (out.size() > bytes_max) {
      out.resize(fits_bytes);
      absl::StrAppend(&out, "[+", text.size() - fits_text, "]");
      return out;
    }
  }
  return out;
}

// A description of our own for the same pipe or terminal, so that O_NONBLOCK is ours alone.
UniqueFd ReopenNonblocking(int sink) {
  struct stat info {};
  if (::fstat(sink, &info) != 0 || !(S_ISFIFO(info.st_mode) || ::isatty(sink) == 1)) {
    return UniqueFd();
  }
  const std::string path = absl::StrCat("/proc/self/fd/", sink);
  constexpr int kFlags = O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
  UniqueFd own(::open(path.c_str(), O_WRONLY | kFlags));
  // Nobody reads at the moment: only an end that is a reader itself can be had.
  if (!own.ok() && errno == ENXIO) own.reset(::open(path.c_str(), O_RDWR | kFlags));
  return own;
}

// Keeps a write to a pipe without readers from raising SIGPIPE, whatever its disposition.
class SigpipeHeldBack {
 public:
  SigpipeHeldBack() {
    ::sigemptyset(&sigpipe_);
    ::sigaddset(&sigpipe_, SIGPIPE);
    sigset_t pending;
    ::sigemptyset(&pending);
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
  }
  // Takes back the signal an EPIPE has just raised.
  void Swallow() const {
    if (was_pending_) return;
    const timespec now{};
    while (::sigtimedwait(&sigpipe_, nullptr, &now) < 0 && errno == EINTR) {
    }
  }
  ~SigpipeHeldBack() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SigpipeHeldBack(const SigpipeHeldBack&) = delete;
  SigpipeHeldBack& operator=(const SigpipeHeldBack&) = delete;

 private:
  sigset_t sigpipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

}  // namespace

Log::Log(int sink, LogLevel level) : sink_(sink), level_(level) {
  if (sink_ >= 0) reopened_ = ReopenNonblocking(sink_);
}

void Log::SetField(absl::string_view key, absl::string_view value) {
  fields_[std::string(key)] = Escape(value, kLogFieldsBytesMax);
}

bool Log::TryWrite(absl::string_view line) const {
  const int fd = reopened_.ok() ? reopened_.get() : sink_;
  if (!reopened_.ok()) {
    // Writable means room for PIPE_BUF bytes; nobody else fills it between poll and write but
    // another writer of the same pipe, which is the best a shared description allows.
    pollfd poll_fd{.fd = fd, .events = POLLOUT, .revents = 0};
    if (::poll(&poll_fd, 1, 0) != 1) return false;
  }
  const SigpipeHeldBack sigpipe;
  ssize_t written = -1;
  do {
    written = ::write(fd, line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written < 0 && errno == EPIPE) sigpipe.Swallow();
  return written >= 0;
}

void Log::WriteLine(LogLevel level, absl::string_view message) {
  std::string tail = "\"";
  for (const auto& [key, value] : fields_) {
    const std::size_t bytes = key.size() + value.size() + sizeof(" =\"\"");
    if (tail.size() + bytes <= kLogFieldsBytesMax) {
      absl::StrAppend(&tail, " ", key, "=\"", value, "\"");
    }
  }
  if (dropped_ > 0) absl::StrAppend(&tail, " dropped=\"", dropped_, "\"");
  tail += '\n';
  std::string line = absl::StrCat("time=\"", Rfc3339Now(), "\" level=", NameOf(level), " msg=\"");
  line += Escape(message, kLogLineBytesMax - line.size() - tail.size());
  line += tail;
  if (TryWrite(line)) {
    dropped_ = 0;
  } else {
    ++dropped_;
  }
}

}  // namespace base
