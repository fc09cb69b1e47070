// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/proof_file.h"

#include <absl/strings/str_cat.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "conformance/reports/json_fields.h"
#include "conformance/reports/json_records.h"
#include "conformance/selftest/scratch.h"

namespace conformance {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kProofSchema = 1;

Json CellJson(const Cell& cell) {
  Json json = {{"check", cell.check}, {"kind", std::string(CellKindName(cell.kind))}};
  if (!cell.expected.empty()) json["expected"] = cell.expected;
  if (!cell.verdict.empty()) json["verdict"] = cell.verdict;
  if (!cell.why.empty()) json["why"] = cell.why;
  if (!cell.detail.empty()) json["detail"] = cell.detail;
  json["executions"] = cell.executions;
  json["kills"] = cell.kills;
  json["ms"] = cell.ms;
  return json;
}

absl::Status ReadCell(JsonFields& fields, Cell& cell) {
  std::string kind;
  fields.Get("check", cell.check);
  fields.Get("kind", kind);
  const std::optional<CellKind> parsed = ParseCellKind(kind);
  if (!parsed) fields.Fail("kind", "expected intended, otherwise, survived, unstable, not-reached");
  cell.kind = parsed.value_or(CellKind::kNotReached);
  fields.Find("expected", cell.expected);
  fields.Find("verdict", cell.verdict);
  fields.Find("why", cell.why);
  fields.Find("detail", cell.detail);
  fields.Get("executions", cell.executions);
  fields.Get("kills", cell.kills);
  fields.Get("ms", cell.ms);
  return fields.status();
}

Json FaultJson(const FaultRecord& fault) {
  Json json = {{"seam", fault.seam},
               {"name", fault.name},
               {"what", fault.what},
               {"origin", fault.origin},
               {"standing", StandingText(StandingOf(fault))}};
  if (!fault.equivalent.empty()) json["equivalent"] = fault.equivalent;
  json["key"] = fault.key;
  if (!fault.row_key.empty()) json["row_key"] = fault.row_key;
  if (fault.earlier) json["earlier"] = true;
  json["firings"] = fault.firings;
  json["cells"] = Json::array();
  for (const Cell& cell : fault.cells) json["cells"].push_back(CellJson(cell));
  json["also_green"] = fault.also_green;
  json["also_not_reached"] = fault.also_not_reached;
  if (!fault.first_screen.empty()) json["first_screen"] = fault.first_screen;
  if (!fault.problem.empty()) json["problem"] = fault.problem;
  json["ms"] = fault.ms;
  return json;
}

absl::Status ReadFault(JsonFields& fields, FaultRecord& fault) {
  fields.Get("seam", fault.seam);
  fields.Get("name", fault.name);
  fields.Get("what", fault.what);
  fields.Get("origin", fault.origin);
  fields.Find("equivalent", fault.equivalent);
  fields.Get("key", fault.key);
  fields.Find("row_key", fault.row_key);
  fields.Find("earlier", fault.earlier);
  fields.Get("firings", fault.firings);
  fields.Each("cells",
              [&](JsonFields& cell) { return ReadCell(cell, fault.cells.emplace_back()); });
  fields.Get("also_green", fault.also_green);
  fields.Get("also_not_reached", fault.also_not_reached);
  fields.Find("first_screen", fault.first_screen);
  fields.Find("problem", fault.problem);
  fields.Get("ms", fault.ms);
  return fields.status();
}

Json NullJson(const NullRecord& null) {
  return {{"name", null.name},           {"what", null.what},       {"ok", null.ok()},
          {"exit_code", null.exit_code}, {"judged", null.judged},   {"passed", null.passed},
          {"left", null.left},           {"problem", null.problem}, {"ms", null.ms}};
}

absl::Status ReadNull(JsonFields& fields, NullRecord& null) {
  fields.Get("name", null.name);
  fields.Get("what", null.what);
  fields.Get("exit_code", null.exit_code);
  fields.Get("judged", null.judged);
  fields.Get("passed", null.passed);
  fields.Get("left", null.left);
  fields.Get("problem", null.problem);
  fields.Get("ms", null.ms);
  return fields.status();
}

Json LegalJson(const LegalRecord& legal) {
  return {{"name", legal.name},       {"what", legal.what},
          {"ok", legal.ok()},         {"skipped", legal.skipped},
          {"key", legal.key},         {"repeats", legal.repeats},
          {"passed", legal.passed},   {"unexpected", legal.unexpected},
          {"problem", legal.problem}, {"ms", legal.ms}};
}

absl::Status ReadLegal(JsonFields& fields, LegalRecord& legal) {
  fields.Get("name", legal.name);
  fields.Get("what", legal.what);
  fields.Get("skipped", legal.skipped);
  fields.Find("key", legal.key);
  fields.Get("repeats", legal.repeats);
  fields.Get("passed", legal.passed);
  fields.Get("unexpected", legal.unexpected);
  fields.Get("problem", legal.problem);
  fields.Get("ms", legal.ms);
  return fields.status();
}

absl::Status ReadAll(JsonFields& fields, Proof& proof) {
  int schema = 0;
  fields.Get("schema", schema);
  if (fields.status().ok() && schema != kProofSchema) {
    fields.Fail("schema", absl::StrCat("is ", schema, ", expected ", kProofSchema));
  }
  fields.Get("command", proof.command);
  fields.Get("suite", proof.suite_version);
  fields.Get("shim", proof.shim);
  fields.Get("shim_sha256", proof.shim_sha256);
  fields.Get("kernel", proof.kernel);
  fields.Get("started", proof.started);
  fields.Find("revision", proof.revision);
  fields.Get("complete", proof.complete);
  fields.Find("not_begun", proof.not_begun);
  fields.Get("repeat", proof.repeat);
  fields.Get("healthy_red", proof.healthy_red);
  fields.Each("faults",
              [&](JsonFields& one) { return ReadFault(one, proof.faults.emplace_back()); });
  fields.Each("null", [&](JsonFields& one) { return ReadNull(one, proof.nulls.emplace_back()); });
  fields.Each("legal", [&](JsonFields& one) { return ReadLegal(one, proof.legal.emplace_back()); });
  fields.Get("ms", proof.ms);
  return fields.status();
}

// `read` fills the record from the members of the object that `text` is.
template <typename Record>
absl::StatusOr<Record> Parse(absl::string_view text, const std::string& name,
                             absl::Status (*read)(JsonFields&, Record&)) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, false);
  if (!json.is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": no JSON object; expected what --result of a selftest wrote"));
  }
  Record record;
  JsonFields fields(name, json);
  RETURN_IF_ERROR(read(fields, record));
  return record;
}

}  // namespace

