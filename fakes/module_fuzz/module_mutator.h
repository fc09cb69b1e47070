// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fakes {

// A file that modules are made from.
struct ModuleSeed {
  std::string name;
  std::string bytes;
  bool text = false;  // in the text format, by its name
};

struct Mutant {
  std::string bytes;
  bool text = false;
  std::string recipe;  // "cat.wasm: drop a section, flip a bit"
};

// Modules that are nearly right: bytes changed anywhere, and sections dropped, doubled, exchanged,
// cut, filled from other modules, or with a size that lies.
class ModuleMutator {
 public:
  // At least one seed.
  explicit ModuleMutator(std::vector<ModuleSeed> seeds);

  // The seeds as they are come first. The same two numbers give the same bytes on every machine.
  [[nodiscard]] Mutant Make(std::uint64_t seed, std::uint64_t number) const;
  [[nodiscard]] std::size_t seeds() const { return seeds_.size(); }

 private:
  std::vector<ModuleSeed> seeds_;
};

}  // namespace fakes
