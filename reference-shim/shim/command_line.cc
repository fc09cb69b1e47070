// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/command_line.h"

#include <algorithm>
#include <cstring>

namespace shim {

void ShowCommandLine(int argc, char** argv, const std::vector<std::string>& words) {
  if (argc < 1) return;
  // The kernel lays the words out one after the other; whoever calls main() otherwise may not.
  char* end = argv[0] + std::strlen(argv[0]);
  for (int i = 1; i < argc && argv[i] == end + 1; ++i) end = argv[i] + std::strlen(argv[i]);
  char* to = argv[0];
  for (const std::string& word : words) {
    if (to >= end) break;
    const auto room = static_cast<std::size_t>(end - to);
    const std::size_t size = std::min(word.size(), room);
    std::memcpy(to, word.data(), size);
    to += size;
    if (to < end) *to++ = '\0';
  }
  std::memset(to, 0, static_cast<std::size_t>(end - to));
}

}  // namespace shim
