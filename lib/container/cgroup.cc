// SPDX-License-Identifier: Apache-2.0
#include "container/cgroup.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <set>
#include <utility>

#include "base/kernel_file.h"
#include "base/status_macros.h"
#include "container/limits.h"
#include "container/mount_table.h"

namespace container {
namespace {

// Any v1 hierarchy lists the same members; engines are free to skip some of them.
constexpr absl::string_view kMemberControllers[] = {"freezer", "pids",   "memory", "devices",
                                                    "cpu",     "cpuset", "blkio",  "name=systemd"};

// Whether v1 has what containers are limited and held by. Beside v2, named hierarchies are
// systemd's book-keeping, and one such as net_cls is mounted for the sake of a single program.
bool IsDecisive(const std::string& controller) {
  constexpr absl::string_view kDecisive[] = {"cpu", "freezer", "memory", "pids"};
  return std::count(std::begin(kDecisive), std::end(kDecisive), controller) > 0;
}

// Of v2, those that limits of containers are most likely to need.
bool IsEssential(absl::string_view controller) {
  return controller == "cpu" || controller == "memory" || controller == "pids";
}

bool IsDirectory(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

// A v1 mount's super options hold flags ("rw") beside controllers. Every name is kept: looking up a
// controller that is none finds nothing.
std::vector<std::string> ControllersOf(const MountEntry& entry) {
  std::vector<std::string> names = absl::StrSplit(entry.super_options, ',');
  names.erase(std::remove_if(names.begin(), names.end(),
                             [](const std::string& name) {
                               return name.empty() || name == "rw" || name == "ro";
                             }),
              names.end());
  return names;
}

// True if `directory` is `inner` or lies above it.
bool Holds(const std::string& directory, const std::string& inner) {
  if (directory.empty() || !absl::StartsWith(inner, directory)) return false;
  return inner.size() == directory.size() || inner[directory.size()] == '/';
}

// Tries them all; says what failed first. One that is gone is fine.
absl::Status RemoveDirectories(const std::vector<std::string>& directories) {
  absl::Status first_failure;
  for (const std::string& directory : directories) {
    if (::rmdir(directory.c_str()) == 0 || errno == ENOENT) continue;
    first_failure.Update(base::ErrnoStatus(errno, absl::StrCat("rmdir ", directory)));
  }
  return first_failure;
}

// `directory` and all below it, each before those it holds.
std::vector<std::string> WithSubdirectories(const std::string& directory) {
  std::vector<std::string> found = {directory};
  for (std::size_t next = 0; next < found.size(); ++next) {
    std::error_code error;
    for (std::filesystem::directory_iterator it(found[next], error), end; !error && it != end;
         it.increment(error)) {
      if (it->is_directory(error) && !it->is_symlink(error)) found.push_back(it->path().string());
    }
  }
  return found;
}

absl::StatusOr<std::set<pid_t>> CollectProcesses(const std::string& directory) {
  std::set<pid_t> pids;
  for (const std::string& current : WithSubdirectories(directory)) {
    const absl::StatusOr<std::string> text =
        base::ReadKernelFile(absl::StrCat(current, "/cgroup.procs"));
    // UNIMPLEMENTED: a threaded v2 cgroup, whose processes are listed above it.
    if (absl::IsNotFound(text.status()) || absl::IsUnimplemented(text.status())) continue;
    RETURN_IF_ERROR(text.status());
    for (const absl::string_view line : absl::StrSplit(*text, '\n', absl::SkipEmpty())) {
      int pid = 0;
      // 0 stands for a process outside our pid namespace; kill(0) would mean our own group.
      if (absl::SimpleAtoi(line, &pid) && pid > 0) pids.insert(pid);
    }
  }
  return pids;
}

// Signals those of `pids` that are not in `reached` yet.
absl::Status SignalNew(const std::set<pid_t>& pids, int signo, std::set<pid_t>& reached) {
  for (const pid_t pid : pids) {
    if (!reached.insert(pid).second) continue;
    if (::kill(pid, signo) != 0 && errno != ESRCH) {
      return base::ErrnoStatus(errno, absl::StrCat("kill ", pid));
    }
  }
  return absl::OkStatus();
}

absl::Status WriteFreezer(const std::string& directory, CgroupVersion version, bool frozen) {
  if (directory.empty()) return absl::NotFoundError("no freezer cgroup");
  if (version == CgroupVersion::kV2) {
    return base::WriteKernelFile(absl::StrCat(directory, "/cgroup.freeze"), frozen ? "1" : "0");
  }
  return base::WriteKernelFile(absl::StrCat(directory, "/freezer.state"),
                               frozen ? "FROZEN" : "THAWED");
}

absl::Status SetFreezer(const Cgroup& cgroup, bool frozen) {
  return WriteFreezer(cgroup.DirectoryOf("freezer"), cgroup.version, frozen);
}

// Those below may have been frozen by themselves, which thawing this one does not undo.
void ThawTree(const Cgroup& cgroup) {
  const std::string top = cgroup.DirectoryOf("freezer");
  if (top.empty()) return;
  for (const std::string& directory : WithSubdirectories(top)) {
    (void)WriteFreezer(directory, cgroup.version, false);
  }
}

// The kernel takes a request whole or not at all, and one controller may be held back (by v1, or by
// real-time processes): then what can be had.
absl::Status EnableBelow(const std::string& directory, const std::vector<std::string>& names) {
  const std::string file = absl::StrCat(directory, "/cgroup.subtree_control");
  const std::string request = absl::StrJoin(
      names, " ", [](std::string* out, const auto& name) { absl::StrAppend(out, "+", name); });
  absl::Status whole = base::WriteKernelFile(file, request);
  if (whole.ok()) return whole;
  absl::Status essential;
  bool any = false;
  for (const std::string& name : names) {
    const absl::Status enabled = base::WriteKernelFile(file, absl::StrCat("+", name));
    any = any || enabled.ok();
    if (IsEssential(name)) essential.Update(enabled);
  }
  return any ? essential : whole;
}

}  // namespace

std::vector<std::string> Cgroup::Directories() const {
  std::vector<std::string> directories;
  if (!unified.empty()) directories.push_back(unified);
  for (const auto& [controller, directory] : controllers) directories.push_back(directory);
  return directories;
}

std::string Cgroup::DirectoryOf(absl::string_view controller) const {
  if (version == CgroupVersion::kV2) return unified;
  const auto found = controllers.find(std::string(controller));
  return found == controllers.end() ? std::string() : found->second;
}

std::string Cgroup::MembersDirectory() const {
  if (version == CgroupVersion::kV2) return unified;
  for (const absl::string_view controller : kMemberControllers) {
    std::string directory = DirectoryOf(controller);
    if (!directory.empty()) return directory;
  }
  return controllers.empty() ? unified : controllers.begin()->second;
}

CgroupMounts CgroupMounts::Parse(absl::string_view mountinfo, const std::string& root) {
  CgroupMounts mounts;
  mounts.root_ = root;
  for (const MountEntry& entry : ParseMountInfo(mountinfo)) {
    if (entry.type != "cgroup" && entry.type != "cgroup2") continue;
    Hierarchy hierarchy{
        .directory = root + entry.mount_point, .mounted = entry.root, .controllers = {}};
    if (entry.type == "cgroup") {
      hierarchy.controllers = ControllersOf(entry);
      if (std::any_of(hierarchy.controllers.begin(), hierarchy.controllers.end(), IsDecisive)) {
        mounts.version_ = CgroupVersion::kV1;
      }
    }
    mounts.hierarchies_.push_back(std::move(hierarchy));
  }
  return mounts;
}

absl::StatusOr<CgroupMounts> CgroupMounts::Read(const std::string& root) {
  ASSIGN_OR_RETURN(const std::string text,
                   base::ReadKernelFile(absl::StrCat(root, "/proc/self/mountinfo")));
  return Parse(text, root);
}

std::string CgroupMounts::DirectoryOf(const Hierarchy& hierarchy, absl::string_view path) {
  if (hierarchy.mounted != "/") {
    if (!absl::ConsumePrefix(&path, hierarchy.mounted)) return "";
    if (!path.empty() && path.front() != '/') return "";
  }
  return absl::StrCat(hierarchy.directory, absl::StripSuffix(path, "/"));
}

Cgroup CgroupMounts::ParseMembership(absl::string_view proc_cgroup) const {
  Cgroup cgroup{.version = version_, .controllers = {}, .unified = ""};
  for (const absl::string_view line : absl::StrSplit(proc_cgroup, '\n', absl::SkipEmpty())) {
    // "ID:CONTROLLER,CONTROLLER:PATH"; the path may hold colons. v2 is ID 0 without controllers.
    const std::vector<std::string> fields = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() != 3) continue;
    const std::vector<std::string> controllers = absl::StrSplit(fields[1], ',');
    for (const std::string& controller : controllers) {
      for (const Hierarchy& hierarchy : hierarchies_) {
        const bool fits = controller.empty()
                              ? hierarchy.controllers.empty()
                              : std::count(hierarchy.controllers.begin(),
                                           hierarchy.controllers.end(), controller) > 0;
        if (!fits) continue;
        std::string directory = DirectoryOf(hierarchy, fields[2]);
        if (directory.empty()) continue;
        if (controller.empty()) {
          cgroup.unified = std::move(directory);
        } else {
          cgroup.controllers[controller] = std::move(directory);
        }
        break;
      }
    }
  }
  return cgroup;
}

absl::StatusOr<Cgroup> CgroupMounts::LocateOwn(pid_t pid) const {
  ASSIGN_OR_RETURN(const std::string theirs,
                   base::ReadKernelFile(absl::StrCat(root_, "/proc/", pid, "/cgroup")));
  ASSIGN_OR_RETURN(const std::string ours,
                   base::ReadKernelFile(absl::StrCat(root_, "/proc/self/cgroup")));
  Cgroup cgroup = ParseMembership(theirs);
  const Cgroup self = ParseMembership(ours);
  if (Holds(cgroup.unified, self.unified)) cgroup.unified.clear();
  for (auto it = cgroup.controllers.begin(); it != cgroup.controllers.end();) {
    const auto own = self.controllers.find(it->first);
    const bool shared = own != self.controllers.end() && Holds(it->second, own->second);
    it = shared ? cgroup.controllers.erase(it) : std::next(it);
  }
  if (cgroup.MembersDirectory().empty()) {
    return absl::NotFoundError(absl::StrCat("process ", pid, " has no cgroup of its own"));
  }
  return cgroup;
}

absl::StatusOr<Cgroup> CgroupMounts::Locate(pid_t pid) const {
  ASSIGN_OR_RETURN(const std::string membership,
                   base::ReadKernelFile(absl::StrCat(root_, "/proc/", pid, "/cgroup")));
  Cgroup cgroup = ParseMembership(membership);
  if (cgroup.MembersDirectory().empty()) {
    return absl::NotFoundError(absl::StrCat("process ", pid, " is in no cgroup that is mounted"));
  }
  return cgroup;
}

absl::string_view CgroupMounts::BesideOwn(absl::string_view own) const {
  own = absl::StripSuffix(own, "/");
  const absl::string_view parent = own.substr(0, own.rfind('/'));
  // Above what is mounted there is nothing to be had.
  return ParseMembership(absl::StrCat("0::", parent, "/")).unified.empty() ? own : parent;
}

absl::StatusOr<Cgroup> CgroupMounts::Resolve(absl::string_view path) const {
  ASSIGN_OR_RETURN(const std::string membership,
                   base::ReadKernelFile(absl::StrCat(root_, "/proc/self/cgroup")));
  std::string resolved;
  for (const absl::string_view line : absl::StrSplit(membership, '\n', absl::SkipEmpty())) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() != 3) continue;
    const bool unified = version_ == CgroupVersion::kV2 && fields[1].empty();
    absl::string_view base;
    if (!absl::StartsWith(path, "/")) {
      base = unified ? BesideOwn(fields[2]) : absl::StripSuffix(fields[2], "/");
    }
    absl::StrAppend(&resolved, fields[0], ":", fields[1], ":", base, "/",
                    absl::StripPrefix(path, "/"), "\n");
  }
  return ParseMembership(resolved);
}

