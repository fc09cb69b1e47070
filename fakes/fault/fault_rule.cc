// SPDX-License-Identifier: Apache-2.0
#include "fakes/fault/fault_rule.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/status_macros.h"
#include "fakes/fault/limits.h"
#include "oci/json_reader.h"
#include "oci/json_text.h"

namespace fakes {
namespace {

constexpr int kSignalMax = 64;
constexpr int kExitCodeMax = 255;
constexpr int kHttpErrorMin = 400;
constexpr int kHttpErrorMax = 599;
constexpr int kStatusCodeMax = 16;  // of gRPC, which ttrpc uses

std::string VerbNames(FaultSeam seam) {
  std::vector<absl::string_view> names;
  for (const FaultVerb& verb : AllFaultVerbs()) {
    if (verb.seam == seam) names.push_back(verb.name);
  }
  return absl::StrJoin(names, ", ");
}

std::string FaultNames(FaultSeam seam) {
  std::vector<absl::string_view> names;
  for (const FaultInfo& info : AllFaults()) {
    if (info.seam == seam) names.push_back(info.name);
  }
  return absl::StrJoin(names, ", ");
}

template <typename Integer>
absl::Status ReadNumber(oci::JsonReader& in, std::uint64_t max, Integer& out) {
  std::uint64_t value = 0;
  RETURN_IF_ERROR(in.ReadUnsigned(max, value));
  out = static_cast<Integer>(value);
  return absl::OkStatus();
}

absl::Status ReadVerb(oci::JsonReader& in, FaultSeam seam, std::string& out) {
  RETURN_IF_ERROR(in.ReadString(out));
  if (out.empty() || FindFaultVerb(seam, out) != nullptr) return absl::OkStatus();
  return in.ValueError(absl::StrCat("\"", out, "\" is none of ", VerbNames(seam)));
}

absl::Status ReadFault(oci::JsonReader& in, FaultSeam seam, Fault& out) {
  std::string name;
  RETURN_IF_ERROR(in.ReadString(name));
  const FaultInfo* info = FindFault(seam, name);
  if (info == nullptr) {
    return in.ValueError(absl::StrCat("\"", name, "\" is none of ", FaultNames(seam)));
  }
  out = info->fault;
  return absl::OkStatus();
}

absl::Status ReadPoint(oci::JsonReader& in, FaultPoint& out) {
  std::string name;
  RETURN_IF_ERROR(in.ReadString(name));
  if (ParseFaultPoint(name, out)) return absl::OkStatus();
  return in.ValueError(absl::StrCat("\"", name, "\" is none of before, middle, after"));
}

// What of a rule was said, for what its fault cannot use.
struct Said {
  unsigned parameters = 0;
  bool fault = false;
};

absl::Status ReadMember(oci::JsonReader& in, absl::string_view name, FaultSeam seam,
                        FaultRule& rule, Said& said) {
  const auto parameter = [&said](FaultParameter which) { said.parameters |= which; };
  if (name == "fault") {
    said.fault = true;
    return ReadFault(in, seam, rule.fault);
  }
  if (name == "verb") return ReadVerb(in, seam, rule.verb);
  if (name == "container") return in.ReadString(rule.container);
  if (name == "id") return in.ReadString(rule.id);
  if (name == "occurrence") return ReadNumber(in, ~std::uint32_t{0}, rule.occurrence);
  if (name == "point") {
    parameter(kPoint);
    return ReadPoint(in, rule.point);
  }
  if (name == "until") {
    parameter(kUntilOrMs);
    return in.ReadString(rule.until);
  }
  if (name == "ms") {
    parameter(kUntilOrMs);
    return ReadNumber(in, kFaultMsMax, rule.ms);
  }
  if (name == "code") {
    parameter(kCode);
    return ReadNumber(in, seam == FaultSeam::kHypervisor ? kHttpErrorMax : kExitCodeMax, rule.code);
  }
  if (name == "message") {
    parameter(kMessage);
    return in.ReadString(rule.message);
  }
  if (name == "signal") {
    parameter(kSignal);
    return ReadNumber(in, kSignalMax, rule.signal);
  }
  if (name == "bytes") {
    parameter(kBytes);
    return ReadNumber(in, kFloodBytesMax, rule.bytes);
  }
  return in.ValueError(
      "no such member; there are fault, verb, container, occurrence, point, until, ms, code, "
      "message, signal, bytes, id");
}

std::string ParameterNames(unsigned parameters) {
  static const std::vector<std::pair<FaultParameter, const char*>> names = {
      {kUntilOrMs, "until or ms"}, {kCode, "code"},   {kMessage, "message"},
      {kSignal, "signal"},         {kBytes, "bytes"}, {kPoint, "point"}};
  std::vector<std::string> found;
  for (const auto& [parameter, name] : names) {
    if ((parameters & parameter) != 0) found.emplace_back(name);
  }
  return absl::StrJoin(found, ", ");
}

// What is wrong with the rule as a whole; empty: nothing.
std::string Misfit(const FaultRule& rule, FaultSeam seam) {
  const FaultInfo& info = *FindFault(seam, rule.fault);
  const std::vector<std::string> fitting = absl::StrSplit(info.verbs, ' ', absl::SkipEmpty());
  if (!rule.verb.empty() && !fitting.empty() &&
      std::find(fitting.begin(), fitting.end(), rule.verb) == fitting.end()) {
    return absl::StrCat("fault \"", info.name, "\" fits ", absl::StrJoin(fitting, " and "),
                        " only");
  }
  if (rule.point == FaultPoint::kMiddle) {
    const FaultVerb* verb = FindFaultVerb(seam, rule.verb);
    if (verb == nullptr) return "point \"middle\" needs a verb";
    if (verb->middle.empty()) return absl::StrCat("verb \"", rule.verb, "\" has no middle");
  }
  if (rule.fault == Fault::kSlow) {
    if (rule.until.empty() == (rule.ms == 0)) return "needs either until or ms";
    if (!rule.until.empty() && rule.until[0] != '/') return "until: not an absolute path";
  }
  if (rule.fault == Fault::kDrip && !rule.until.empty()) return "drip waits by ms, not until";
  if (rule.fault == Fault::kRefuse && seam == FaultSeam::kAgent) {
    if (rule.code < 1 || rule.code > kStatusCodeMax) return "code: not from 1 to 16";
  } else if (rule.fault == Fault::kRefuse &&
             (rule.code < kHttpErrorMin || rule.code > kHttpErrorMax)) {
    return "code: not from 400 to 599";
  }
  std::int32_t status = 0;
  if (rule.fault == Fault::kOddStatus && !absl::SimpleAtoi(rule.message, &status)) {
    return "message: no number of 32 bits";
  }
  if (rule.fault == Fault::kFail && (rule.code < 0 || rule.code > kExitCodeMax)) {
    return "code: not from 0 to 255";
  }
  if (rule.fault == Fault::kDie && (rule.signal < 1 || rule.signal > kSignalMax)) {
    return "signal: not from 1 to 64";
  }
  if (rule.message.find('\n') != std::string::npos) return "message: more than one line";
  return "";
}

absl::Status ReadRule(oci::JsonReader& in, FaultSeam seam, FaultRule& rule) {
  Said said;
  RETURN_IF_ERROR(in.ReadObject(
      [&](absl::string_view name) { return ReadMember(in, name, seam, rule, said); }));
  if (!said.fault) {
    return in.ValueError(absl::StrCat("no member \"fault\"; there are ", FaultNames(seam)));
  }
  const FaultInfo& info = *FindFault(seam, rule.fault);
  const unsigned useless = said.parameters & ~info.parameters;
  if (useless != 0) {
    return in.ValueError(
        absl::StrCat("fault \"", info.name, "\" has no ", ParameterNames(useless)));
  }
  const std::string misfit = Misfit(rule, seam);
  return misfit.empty() ? absl::OkStatus() : in.ValueError(misfit);
}

absl::Status ReadDocument(oci::JsonReader& in, FaultSeam seam, std::vector<FaultRule>& rules) {
  std::uint64_t schema = 0;
  const absl::Status members = in.ReadObject([&](absl::string_view name) -> absl::Status {
    if (name == "schema") {
      RETURN_IF_ERROR(in.ReadUnsigned(~std::uint64_t{0}, schema));
      return schema == 1 ? absl::OkStatus() : in.ValueError("this build knows schema 1");
    }
    if (name != "rules") return in.ValueError("no such member; there are schema and rules");
    std::set<std::string> ids;
    return in.ReadArray([&]() -> absl::Status {
      if (rules.size() == kFaultRulesMax) return in.ValueError("too many rules");
      FaultRule& rule = rules.emplace_back();
      RETURN_IF_ERROR(ReadRule(in, seam, rule));
      if (rule.id.empty()) rule.id = absl::StrCat("rule-", rules.size());
      if (rule.id.find('\n') != std::string::npos) return in.ValueError("id: more than one line");
      if (ids.insert(rule.id).second) return absl::OkStatus();
      return in.ValueError(absl::StrCat("id \"", rule.id, "\" occurs twice"));
    });
  });
  RETURN_IF_ERROR(members);
  RETURN_IF_ERROR(in.Finish());
  if (schema == 0) return absl::InvalidArgumentError("schema: missing; expected 1");
  return absl::OkStatus();
}

std::string FormatRule(const FaultRule& rule, const FaultInfo& info, std::size_t number) {
  const unsigned parameters = info.parameters;
  std::string text = absl::StrCat("{\"fault\":", oci::JsonQuote(info.name));
  const auto put = [&text](absl::string_view name, const std::string& value) {
    absl::StrAppend(&text, ",\"", name, "\":", value);
  };
  if (!rule.verb.empty()) put("verb", oci::JsonQuote(rule.verb));
  if (!rule.container.empty()) put("container", oci::JsonQuote(rule.container));
  put("occurrence", absl::StrCat(rule.occurrence));
  if ((parameters & kPoint) != 0) {
    put("point", oci::JsonQuote(FaultPointName(rule.point)));
  }
  if ((parameters & kUntilOrMs) != 0 && !rule.until.empty()) {
    put("until", oci::JsonQuote(rule.until));
  }
  if ((parameters & kUntilOrMs) != 0 && rule.ms != 0) put("ms", absl::StrCat(rule.ms));
  if ((parameters & kCode) != 0) put("code", absl::StrCat(rule.code));
  if ((parameters & kMessage) != 0) put("message", oci::JsonQuote(rule.message));
  if ((parameters & kSignal) != 0) put("signal", absl::StrCat(rule.signal));
  if ((parameters & kBytes) != 0) put("bytes", absl::StrCat(rule.bytes));
  put("id", oci::JsonQuote(rule.id.empty() ? absl::StrCat("rule-", number) : rule.id));
  return absl::StrCat(text, "}");
}

}  // namespace

absl::StatusOr<std::vector<FaultRule>> ParseFaultRules(absl::string_view json, FaultSeam seam,
                                                       const std::string& file_name) {
  std::vector<FaultRule> rules;
  oci::JsonReader in(json);
  RETURN_IF_ERROR(base::Annotate(ReadDocument(in, seam, rules), file_name));
  return rules;
}

absl::StatusOr<std::string> FormatFaultRules(const std::vector<FaultRule>& rules, FaultSeam seam) {
  std::vector<std::string> lines;
  for (const FaultRule& rule : rules) {
    const FaultInfo* info = FindFault(seam, rule.fault);
    if (info == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(
          "rules[", lines.size(), "]: no such fault at this seam; there are ", FaultNames(seam)));
    }
    lines.push_back(FormatRule(rule, *info, lines.size() + 1));
  }
  std::string text =
      absl::StrCat("{\"schema\":1,\"rules\":[\n", absl::StrJoin(lines, ",\n"), "\n]}\n");
  // Whatever the reader would refuse is the writer's error.
  RETURN_IF_ERROR(ParseFaultRules(text, seam, "faults").status());
  return text;
}

}  // namespace fakes
