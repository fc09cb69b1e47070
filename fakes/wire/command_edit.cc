// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <thread>

#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "containerd/bootstrap.h"
#include "fakes/wire/command_acts.h"
#include "fakes/wire/field_path.h"
#include "fakes/wire/shim_command.h"

namespace fakes {
namespace {

constexpr int kForeignField = 9999;

absl::Status EditResult(const WireRule& rule, ShimOutcome& outcome) {
  ASSIGN_OR_RETURN(containerd::BootstrapResult result,
                   containerd::ParseStartResult(outcome.output));
  using containerd::Dialect;
  std::string protocol;
  for (const WireAssignment& one : rule.assignments) {
    if (one.field == "address") {
      result.address = one.op == WireAssignment::Op::kAdd ? result.address + one.value : one.value;
    } else if (one.field == "protocol") {
      protocol = one.value;
    } else if (one.field == "dialect") {
      result.dialect = one.value == "json"       ? Dialect::kJson
                       : one.value == "protobuf" ? Dialect::kProtobuf
                                                 : Dialect::kText;
    } else if (!absl::SimpleAtoi(one.value, &result.version)) {
      return absl::InvalidArgumentError(absl::StrCat("version: '", one.value, "' is no number"));
    }
  }
  // The bare text can tell of neither.
  if (result.dialect == Dialect::kText && (result.version != 2 || !protocol.empty())) {
    result.dialect = Dialect::kJson;
  }
  ASSIGN_OR_RETURN(outcome.output, containerd::EncodeStartResult(result));
  if (protocol.empty()) return absl::OkStatus();
  // Any word, also one that the encoder does not know: in JSON, where it is easily put.
  result.dialect = Dialect::kJson;
  ASSIGN_OR_RETURN(outcome.output, containerd::EncodeStartResult(result));
  const std::size_t at = outcome.output.find("\"protocol\":\"ttrpc\"");
  if (at != std::string::npos) {
    outcome.output.replace(at, sizeof("\"protocol\":\"ttrpc\"") - 1,
                           absl::StrCat("\"protocol\":\"", protocol, "\""));
  }
  return absl::OkStatus();
}

absl::Status EditMessage(WireSide side, const WireRule& rule, ShimOutcome& outcome) {
  const auto message = NewMessageOf(side == WireSide::kDelete ? "containerd.task.v3.DeleteResponse"
                                                              : "containerd.types.RuntimeInfo");
  if (!message->ParseFromString(outcome.output)) {
    return absl::InvalidArgumentError("the shim's output is undecodable");
  }
  for (const WireAssignment& one : rule.assignments) {
    RETURN_IF_ERROR(WriteField(*message, one.field, one.op, one.value));
  }
  for (const std::string& field : rule.fields) RETURN_IF_ERROR(ClearField(*message, field));
  if (rule.act == WireAct::kUnknownField) {
    message->GetReflection()->MutableUnknownFields(message.get())->AddVarint(kForeignField, 1);
  }
  outcome.output = message->SerializeAsString();
  return absl::OkStatus();
}

absl::Status WriteFile(const std::string& name, const std::string& text) {
  const base::UniqueFd fd(::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", name));
  if (::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) {
    return absl::OkStatus();
  }
  return base::ErrnoStatus(errno, absl::StrCat("write ", name));
}

absl::Status RunAfter(const WireRule& rule, ShimOutcome& outcome) {
  ASSIGN_OR_RETURN(const int code, RunInShell(rule.text));
  if (code != 0) outcome.code = code;
  return absl::OkStatus();
}

absl::Status Edit(WireSide side, const WireRule& rule, const CommandFacts& facts,
                  ShimOutcome& outcome) {
  switch (rule.act) {
    case WireAct::kSet:
    case WireAct::kClear:
    case WireAct::kUnknownField:
      if (outcome.code != 0) return absl::OkStatus();  // there is no result
      return side == WireSide::kStart ? EditResult(rule, outcome)
                                      : EditMessage(side, rule, outcome);
    case WireAct::kPrint:
      outcome.output = rule.text;
      return absl::OkStatus();
    case WireAct::kPrintBefore:
      outcome.output = rule.text + outcome.output;
      return absl::OkStatus();
    case WireAct::kPrintAfter:
      outcome.output += rule.text;
      return absl::OkStatus();
    case WireAct::kStderr:
      (void)!::write(STDERR_FILENO, rule.text.data(), rule.text.size());
      return absl::OkStatus();
    case WireAct::kExit:
      outcome.code = static_cast<int>(rule.number);
      return absl::OkStatus();
    case WireAct::kSleep:
      std::this_thread::sleep_for(std::chrono::milliseconds(rule.number));
      return absl::OkStatus();
    case WireAct::kRemoveFile:
      ::unlink(rule.target.c_str());
      return absl::OkStatus();
    case WireAct::kWriteFile:
      return WriteFile(rule.target, rule.text);
    case WireAct::kThen:
      return RunAfter(rule, outcome);
    case WireAct::kEmit:
      return Emit(rule, facts);
    case WireAct::kDie:
      Die(static_cast<int>(rule.number));
    default:
      return absl::OkStatus();  // of how it is run
  }
}

}  // namespace

absl::Status EditOutcome(WireSide side, const std::vector<const WireRule*>& rules,
                         const CommandFacts& facts, ShimOutcome& outcome) {
  for (const WireRule* rule : rules) RETURN_IF_ERROR(Edit(side, *rule, facts, outcome));
  return absl::OkStatus();
}

bool EditRun(const std::vector<const WireRule*>& rules, ShimRun& run) {
  for (const WireRule* rule : rules) {
    if (rule->act == WireAct::kEnv) {
      const std::size_t at = rule->text.find('=');
      run.env[rule->text.substr(0, at)] = rule->text.substr(at + 1);
    }
    if (rule->act == WireAct::kNoInput) run.input = "";
  }
  return !Has(rules, WireAct::kSkip);
}

}  // namespace fakes