absl::Status Make(const Cgroup& cgroup) {
  const std::vector<std::string> directories = cgroup.Directories();
  if (directories.empty()) return absl::FailedPreconditionError("no cgroups are mounted");
  for (std::size_t i = 0; i < directories.size(); ++i) {
    std::error_code error;
    if (std::filesystem::create_directories(directories[i], error)) continue;
    absl::Status status =
        base::ErrnoStatus(error ? error.value() : EEXIST, absl::StrCat("mkdir ", directories[i]));
    while (i > 0) ::rmdir(directories[--i].c_str());
    return status;
  }
  return absl::OkStatus();
}

absl::Status Join(const Cgroup& cgroup, pid_t pid) {
  for (const std::string& directory : cgroup.Directories()) {
    RETURN_IF_ERROR(
        base::WriteKernelFile(absl::StrCat(directory, "/cgroup.procs"), absl::StrCat(pid)));
  }
  return absl::OkStatus();
}

bool Exists(const Cgroup& cgroup) {
  const std::string directory = cgroup.MembersDirectory();
  return !directory.empty() && IsDirectory(directory);
}

absl::StatusOr<std::vector<pid_t>> ListProcesses(const Cgroup& cgroup) {
  const std::string directory = cgroup.MembersDirectory();
  if (directory.empty()) return std::vector<pid_t>();
  ASSIGN_OR_RETURN(const std::set<pid_t> pids, CollectProcesses(directory));
  return std::vector<pid_t>(pids.begin(), pids.end());
}

