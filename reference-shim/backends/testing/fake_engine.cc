// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/testing/fake_engine.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <unistd.h>

#include "base/testing/temp_dir.h"

namespace backends::testing {

FakeEngine::FakeEngine(const std::string& directory, absl::string_view name,
                       absl::string_view cases)
    : path_(absl::StrCat(directory, "/", name)), calls_(absl::StrCat(path_, ".calls")) {
  const std::string script = absl::StrCat(R"(#!/bin/sh
while [ $# -gt 0 ]; do
  case "$1" in
    --log) log=$2; shift 2;;
    --root|--log-format) shift 2;;
    --systemd-cgroup) shift;;
    *) break;;
  esac
done
echo "$*" >> ')",
                                          calls_, R"('
verb=$1
for id in "$@"; do
  case "$previous" in
    --pid-file) pid_file=$id;;
    --process) process=$id;;
  esac
  previous=$id
done
case "$verb" in
)",
                                          cases, "\nesac\n");
  base::testing::WriteFile(path_, script, 0700);
}

std::vector<std::string> FakeEngine::Calls() const {
  if (::access(calls_.c_str(), F_OK) != 0) return {};
  return absl::StrSplit(base::testing::ReadFile(calls_), '\n', absl::SkipEmpty());
}

}  // namespace backends::testing
