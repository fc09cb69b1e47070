// SPDX-License-Identifier: Apache-2.0
#include "fakes/engine/container_store.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <limits>
#include <utility>

#include "base/kernel_file.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "fakes/fault/text_file.h"
#include "oci/json_reader.h"
#include "oci/json_text.h"
#include "oci/spec_parser.h"

namespace fakes {
namespace {

constexpr absl::string_view kStateFile = "state.json";
constexpr absl::string_view kConfigFile = "config.json";
constexpr absl::string_view kProcessesFile = "processes";
constexpr std::size_t kIdBytesMax = 1024;

bool IsIdCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '+' || c == '-' || c == '.';
}

std::string FormatCgroup(const container::Cgroup& cgroup) {
  return absl::StrCat("{\"version\":", cgroup.version == container::CgroupVersion::kV1 ? 1 : 2,
                      ",\"unified\":", oci::JsonQuote(cgroup.unified), ",\"controllers\":{",
                      absl::StrJoin(cgroup.controllers, ",",
                                    [](std::string* to, const auto& entry) {
                                      absl::StrAppend(to, oci::JsonQuote(entry.first), ":",
                                                      oci::JsonQuote(entry.second));
                                    }),
                      "}}");
}

absl::Status ReadCgroup(oci::JsonReader& in, container::Cgroup& cgroup) {
  return in.ReadObject([&](absl::string_view name) -> absl::Status {
    if (name == "unified") return in.ReadString(cgroup.unified);
    if (name == "controllers") {
      return in.ReadObject([&](absl::string_view controller) {
        return in.ReadString(cgroup.controllers[std::string(controller)]);
      });
    }
    std::uint64_t version = 0;
    RETURN_IF_ERROR(in.ReadUnsigned(2, version));
    cgroup.version = version == 1 ? container::CgroupVersion::kV1 : container::CgroupVersion::kV2;
    return absl::OkStatus();
  });
}

absl::Status ReadRecord(oci::JsonReader& in, ContainerRecord& record) {
  return in.ReadObject([&](absl::string_view name) -> absl::Status {
    if (name == "id") return in.ReadString(record.id);
    if (name == "created") return in.ReadString(record.created);
    if (name == "bundle") return in.ReadString(record.bundle);
    if (name == "rootfs") return in.ReadString(record.rootfs);
    if (name == "private_pids") return in.ReadBool(record.private_pids);
    if (name == "cgroup") return ReadCgroup(in, record.cgroup);
    if (name == "init_process_start") {
      return in.ReadUnsigned(std::numeric_limits<std::uint64_t>::max(), record.init.start_ticks);
    }
    if (name != "init_process_pid") return in.Skip();
    std::int64_t pid = 0;
    RETURN_IF_ERROR(in.ReadInteger(0, std::numeric_limits<pid_t>::max(), pid));
    record.init.pid = static_cast<pid_t>(pid);
    return absl::OkStatus();
  });
}

}  // namespace

absl::StatusOr<ContainerStore> ContainerStore::For(const std::string& root, const std::string& id) {
  if (id.empty()) return absl::InvalidArgumentError("container id cannot be empty");
  if (id.size() > kIdBytesMax || id == "." || id == ".." ||
      !std::all_of(id.begin(), id.end(), &IsIdCharacter)) {
    return absl::InvalidArgumentError("invalid container ID format");
  }
  return ContainerStore(absl::StrCat(root, "/", id));
}

std::string ContainerStore::File(absl::string_view name) const {
  return absl::StrCat(directory_, "/", name);
}

bool ContainerStore::Has(absl::string_view name) const {
  return ::access(File(name).c_str(), F_OK) == 0;
}

bool ContainerStore::Exists() const { return ::access(directory_.c_str(), F_OK) == 0; }

absl::Status ContainerStore::Make() const {
  if (::mkdir(directory_.c_str(), 0711) == 0) return absl::OkStatus();
  if (errno == ENOENT) {
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(directory_).parent_path(), error);
    if (::mkdir(directory_.c_str(), 0711) == 0) return absl::OkStatus();
  }
  if (errno == EEXIST) {
    return absl::AlreadyExistsError("container with given ID already exists");
  }
  return base::ErrnoStatus(errno, absl::StrCat("mkdir ", directory_));
}

absl::Status ContainerStore::Remove() const {
  std::error_code error;
  std::filesystem::remove_all(directory_, error);
  return error ? base::ErrnoStatus(error.value(), absl::StrCat("remove ", directory_))
               : absl::OkStatus();
}

absl::StatusOr<ContainerRecord> ContainerStore::Load() const {
  const absl::StatusOr<std::string> text = ReadTextFile(File(kStateFile));
  if (absl::IsNotFound(text.status())) return absl::NotFoundError("container does not exist");
  RETURN_IF_ERROR(text.status());
  ContainerRecord record;
  oci::JsonReader in(*text);
  absl::Status status = ReadRecord(in, record);
  if (status.ok()) status = in.Finish();
  RETURN_IF_ERROR(base::Annotate(status, File(kStateFile)));
  return record;
}

absl::Status ContainerStore::Save(const ContainerRecord& record) const {
  return ReplaceTextFile(
      File(kStateFile),
      absl::StrCat("{\"id\":", oci::JsonQuote(record.id), ",\"init_process_pid\":", record.init.pid,
                   ",\"init_process_start\":", record.init.start_ticks, ",\"created\":",
                   oci::JsonQuote(record.created), ",\"bundle\":", oci::JsonQuote(record.bundle),
                   ",\"rootfs\":", oci::JsonQuote(record.rootfs),
                   ",\"cgroup\":", FormatCgroup(record.cgroup),
                   ",\"private_pids\":", record.private_pids ? "true" : "false", "}\n"));
}

absl::Status ContainerStore::SaveConfig(absl::string_view json) const {
  return ReplaceTextFile(File(kConfigFile), json);
}

absl::StatusOr<oci::Spec> ContainerStore::LoadConfig() const {
  ASSIGN_OR_RETURN(const std::string text, ReadTextFile(File(kConfigFile)));
  return oci::ParseSpec(text);
}

std::vector<container::ProcessRoot> ContainerStore::Roots(const ContainerRecord& record) const {
  std::vector<container::ProcessRoot> roots = {record.init};
  const absl::StatusOr<std::string> text = ReadTextFile(File(kProcessesFile));
  if (!text.ok()) return roots;
  for (const absl::string_view line : absl::StrSplit(*text, '\n', absl::SkipEmpty())) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ');
    container::ProcessRoot root;
    if (fields.size() == 2 && absl::SimpleAtoi(fields[0], &root.pid) &&
        absl::SimpleAtoi(fields[1], &root.start_ticks)) {
      roots.push_back(root);
    }
  }
  return roots;
}

absl::Status ContainerStore::AddProcess(const container::ProcessRoot& process) const {
  const std::string path = File(kProcessesFile);
  const base::UniqueFd file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  const std::string line = absl::StrCat(process.pid, " ", process.start_ticks, "\n");
  if (!file.ok() || ::write(file.get(), line.data(), line.size()) < 0) {
    return base::ErrnoStatus(errno, absl::StrCat("write ", path));
  }
  return absl::OkStatus();
}

}  // namespace fakes