absl::Status SignalAll(const Cgroup& cgroup, int signo) {
  const std::string directory = cgroup.MembersDirectory();
  if (directory.empty()) return absl::NotFoundError("no cgroup");
  const bool kill_v1 = signo == SIGKILL && cgroup.version == CgroupVersion::kV1;
  std::set<pid_t> reached;
  absl::Status status;
  for (int pass = 0; pass < kSignalPassesMax && status.ok(); ++pass) {
    ASSIGN_OR_RETURN(const std::set<pid_t> pids, CollectProcesses(directory));
    if (pass == 0 && signo == SIGKILL && !kill_v1 && !pids.empty() &&
        base::WriteKernelFile(absl::StrCat(directory, "/cgroup.kill"), "1").ok()) {
      return absl::OkStatus();  // since Linux 5.14; otherwise one by one
    }
    const std::size_t reached_before = reached.size();
    status = SignalNew(pids, signo, reached);
    if (reached.size() == reached_before) break;
    // Someone forks as fast as we kill: hold them, the signals wait until the end.
    if (kill_v1 && pass == 1) (void)SetFreezer(cgroup, true);
  }
  if (signo == SIGKILL) ThawTree(cgroup);
  if (status.ok() && reached.empty()) {
    return absl::NotFoundError(absl::StrCat("no process in ", directory));
  }
  return status;
}

