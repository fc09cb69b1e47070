// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_engine/engine_documents.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace fakes {
namespace {

absl::StatusOr<std::string> ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file.good()) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

absl::Status WriteAll(const base::UniqueFd& file, const std::string& path, absl::string_view text) {
  while (file.ok() && !text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written <= 0) break;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return file.ok() && text.empty() ? absl::OkStatus()
                                   : base::ErrnoStatus(errno, absl::StrCat("write ", path));
}

absl::Status WriteNew(const std::string& path, const std::string& text) {
  const base::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  return WriteAll(file, path, text);
}

}  // namespace

absl::StatusOr<EngineDocument> EngineDocument::Of(const EngineWords& words) {
  EngineWords given = words;
  const auto first = [&given](const char* name, const char* short_name) {
    const std::string* value = given.Find(name);
    return value != nullptr ? value : given.Find(short_name);
  };
  EngineDocument document;
  if (words.verb == "create") {
    const std::string* bundle = first("bundle", "b");
    document.path_ = absl::StrCat(bundle == nullptr ? "." : *bundle, "/config.json");
  } else if (words.verb == "exec" || words.verb == "update") {
    const char* name = words.verb == "exec" ? "process" : "resources";
    const std::string* file = first(name, words.verb == "exec" ? "p" : "r");
    if (file == nullptr) return absl::NotFoundError("no file is given");
    document.option_ = given.Find(name) != nullptr ? name : std::string(1, *name);
    document.path_ = *file == "-" ? "/dev/stdin" : *file;
  } else {
    return absl::NotFoundError(absl::StrCat(words.verb, " has no document"));
  }
  ASSIGN_OR_RETURN(document.text_, ReadAll(document.path_));
  return document;
}

EngineDocument::EngineDocument(EngineDocument&& other) noexcept
    : path_(std::move(other.path_)),
      option_(std::move(other.option_)),
      text_(std::move(other.text_)),
      healthy_(std::exchange(other.healthy_, "")),
      copy_(std::exchange(other.copy_, "")) {}

EngineDocument::~EngineDocument() {
  if (!healthy_.empty()) std::rename(healthy_.c_str(), path_.c_str());
  if (!copy_.empty()) ::unlink(copy_.c_str());
}

absl::Status EngineDocument::PutConfig(const std::string& text) {
  const std::string edited = absl::StrCat(path_, ".faulty");
  const std::string healthy = absl::StrCat(path_, ".healthy");
  RETURN_IF_ERROR(WriteNew(edited, text));
  if (std::rename(path_.c_str(), healthy.c_str()) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("rename ", path_));
  }
  healthy_ = healthy;
  if (std::rename(edited.c_str(), path_.c_str()) == 0) return absl::OkStatus();
  return base::ErrnoStatus(errno, absl::StrCat("rename ", edited));
}

absl::Status EngineDocument::Put(const std::string& text, EngineWords& words) {
  if (option_.empty()) return PutConfig(text);
  if (words.verb == "update") {
    // Inherited, and gone with the last process that has it.
    base::UniqueFd file(::memfd_create("resources", 0));
    RETURN_IF_ERROR(WriteAll(file, "a memory file", text));
    ::lseek(file.get(), 0, SEEK_SET);
    words.Set(option_, absl::StrCat("/proc/self/fd/", file.release()));
    return absl::OkStatus();
  }
  copy_ = absl::StrCat(path_, ".faulty");
  words.Set(option_, copy_);
  return WriteNew(copy_, text);
}

}  // namespace fakes
