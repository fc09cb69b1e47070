// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/proof_page.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>

#include <algorithm>
#include <functional>

#include "base/sha256.h"
#include "conformance/harness/names.h"
#include "conformance/selftest/fault_rows.h"
#include "conformance/selftest/fault_runner.h"
#include "conformance/selftest/legal_variants.h"
#include "conformance/selftest/races.h"
#include "conformance/selftest/selftest_console.h"

namespace conformance {
namespace {

constexpr std::size_t kSlowest = 10;
constexpr FaultStanding kStandings[] = {FaultStanding::kKilled,     FaultStanding::kEquivalent,
                                        FaultStanding::kOtherwise,  FaultStanding::kSurvived,
                                        FaultStanding::kUnstable,   FaultStanding::kNotReached,
                                        FaultStanding::kNeverFired, FaultStanding::kProblem};

// A cell of a table.
std::string Cellular(const std::string& text) {
  return absl::StrReplaceAll(text, {{"|", "\\|"}, {"\n", " "}, {"<", "&lt;"}});
}

std::string Row(const std::vector<std::string>& cells) {
  return absl::StrCat(
      "| ",
      absl::StrJoin(cells, " | ",
                    [](std::string* out, const std::string& cell) { *out += Cellular(cell); }),
      " |\n");
}

std::string Head(const std::vector<std::string>& cells) {
  std::string rule = "|";
  for (std::size_t i = 0; i < cells.size(); ++i) rule += "---|";
  return Row(cells) + rule + "\n";
}

std::string Code(const std::string& text) { return absl::StrCat("`", text, "`"); }

std::string CodeList(const std::vector<std::string>& words) {
  return absl::StrJoin(words, ", ", [](std::string* out, const std::string& word) {
    absl::StrAppend(out, "`", word, "`");
  });
}

// Green variants, those that could be tried, and how often.
struct LegalCount {
  std::size_t green = 0;
  std::size_t tried = 0;
  std::size_t repeats_min = 0;  // of any
  std::size_t repeats = 0;      // of all together
};
LegalCount CountLegal(const Proof& proof) {
  LegalCount count;
  for (const LegalRecord& legal : proof.legal) {
    if (!legal.skipped.empty()) continue;
    count.repeats_min =
        count.tried == 0 ? legal.repeats : std::min(count.repeats_min, legal.repeats);
    count.repeats += legal.repeats;
    ++count.tried;
    if (legal.ok()) ++count.green;
  }
  return count;
}

// Those that some verdict could tell from a healthy shim.
std::size_t Killable(const ProofSum& sum) {
  return sum.main().faults.size() - sum.CountFaults(FaultStanding::kEquivalent);
}

std::size_t NullPasses(const Proof& proof) {
  std::size_t passes = 0;
  for (const NullRecord& null : proof.nulls) passes += null.passed.size();
  return passes;
}

std::int64_t LongestNull(const Proof& proof) {
  std::int64_t ms = 0;
  for (const NullRecord& null : proof.nulls) ms = std::max(ms, null.ms);
  return ms;
}

std::string Overview(const ProofSum& sum, const std::vector<Check>& checks) {
  const Proof& proof = sum.main();
  const LegalCount legal = CountLegal(proof);
  return absl::StrCat(
      "# Proof\n\nWhat the judge catches, and that it catches nothing else. Written by `ci/proof`, "
      "not "
      "by hand;\n[selftest.md](selftest.md) tells how, and what the words mean.\n\n",
      "<!-- proof: begin -->\n", ProofFigures(sum), "<!-- proof: end -->\n\n<!-- digest ",
      ProofDigest(checks), " -->\n\n", Head({"", ""}),
      Row({"known faults that are caught",
           absl::StrCat(sum.CountFaults(FaultStanding::kKilled), " of ", Killable(sum))}),
      Row({"legal variants without an alarm",
           absl::StrCat(legal.green, " of ", legal.tried, "; the whole suite ", legal.repeats,
                        " times, each variant at least ", legal.repeats_min)}),
      Row({"checks at MUST that pass on what is no shim",
           absl::StrCat(NullPasses(proof), " on ", proof.nulls.size(), " programs; longest run ",
                        RunTime(LongestNull(proof)))}),
      Row({"suite, subject", absl::StrCat(proof.suite_version, ", ", Code(proof.shim))}),
      Row({"machine, time",
           absl::StrCat(proof.kernel, ", ", proof.started, ", ", RunTime(proof.ms), " in all")}),
      proof.complete ? "" : "\n**The results are not complete.**\n");
}

// Rows by `key`, one column for each standing.
std::string StandingTable(const std::string& title, const std::vector<FaultRecord>& faults,
                          const std::function<std::string(const FaultRecord&)>& key) {
  std::vector<std::string> keys;
  std::map<std::string, std::map<FaultStanding, std::size_t>> counts;
  for (const FaultRecord& fault : faults) {
    if (counts.count(key(fault)) == 0) keys.push_back(key(fault));
    ++counts[key(fault)][StandingOf(fault)];
  }
  std::vector<std::string> head = {title, "faults"};
  for (const FaultStanding standing : kStandings) head.push_back(StandingText(standing));
  std::string text = Head(head);
  for (const std::string& one : keys) {
    std::size_t total = 0;
    for (const auto& [standing, count] : counts[one]) total += count;
    std::vector<std::string> row = {one, absl::StrCat(total)};
    for (const FaultStanding standing : kStandings) {
      row.push_back(absl::StrCat(counts[one][standing]));
    }
    text += Row(row);
  }
  return text;
}

std::string AreaOfFault(const FaultRecord& fault) {
  return fault.cells.empty() ? "none" : AreaOf(fault.cells.front().check);
}

std::string Standings(const ProofSum& sum) {
  return absl::StrCat(
      "\n## Faults by seam and area\n\n",
      StandingTable("seam", sum.main().faults, [](const FaultRecord& fault) { return fault.seam; }),
      "\nThe area is that of the check a fault is made for.\n\n",
      StandingTable("area", sum.main().faults, &AreaOfFault));
}

std::string Shortfalls(const ProofSum& sum) {
  std::string text;
  for (const std::string& check : sum.main().healthy_red) {
    absl::StrAppend(&text, "* ", Code(check), ": red on the healthy subject\n");
  }
  for (const FaultRecord& fault : sum.main().faults) {
    if (IsProven(fault)) continue;
    absl::StrAppend(&text, "* ", fault.seam, " ", Code(fault.name), " ",
                    StandingText(StandingOf(fault)), ": ", ShortfallOf(fault), "\n");
  }
  for (const NullRecord& null : sum.main().nulls) {
    if (null.ok()) continue;
    absl::StrAppend(&text, "* null subject ", Code(null.name), ": ", null.problem, " ",
                    CodeList(null.passed), " ", CodeList(null.left), "\n");
  }
  for (const LegalRecord& legal : sum.main().legal) {
    if (legal.ok()) continue;
    absl::StrAppend(&text, "* legal variant ", Code(legal.name), ": ", legal.problem, " ",
                    CodeList(legal.unexpected), "\n");
  }
  return absl::StrCat("\n## What is not as it should be\n\n", text.empty() ? "Nothing.\n" : text);
}

std::string Equivalents(const ProofSum& sum) {
  std::string text;
  for (const FaultRecord& fault : sum.main().faults) {
    if (fault.equivalent.empty()) continue;
    absl::StrAppend(&text, "* ", fault.seam, " ", Code(fault.name), " (", fault.what,
                    "): ", fault.equivalent, "\n");
  }
  return absl::StrCat(
      "\n## Equivalent faults\n\nNo verdict can tell these from a healthy shim.\n\n",
      text.empty() ? "None.\n" : text);
}

std::string FaultTable(const ProofSum& sum) {
  std::string text = absl::StrCat("\n## Every fault\n\n",
                                  Head({"fault", "defect", "found as", "caught by", "why"}));
  for (const FaultRecord& fault : sum.main().faults) {
    if (!fault.equivalent.empty()) continue;
    std::vector<std::string> checks;
    std::vector<std::string> whys;
    for (const Cell& cell : fault.cells) {
      if (cell.expected.empty()) continue;
      checks.push_back(Code(cell.check));
      if (std::find(whys.begin(), whys.end(), cell.expected) == whys.end()) {
        whys.push_back(cell.expected);
      }
    }
    text += Row({absl::StrCat(fault.seam, " ", Code(fault.name)), fault.what, fault.origin,
                 absl::StrJoin(checks, " "), absl::StrJoin(whys, " ")});
  }
  return text;
}

std::string Races(const ProofSum& sum) {
  if (sum.races().empty()) return "";
  std::string text = absl::StrCat(
      "\n## Races\n\nHow probably one execution of the check catches the fault: at least so, with "
      "95 % confidence.\n\n",
      Head({"fault", "check", "caught", "probability at least"}));
  for (const FaultRecord& fault : sum.races()) {
    for (const Cell& cell : fault.cells) {
      if (cell.expected.empty()) continue;
      text += Row({Code(fault.name), Code(cell.check),
                   absl::StrCat(cell.kills, " of ", cell.executions),
                   absl::StrFormat("%.3f", KillProbabilityBound(cell.kills, cell.executions))});
    }
  }
  return text;
}

std::string Checks(const ProofSum& sum, const std::vector<Check>& checks) {
  const auto intended = sum.KillsByCheck(true);
  const auto any = sum.KillsByCheck(false);
  std::vector<std::string> without;
  std::vector<std::string> idle;
  std::size_t own = 0;
  std::size_t counted = 0;
  for (const Check& check : checks) {
    if (IsDouble(check)) continue;
    ++counted;
    if (intended.count(check.id) > 0) {
      ++own;
    } else {
      without.push_back(check.id);
    }
    if (any.count(check.id) == 0) idle.push_back(check.id);
  }
  const std::vector<std::string> requirements = sum.UnprovenRequirements(checks);
  std::string text = absl::StrCat(
      "\n## Checks\n\n", own, " of ", counted,
      " checks catch a fault as its row intends (doubles in the other dialect or version are not "
      "counted).\n\n",
      without.size(), " do not: ", CodeList(without), "\n\n", requirements.size(),
      " requirements have no such check: ", absl::StrJoin(requirements, ", "), "\n");
  if (sum.matrix() == 0) {
    return text + "\nNo fault was given to every check: which checks overlap is not known.\n";
  }
  if (sum.matrix() < sum.main().faults.size()) {
    absl::StrAppend(&text, "\n", sum.matrix(), " of ", sum.main().faults.size(),
                    " faults were given to every check, the others to those of their rows. So far "
                    "that goes:\n");
  }
  if (sum.earlier_matrix() > 0) {
    absl::StrAppend(&text, "\n", sum.earlier_matrix(),
                    " of them were given to every check when programs were others than now.\n");
  }
  absl::StrAppend(&text, "\n", sum.MinimalPairs().size(),
                  " checks have a fault that turns no other check red. ", idle.size(),
                  " checks were red for no fault at all: ", CodeList(idle), "\n");
  const std::vector<std::vector<std::string>> twins = sum.Twins();
  absl::StrAppend(&text, "\nRed for exactly the same faults, hence told apart by none:\n\n",
                  twins.empty() ? "None.\n" : "");
  for (const std::vector<std::string>& group : twins) {
    absl::StrAppend(&text, "* ", CodeList(group), "\n");
  }
  return text;
}

std::string Slowest(const ProofSum& sum) {
  std::vector<const FaultRecord*> faults;
  for (const FaultRecord& fault : sum.main().faults) faults.push_back(&fault);
  std::stable_sort(faults.begin(), faults.end(),
                   [](const FaultRecord* a, const FaultRecord* b) { return a->ms > b->ms; });
  faults.resize(std::min(faults.size(), kSlowest));
  std::string text = absl::StrCat("\n## Longest runs\n\n", Head({"fault", "took"}));
  for (const FaultRecord* fault : faults) {
    text += Row({absl::StrCat(fault->seam, " ", Code(fault->name)), RunTime(fault->ms)});
  }
  return text;
}

std::string Nulls(const Proof& proof) {
  std::string text = absl::StrCat(
      "\n## Programs that are no shims\n\n",
      Head({"program", "what it does", "checks judged", "passed at MUST", "left", "took"}));
  for (const NullRecord& null : proof.nulls) {
    text += Row({Code(null.name), null.what, absl::StrCat(null.judged),
                 absl::StrCat(null.passed.size()),
                 null.left.empty() ? "nothing" : CodeList(null.left), RunTime(null.ms)});
  }
  return text;
}

std::string Legal(const Proof& proof) {
  std::string text =
      absl::StrCat("\n## Legal variants\n\n",
                   Head({"variant", "what it is", "passed", "unexpected", "repeats", "took"}));
  for (const LegalRecord& legal : proof.legal) {
    const bool ran = legal.skipped.empty();
    text += Row({Code(legal.name), legal.what,
                 ran ? absl::StrCat(legal.passed) : "skipped: " + legal.skipped,
                 ran ? absl::StrCat(legal.unexpected.size()) : "", absl::StrCat(legal.repeats),
                 RunTime(legal.ms)});
  }
  return text;
}

// Repeats at other revisions of the tree: more of the same, but not of the same programs.
std::string Earlier(const ProofSum& sum) {
  if (sum.earlier().empty()) return "";
  std::string text = absl::StrCat(
      "\n## Repeats at other revisions\n\nOf the programs of their time, with the checks of their "
      "time.\n\n",
      Head({"revision", "begun", "variants", "repeats", "most of", "unexpected", "took"}));
  for (const Proof& proof : sum.earlier()) {
    const LegalCount count = CountLegal(proof);
    const auto most = std::max_element(
        proof.legal.begin(), proof.legal.end(),
        [](const LegalRecord& a, const LegalRecord& b) { return a.repeats < b.repeats; });
    std::vector<std::string> unexpected;
    std::int64_t ms = 0;  // the proof's own leaves out what was kept
    for (const LegalRecord& legal : proof.legal) {
      ms += legal.ms;
      for (const std::string& one : legal.unexpected) {
        unexpected.push_back(absl::StrCat(legal.name, ": ", one));
      }
      if (!legal.problem.empty()) unexpected.push_back(legal.name + ": " + legal.problem);
    }
    text +=
        Row({Code(proof.revision), proof.started, absl::StrCat(count.tried),
             absl::StrCat(count.repeats),
             most == proof.legal.end() ? "" : absl::StrCat(Code(most->name), " ", most->repeats),
             unexpected.empty() ? "nothing" : CodeList(unexpected), RunTime(ms)});
  }
  return text;
}

// How the same faults fare behind another shim.
std::string Other(const ProofSum& sum, const Proof& other) {
  std::map<std::string, bool> here;
  for (const FaultRecord& fault : sum.main().faults) {
    here[fault.seam + "/" + fault.name] = StandingOf(fault) == FaultStanding::kKilled;
  }
  std::size_t both = 0;
  std::size_t due = 0;
  std::string differences;
  for (const FaultRecord& fault : other.faults) {
    if (!here[fault.seam + "/" + fault.name]) continue;
    ++due;
    if (StandingOf(fault) == FaultStanding::kKilled) {
      ++both;
      continue;
    }
    absl::StrAppend(&differences, "* ", Code(fault.name), " ", StandingText(StandingOf(fault)),
                    ": ", ShortfallOf(fault), "\n");
  }
  return absl::StrCat(
      "\n## Behind ", Code(other.shim), "\n\n", both, " of ", due,
      absl::StrFormat(" faults (%.1f %%)",
                      due == 0 ? 0 : 100.0 * static_cast<double>(both) / static_cast<double>(due)),
      " that are caught here are caught there as well",
      differences.empty() ? ".\n" : "; not so:\n\n", differences);
}

}  // namespace

std::string ProofPage(const ProofSum& sum, const std::vector<Check>& checks) {
  std::string page = absl::StrCat(Overview(sum, checks), Shortfalls(sum), Standings(sum),
                                  Equivalents(sum), Races(sum), Checks(sum, checks));
  for (const Proof& other : sum.others()) page += Other(sum, other);
  return absl::StrCat(page, Nulls(sum.main()), Legal(sum.main()), Earlier(sum), Slowest(sum),
                      FaultTable(sum));
}

std::string ProofDigest(const std::vector<Check>& checks) {
  std::string text;
  for (const FaultRow& row : AllFaultRows()) absl::StrAppend(&text, KeyOf(row, {}, {}), "\n");
  for (const Check& check : checks) absl::StrAppend(&text, check.id, "\n");
  for (const LegalVariant& variant : LegalVariants()) absl::StrAppend(&text, variant.name, "\n");
  return base::Sha256Hex(text).substr(0, 16);
}

namespace {

std::string EarlierFigures(const ProofSum& sum) {
  if (sum.earlier().empty()) return "";
  std::size_t repeats = 0;
  std::size_t alarms = 0;
  for (const Proof& proof : sum.earlier()) {
    const LegalCount count = CountLegal(proof);
    repeats += count.repeats;
    alarms += count.tried - count.green;
  }
  return absl::StrCat(" Earlier revisions: **", alarms, "** ", alarms == 1 ? "alarm" : "alarms",
                      " in ", repeats, repeats == 1 ? " repeat." : " repeats.");
}

}  // namespace

std::string ProofFigures(const ProofSum& sum) {
  const Proof& proof = sum.main();
  const LegalCount legal = CountLegal(proof);
  const std::size_t alarms = legal.tried - legal.green;
  return absl::StrCat(
      "Catches **", sum.CountFaults(FaultStanding::kKilled), " of ", Killable(sum),
      "** known shim faults, each by the check and for the reason that was\nforetold; **", alarms,
      alarms == 1 ? "** alarm on " : "** alarms on ", legal.tried,
      legal.tried == 1 ? " legal variant and " : " legal variants and ", legal.repeats,
      legal.repeats == 1 ? " repeat" : " repeats", "; **", NullPasses(proof),
      "** checks at MUST pass on ", proof.nulls.size(), " programs\nthat are no shims.",
      EarlierFigures(sum), "\n");
}

}  // namespace conformance