absl::Status Thaw(const Cgroup& cgroup) { return SetFreezer(cgroup, false); }

absl::Status Remove(const Cgroup& cgroup) {
  absl::Status first_failure;
  for (const std::string& top : cgroup.Directories()) {
    std::vector<std::string> directories = WithSubdirectories(top);
    std::reverse(directories.begin(), directories.end());
    first_failure.Update(RemoveDirectories(directories));
  }
  return first_failure;
}

absl::Status RemoveLeaf(const Cgroup& cgroup) { return RemoveDirectories(cgroup.Directories()); }

absl::Status EnableControllers(const CgroupMounts& mounts, const Cgroup& cgroup) {
  if (cgroup.version != CgroupVersion::kV2 || cgroup.unified.empty()) return absl::OkStatus();
  const std::string root = mounts.ParseMembership("0::/").unified;
  if (root.empty() || !Holds(root, cgroup.unified)) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string available,
                   base::ReadKernelFile(absl::StrCat(root, "/cgroup.controllers")));
  const std::vector<std::string> names =
      absl::StrSplit(absl::StripAsciiWhitespace(available), ' ', absl::SkipEmpty());
  absl::Status first_failure;
  // From the root down to the parent: each level can pass on only what it was given.
  for (std::size_t end = root.size(); end != std::string::npos && end < cgroup.unified.size();
       end = cgroup.unified.find('/', end + 1)) {
    first_failure.Update(EnableBelow(cgroup.unified.substr(0, end), names));
  }
  return first_failure;
}

}  // namespace container
