// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_engine/engine_call.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "fakes/faulty_engine/engine_documents.h"
#include "fakes/faulty_engine/engine_rule.h"
#include "fakes/faulty_engine/engine_words.h"
#include "fakes/faulty_engine/subject_run.h"
#include "oci/json_text.h"

namespace fakes {
namespace {

using Kind = EngineRule::Kind;

void WriteAll(int fd, const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t written = ::write(fd, text.data() + at, text.size() - at);
    if (written <= 0) return;
    at += static_cast<std::size_t>(written);
  }
}

// Survives execve.
void OpenForSubject(int fd) {
  base::UniqueFd null(::open("/dev/null", O_RDWR));
  if (null.get() == fd) {
    (void)null.release();
  } else {
    ::dup2(null.get(), fd);
  }
}

// The other end stays open as long as this process: what is written is not refused.
int OpenSocket() {
  int ends[2];
  return ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0 ? ends[0] : -1;
}

std::string OwnPath() {
  char path[PATH_MAX];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
  return std::string(path, size > 0 ? static_cast<std::size_t>(size) : 0);
}

class Call {
 public:
  Call(const FaultRequest& request, EngineWords words)
      : request_(request), words_(std::move(words)) {}

  absl::StatusOr<int> Run(const std::vector<std::string>& given);

 private:
  struct Later {
    std::size_t index;  // in the request
    EngineRule rule;
  };

  absl::Status Apply(std::size_t index, const EngineRule& rule);
  absl::Status ApplyToDocument(std::size_t index, const EngineRule& rule);
  void ApplyToWords(std::size_t index, const EngineRule& rule);
  void ApplyToStreams(std::size_t index, const EngineRule& rule);
  void ApplyToResult(const Later& later, SubjectEnd& end);
  [[nodiscard]] bool Fires(std::size_t index) { return FaultTrigger(request_, index).Fires(); }
  [[nodiscard]] bool GivesDocument() const {
    return words_.verb == "create" || words_.verb == "exec" || words_.verb == "update";
  }
  int Refuse(const EngineRule& rule);
  void RunShell(const std::string& command);
  void WritePidFile(const std::string& text);

