// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/scratch.h"

#include <absl/strings/str_cat.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include "base/status_macros.h"

namespace conformance {
namespace {

namespace fs = std::filesystem;

absl::Status WriteWithMode(const std::string& path, const std::string& text, mode_t mode) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file.good()) return absl::InternalError(absl::StrCat("cannot write ", path));
  if (::chmod(path.c_str(), mode) != 0) return base::ErrnoStatus(errno, "chmod " + path);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Scratch> Scratch::Make() {
  std::error_code error;
  const fs::path parent = fs::canonical(fs::temp_directory_path(error), error);
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrCat("no directory for temporary files: ", error.message()));
  }
  std::string path = (parent / "shimgauge-selftest-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) return base::ErrnoStatus(errno, "mkdtemp " + path);
  Scratch scratch(path);
  if (::chmod(path.c_str(), 0755) != 0) return base::ErrnoStatus(errno, "chmod " + path);
  return scratch;
}

Scratch::Scratch(Scratch&& other) noexcept : path_(std::exchange(other.path_, "")) {}

Scratch::~Scratch() {
  std::error_code error;
  if (!path_.empty()) fs::remove_all(path_, error);
}

absl::StatusOr<std::string> Scratch::MakeDirectory(absl::string_view name) const {
  const fs::path path = fs::path(path_) / std::string(name);
  std::error_code error;
  fs::create_directories(path, error);
  if (error) {
    return absl::InternalError(absl::StrCat("mkdir ", path.string(), ": ", error.message()));
  }
  // Faults note their firings here, as whatever user they run.
  if (::chmod(path.c_str(), 0777) != 0) return base::ErrnoStatus(errno, "chmod " + path.string());
  return path.string();
}

absl::Status WriteTextTo(const std::string& path, absl::string_view text) {
  return WriteWithMode(path, std::string(text), 0644);
}

absl::Status WriteScript(const std::string& path, absl::string_view body) {
  return WriteWithMode(path, absl::StrCat("#!/bin/sh\n", body), 0755);
}

std::size_t CountLines(const std::string& path) {
  const std::string text = TextOf(path);
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::string TextOf(const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file.good()) text << file.rdbuf();
  return text.str();
}

}  // namespace conformance