std::string FormatProof(const Proof& proof) {
  Json json = {{"schema", kProofSchema},           {"command", proof.command},
               {"suite", proof.suite_version},     {"shim", proof.shim},
               {"shim_sha256", proof.shim_sha256}, {"kernel", proof.kernel},
               {"started", proof.started},         {"complete", proof.complete},
               {"not_begun", proof.not_begun},     {"repeat", proof.repeat},
               {"healthy_red", proof.healthy_red}};
  if (!proof.revision.empty()) json["revision"] = proof.revision;
  json["faults"] = Json::array();
  for (const FaultRecord& fault : proof.faults) json["faults"].push_back(FaultJson(fault));
  json["null"] = Json::array();
  for (const NullRecord& null : proof.nulls) json["null"].push_back(NullJson(null));
  json["legal"] = Json::array();
  for (const LegalRecord& legal : proof.legal) json["legal"].push_back(LegalJson(legal));
  json["ms"] = proof.ms;
  return JsonText(json, 1) + "\n";
}

absl::StatusOr<Proof> ParseProof(absl::string_view text, const std::string& name) {
  return Parse(text, name, &ReadAll);
}

absl::StatusOr<Proof> ReadProof(const std::string& path) {
  const std::string text = TextOf(path);
  if (text.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": cannot be read, or empty; expected what --result wrote"));
  }
  return ParseProof(text, path);
}

std::string FormatFaultRecord(const FaultRecord& fault) {
  return JsonText(FaultJson(fault), 1) + "\n";
}

absl::StatusOr<FaultRecord> ParseFaultRecord(absl::string_view text, const std::string& name) {
  return Parse(text, name, &ReadFault);
}

std::string FormatLegalRecord(const LegalRecord& legal) {
  return JsonText(LegalJson(legal), 1) + "\n";
}

absl::StatusOr<LegalRecord> ParseLegalRecord(absl::string_view text, const std::string& name) {
  return Parse(text, name, &ReadLegal);
}

}  // namespace conformance