  const FaultRequest& request_;
  EngineWords words_;
  std::optional<EngineDocument> document_;
  std::string text_;  // of the document, changed
  SubjectStreams streams_;
  std::optional<int> code_;  // already known: nothing is to be run
  int runs_ = 1;
  bool words_changed_ = false;
  bool streams_changed_ = false;
  std::vector<Later> later_;  // after the run
};

absl::Status Call::ApplyToDocument(std::size_t index, const EngineRule& rule) {
  if (!document_) {
    auto document = EngineDocument::Of(words_);
    if (absl::IsNotFound(document.status())) return absl::OkStatus();
    RETURN_IF_ERROR(document.status());
    document_.emplace(*std::move(document));
    text_ = document_->text();
  }
  std::string text = text_;
  bool changed = false;
  if (rule.kind == Kind::kHooks) {
    changed = ApplySpecEdit(rule.hooks, OwnPath(), text).value_or(false);
  } else {
    // A config.json that is none stays what it is: the engine behind shall complain.
    changed = ApplyJsonEdit(rule.edit, text).value_or(false);
  }
  if (changed && Fires(index)) text_ = text;
  return absl::OkStatus();
}

void Call::ApplyToWords(std::size_t index, const EngineRule& rule) {
  EngineWords words = words_;
  if (rule.kind == Kind::kSignal) {
    if (words.arguments.size() < 2) return;
    std::string& signal = words.arguments[1];
    if ((rule.name != "*" && rule.name != signal) || signal == rule.value) return;
    signal = rule.value;
  } else if (rule.kind == Kind::kSetOption) {
    words.Set(rule.name, rule.value.empty() ? std::nullopt : std::make_optional(rule.value));
  } else if (!words.Drop(rule.name)) {
    return;
  }
  if (!Fires(index)) return;
  words_ = std::move(words);
  words_changed_ = true;
}

void Call::ApplyToStreams(std::size_t index, const EngineRule& rule) {
  if (!Fires(index)) return;
  streams_changed_ = true;
  if (rule.kind == Kind::kNull) {
    streams_.source[rule.number] = -1;
  } else if (rule.kind == Kind::kSocket) {
    streams_.source[rule.number] = OpenSocket();
  } else {
    std::swap(streams_.source[rule.number], streams_.source[rule.other]);
  }
}

absl::Status Call::Apply(std::size_t index, const EngineRule& rule) {
  switch (rule.kind) {
    case Kind::kJson:
      if (GivesDocument()) return ApplyToDocument(index, rule);
      streams_.capture = true;
      later_.push_back({index, rule});
      break;
    case Kind::kHooks:
      return ApplyToDocument(index, rule);
    case Kind::kDropOption:
    case Kind::kSetOption:
    case Kind::kSignal:
      ApplyToWords(index, rule);
      break;
    case Kind::kSkip:
      if (Fires(index)) code_ = 0;
      break;
    case Kind::kFail:
      if (Fires(index)) code_ = Refuse(rule);
      break;
    case Kind::kTwice:
      if (Fires(index)) runs_ = 2;
      break;
    case Kind::kFirst:
      if (Fires(index)) RunShell(rule.value);
      break;
    case Kind::kOpen:
      if (Fires(index)) OpenForSubject(rule.number);
      break;
    case Kind::kSwap:
    case Kind::kNull:
    case Kind::kSocket:
      ApplyToStreams(index, rule);
      break;
    case Kind::kExit:
    case Kind::kPidFile:
    case Kind::kThen:
      later_.push_back({index, rule});
      break;
  }
  return absl::OkStatus();
}

// As runc says it: in the log file if there is one, on stderr otherwise.
int Call::Refuse(const EngineRule& rule) {
  const std::string* path = words_.Find("log");
  const std::string* format = words_.Find("log-format");
  const bool json = format != nullptr && *format == "json";
  const std::string line =
      json ? absl::StrCat("{\"level\":\"error\",\"msg\":", oci::JsonQuote(rule.value),
                          ",\"time\":\"2024-01-01T00:00:00Z\"}\n")
           : absl::StrCat("level=error msg=", oci::JsonQuote(rule.value), "\n");
  const base::UniqueFd log(
      path == nullptr ? -1
                      : ::open(path->c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (log.ok()) WriteAll(log.get(), line);
  WriteAll(STDERR_FILENO, absl::StrCat(rule.value, "\n"));
  return rule.number;
}

void Call::RunShell(const std::string& command) {
  const auto tell = [this](const char* variable, const char* option) {
    const std::string* value = words_.Find(option);
    ::setenv(variable, value == nullptr ? "" : value->c_str(), 1);
  };
  tell("BUNDLE", "bundle");
  tell("PID_FILE", "pid-file");
  tell("ROOT", "root");
  ::setenv("SUBJECT", request_.subject.c_str(), 1);
  ::setenv("ID", words_.arguments.empty() ? "" : words_.arguments[0].c_str(), 1);
  (void)!std::system(command.c_str());
}

void Call::WritePidFile(const std::string& text) {
  const std::string* path = words_.Find("pid-file");
  if (path == nullptr) return;
  if (text.empty()) {
    ::unlink(path->c_str());
    return;
  }
  const base::UniqueFd file(::open(path->c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  if (file.ok()) WriteAll(file.get(), text);
}

void Call::ApplyToResult(const Later& later, SubjectEnd& end) {
  const EngineRule& rule = later.rule;
  if (rule.kind == Kind::kJson) {
    std::string output = end.output;
    const bool changed = ApplyJsonEdit(rule.edit, output).value_or(false);
    if (changed && Fires(later.index)) end.output = output;
    return;
  }
  if (!Fires(later.index)) return;
  if (rule.kind == Kind::kExit) end.code = rule.number;
  if (rule.kind == Kind::kThen) RunShell(rule.value);
  if (rule.kind == Kind::kPidFile) WritePidFile(rule.value);
}

absl::StatusOr<int> Call::Run(const std::vector<std::string>& given) {
  for (std::size_t i = 0; i < request_.rules.size(); ++i) {
    ASSIGN_OR_RETURN(const EngineRule rule, ParseEngineRule(request_.rules[i]));
    if (rule.verb == words_.verb) RETURN_IF_ERROR(Apply(i, rule));
    if (code_) return *code_;
  }
  const bool document_changed = document_ && text_ != document_->text();
  if (document_changed) RETURN_IF_ERROR(document_->Put(text_, words_));
  const std::vector<std::string> words =
      words_changed_ || document_changed ? words_.Format() : given;
  // Standard input has been read to its end if the document came that way.
  const bool transparent = later_.empty() && !streams_changed_ && !document_ && runs_ == 1;
  if (transparent) return BecomeSubject(request_.subject, words);
  SubjectEnd end;
  for (int i = 0; i < runs_; ++i) {
    ASSIGN_OR_RETURN(end, RunSubject(request_.subject, words, streams_));
  }
  for (const Later& later : later_) ApplyToResult(later, end);
  WriteAll(STDOUT_FILENO, end.output);
  return end.code;
}

}  // namespace

absl::StatusOr<int> RunFaultyEngine(const FaultRequest& request,
                                    const std::vector<std::string>& words) {
  if (request.subject.empty() || request.subject[0] != '/') {
    return absl::InvalidArgumentError("--subject=ENGINE: expected an absolute path");
  }
  // Nothing of this is the engine's, or its hooks', to know.
  for (const char* name : {"SHIMGAUGE_FAULT", "SHIMGAUGE_FAULT_RULES", "SHIMGAUGE_FAULT_JOURNAL",
                           "SHIMGAUGE_FAULT_SUBJECT"}) {
    ::unsetenv(name);
  }
  absl::StatusOr<EngineWords> parsed = ParseEngineWords(words);
  // What is no command line of an engine is for the engine to complain about.
  if (!parsed.ok()) return BecomeSubject(request.subject, words);
  return Call(request, *std::move(parsed)).Run(words);
}

}  // namespace fakes
