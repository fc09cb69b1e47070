// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/command_facts.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/strip.h>

#include <cstdlib>

#include "base/kernel_file.h"
#include "bootstrap/v1/bootstrap.pb.h"
#include "containerd/bootstrap.h"

namespace fakes {
namespace {

const char* FormName(containerd::StartInput::Form form) {
  using Form = containerd::StartInput::Form;
  switch (form) {
    case Form::kEmpty:
      return "empty";
    case Form::kLegacyOptions:
      return "options";
    case Form::kParams:
      return "params";
    case Form::kIgnored:
      break;
  }
  return "unknown";
}

}  // namespace

void AddLineFacts(const std::vector<std::string>& args, CommandFacts& facts) {
  facts["line"] = absl::StrJoin(args, " ");
  const bool two = !args.empty() && absl::StartsWith(args[0], "--");
  facts["dashes"] = two ? "2" : "1";
}

void AddInputFacts(const std::string& input, CommandFacts& facts) {
  const containerd::StartInput::Form form =
      containerd::ParseStartInput(input, facts["id"], facts["namespace"]).form;
  facts["input"] = input.empty() ? "false" : "true";
  facts["input-size"] = absl::StrCat(input.size());
  facts["form"] = FormName(form);
  containerd::runtime::bootstrap::v1::BootstrapParams params;
  if (form != containerd::StartInput::Form::kParams || !params.ParseFromString(input)) return;
  facts["params.containerd_version"] = params.containerd_version();
  facts["params.log_level"] = absl::StrCat(static_cast<int>(params.log_level()));
  facts["params.socket_dir"] = params.socket_dir();
  facts["params.extensions"] = absl::StrCat(params.extensions_size());
}

std::string LookUp(absl::string_view fact) {
  if (absl::ConsumePrefix(&fact, "env.")) {
    const char* value = std::getenv(std::string(fact).c_str());
    return value == nullptr ? "" : value;
  }
  if (absl::ConsumePrefix(&fact, "file.")) {
    return base::ReadKernelFile(std::string(fact)).value_or("");
  }
  return "";
}

}  // namespace fakes
