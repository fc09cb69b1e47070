// SPDX-License-Identifier: Apache-2.0
#include "fakes/module_fuzz/module_mutator.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <random>
#include <utility>

#include "fakes/module_fuzz/wasm_sections.h"

namespace fakes {
namespace {

// Larger seeds take a compiler long and are chosen seldom.
constexpr std::size_t kSmallBytesMax = 64 * 1024;
constexpr std::uint64_t kLargeOneIn = 64;
constexpr std::size_t kChangesMax = 4;
constexpr std::size_t kPieceBytesMax = 64;

constexpr std::uint32_t kNumbers[] = {0,          1,          2,          0x7f,       0x80,
                                      0xff,       0x100,      0xffff,     0x10000,    0x10001,
                                      0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 1000000};
// Opcodes and types among which small changes stay valid, or nearly so.
constexpr std::uint8_t kBytes[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x0b, 0x0c, 0x0d, 0x0e,
                                   0x0f, 0x10, 0x11, 0x1a, 0x20, 0x28, 0x36, 0x3f, 0x40,
                                   0x41, 0x60, 0x6a, 0x70, 0x7b, 0x7c, 0x7d, 0x7e, 0x7f,
                                   0x80, 0xfb, 0xfc, 0xfd, 0xfe, 0xff};

// Distributions of the library differ between libraries; remainders do not.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t Below(std::uint64_t limit) { return limit == 0 ? 0 : engine_() % limit; }
  template <typename T, std::size_t N>
  T OneOf(const T (&values)[N]) {
    return values[Below(N)];
  }

 private:
  std::mt19937_64 engine_;
};

// Changes `bytes`, and says how.
const char* ChangeBytes(Dice& dice, std::string& bytes) {
  if (bytes.empty()) {
    bytes.push_back(static_cast<char>(dice.OneOf(kBytes)));
    return "a byte";
  }
  const std::size_t at = dice.Below(bytes.size());
  const std::size_t size = 1 + dice.Below(std::min(kPieceBytesMax, bytes.size() - at));
  switch (dice.Below(7)) {
    case 0:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << dice.Below(8)));
      return "flip a bit";
    case 1:
      bytes[at] = static_cast<char>(dice.OneOf(kBytes));
      return "set a byte";
    case 2:
      bytes.erase(at, size);
      return "leave bytes out";
    case 3:
      bytes.insert(at, bytes.substr(at, size));
      return "double bytes";
    case 4:
      bytes.resize(at);
      return "cut";
    case 5:
      bytes.insert(at, Leb128(dice.OneOf(kNumbers), dice.Below(2) == 0));
      return "insert a number";
    default:
      break;
  }
  const std::string number = Leb128(dice.OneOf(kNumbers), dice.Below(2) == 0);
  bytes.replace(at, std::min(number.size(), bytes.size() - at), number);
  return "set a number";
}

// One byte in a section that says what is done, not how the module is built: memories, globals,
// elements, code, data. Many such modules are still sound, and run.
bool ChangeGently(Dice& dice, WasmSections& module) {
  constexpr std::uint8_t kContents[] = {5, 6, 9, 10, 11};
  const std::uint8_t id = dice.OneOf(kContents);
  for (WasmSection& section : module.sections) {
    if (section.id != id || section.payload.size() < 2) continue;
    const std::size_t at = 1 + dice.Below(section.payload.size() - 1);
    const int byte = dice.Below(2) == 0 ? section.payload[at] ^ (1 << dice.Below(8))
                                        : static_cast<int>(dice.OneOf(kBytes));
    section.payload[at] = static_cast<char>(byte);
    return true;
  }
  return false;
}

const char* ChangeSections(Dice& dice, const WasmSections& other, WasmSections& module) {
  std::vector<WasmSection>& all = module.sections;
  const auto at = static_cast<std::ptrdiff_t>(dice.Below(all.size()));
  WasmSection& section = all[static_cast<std::size_t>(at)];
  switch (dice.Below(9)) {
    case 0:
      all.erase(all.begin() + at);
      return "drop a section";
    case 1:
      all.insert(all.begin() + at, WasmSection(section));
      return "double a section";
    case 2:
      std::swap(section, all[dice.Below(all.size())]);
      return "exchange sections";
    case 3:
      section.told_size = dice.OneOf(kNumbers);
      return "lie about a size";
    case 4:
      section.payload.resize(dice.Below(section.payload.size() + 1));
      return "cut a section";
    case 5:
      section.id = static_cast<std::uint8_t>(dice.Below(14));
      return "rename a section";
    case 6: {
      if (other.sections.empty()) break;
      const WasmSection& foreign = other.sections[dice.Below(other.sections.size())];
      const auto same = std::find_if(all.begin(), all.end(),
                                     [&](const WasmSection& one) { return one.id == foreign.id; });
      if (same == all.end()) {
        all.insert(all.begin() + at, foreign);
      } else {
        same->payload = foreign.payload;
      }
      return "a section of another module";
    }
    default:
      break;
  }
  (void)ChangeBytes(dice, section.payload);
  return "change a section";
}

}  // namespace

ModuleMutator::ModuleMutator(std::vector<ModuleSeed> seeds) : seeds_(std::move(seeds)) {
  // Their order in a directory is nobody's.
  std::sort(seeds_.begin(), seeds_.end(),
            [](const ModuleSeed& a, const ModuleSeed& b) { return a.name < b.name; });
}

Mutant ModuleMutator::Make(std::uint64_t seed, std::uint64_t number) const {
  if (number < seeds_.size()) {
    const ModuleSeed& plain = seeds_[number];
    return {.bytes = plain.bytes, .text = plain.text, .recipe = plain.name};
  }
  Dice dice(seed * 0x9e3779b97f4a7c15ULL + number);
  const ModuleSeed* chosen = &seeds_[dice.Below(seeds_.size())];
  for (int tries = 0; tries < 16 && chosen->bytes.size() > kSmallBytesMax; ++tries) {
    if (dice.Below(kLargeOneIn) == 0) break;
    chosen = &seeds_[dice.Below(seeds_.size())];
  }
  Mutant mutant{.bytes = chosen->bytes, .text = chosen->text, .recipe = chosen->name + ":"};
  const bool gently = dice.Below(2) == 0;
  const std::uint64_t changes = gently ? 1 : 1 + dice.Below(kChangesMax);
  for (std::uint64_t i = 0; i < changes; ++i) {
    std::optional<WasmSections> module = SplitSections(mutant.bytes);
    const char* what = nullptr;
    if (gently && module && ChangeGently(dice, *module)) {
      what = "change what it does";
      mutant.bytes = JoinSections(*module);
    } else if (module && !module->sections.empty() && dice.Below(4) != 0) {
      const auto other = SplitSections(seeds_[dice.Below(seeds_.size())].bytes);
      what = ChangeSections(dice, other.value_or(WasmSections()), *module);
      mutant.bytes = JoinSections(*module);
    } else {
      what = ChangeBytes(dice, mutant.bytes);
    }
    absl::StrAppend(&mutant.recipe, i == 0 ? " " : ", ", what);
  }
  return mutant;
}

}  // namespace fakes
