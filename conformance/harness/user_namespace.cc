// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/user_namespace.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>
#include <vector>

#include "base/kernel_file.h"
#include "base/pidfd.h"
#include "base/spawn.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "conformance/harness/host.h"

namespace conformance {
namespace {

constexpr char kUserHelper[] = "newuidmap";
constexpr char kGroupHelper[] = "newgidmap";

// From the file, since a static program cannot ask the system's other sources. "" when unknown.
std::string UserName(uid_t id) {
  const absl::StatusOr<std::string> text = base::ReadKernelFile("/etc/passwd");
  if (!text.ok()) return "";
  for (const absl::string_view line : absl::StrSplit(*text, '\n')) {
    const std::vector<std::string> fields = absl::StrSplit(line, ':');
    if (fields.size() > 2 && fields[2] == absl::StrCat(id)) return fields[0];
  }
  return "";
}

struct SubordinateIds {
  IdRange users;
  IdRange groups;
};

std::optional<SubordinateIds> FindSubordinateIds() {
  if (!IsInstalled(kUserHelper) || !IsInstalled(kGroupHelper)) return std::nullopt;
  const std::string name = UserName(::getuid());
  const auto find = [&name](const char* path) -> std::optional<IdRange> {
    const absl::StatusOr<std::string> text = base::ReadKernelFile(path);
    return text.ok() ? ParseSubordinateIds(*text, name, ::getuid()) : std::nullopt;
  };
  const std::optional<IdRange> users = find("/etc/subuid");
  const std::optional<IdRange> groups = find("/etc/subgid");
  if (!users || !groups) return std::nullopt;
  return SubordinateIds{.users = *users, .groups = *groups};
}

std::uint32_t CountOf(const SubordinateIds& ids) {
  return 1 + std::min(ids.users.count, ids.groups.count);
}

// The keeper of a namespace that is to be joined: it does nothing until its standard input ends.
class Keeper {
 public:
  static absl::StatusOr<Keeper> Start() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return base::ErrnoStatus(errno, "pipe");
    const base::UniqueFd read_end(ends[0]);
    Keeper keeper;
    keeper.input_.reset(ends[1]);
    base::SpawnSpec spec;
    spec.path = "cat";
    spec.argv = {"cat"};
    spec.cwd = "/";
    spec.fds = {{.source = read_end.get(), .target = STDIN_FILENO}};
    spec.parent_death_signal = SIGKILL;
    spec.namespaces = CLONE_NEWUSER;
    ASSIGN_OR_RETURN(keeper.child_, base::Spawn(spec));
    return keeper;
  }
  Keeper(Keeper&&) = default;
  Keeper& operator=(Keeper&&) = delete;
  ~Keeper() {
    if (!child_.pidfd.ok()) return;
    base::SendSignal(child_.pidfd, SIGKILL).IgnoreError();
    ::waitpid(child_.pid, nullptr, 0);
  }
  [[nodiscard]] pid_t pid() const { return child_.pid; }

 private:
  Keeper() = default;
  base::UniqueFd input_;
  base::Child child_;
};

// `newuidmap PID 0 OWN 1 1 FIRST COUNT`.
absl::Status Map(const char* helper, pid_t pid, std::uint32_t own, const IdRange& range) {
  base::SpawnSpec spec;
  spec.path = helper;
  spec.argv = {helper,
               absl::StrCat(pid),
               "0",
               absl::StrCat(own),
               "1",
               "1",
               absl::StrCat(range.first),
               absl::StrCat(range.count)};
  spec.cwd = "/";
  ASSIGN_OR_RETURN(const base::Child child, base::Spawn(spec));
  int status = 0;
  while (::waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(helper, " refused the range"));
}

absl::StatusOr<std::uint32_t> EnterWithRanges(const SubordinateIds& ids) {
  const std::uint32_t count = CountOf(ids);
  ASSIGN_OR_RETURN(const Keeper keeper, Keeper::Start());
  RETURN_IF_ERROR(Map(kUserHelper, keeper.pid(), ::geteuid(), {ids.users.first, count - 1}));
  RETURN_IF_ERROR(Map(kGroupHelper, keeper.pid(), ::getegid(), {ids.groups.first, count - 1}));
  const std::string path = absl::StrCat("/proc/", keeper.pid(), "/ns/user");
  const base::UniqueFd ns(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!ns.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", path));
  if (::setns(ns.get(), CLONE_NEWUSER) != 0) return base::ErrnoStatus(errno, "setns");
  return count;
}

absl::Status UnshareAlone() {
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  if (::unshare(CLONE_NEWUSER) != 0) return base::ErrnoStatus(errno, "unshare");
  // Without this no unprivileged process may map its group (user_namespaces(7)).
  RETURN_IF_ERROR(base::WriteKernelFile("/proc/self/setgroups", "deny"));
  RETURN_IF_ERROR(base::WriteKernelFile("/proc/self/uid_map", absl::StrCat("0 ", uid, " 1")));
  return base::WriteKernelFile("/proc/self/gid_map", absl::StrCat("0 ", gid, " 1"));
}

// AppArmor can let a user namespace be made and leave its maker no capability in it
// (kernel.apparmor_restrict_unprivileged_userns): what fails then is the mapping.
absl::Status EnterAlone() {
  const absl::Status status = UnshareAlone();
  if (status.ok()) return status;
  return absl::FailedPreconditionError(
      absl::StrCat("this user may make no user namespace (", std::string(status.message()),
                   "); run as root, or see `shimgauge doctor` for what forbids it"));
}

}  // namespace

absl::StatusOr<Privilege> ChoosePrivilege(const std::string& option) {
  const bool root = ::geteuid() == 0;
  if (option == "auto") return root ? Privilege::kRoot : Privilege::kUserNamespace;
  if (option == "userns") return Privilege::kUserNamespace;
  if (option != "root") {
    return absl::InvalidArgumentError(
        absl::StrCat("--priv ", option, ": the choices are auto, root and userns"));
  }
  if (!root) return absl::FailedPreconditionError("--priv root: the caller is not root");
  return Privilege::kRoot;
}

std::optional<IdRange> ParseSubordinateIds(absl::string_view text, const std::string& user,
                                           uid_t id) {
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::vector<std::string> fields = absl::StrSplit(line, ':');
    IdRange range;
    if (fields.size() != 3 || !absl::SimpleAtoi(fields[1], &range.first) ||
        !absl::SimpleAtoi(fields[2], &range.count) || range.count == 0) {
      continue;
    }
    if ((!user.empty() && fields[0] == user) || fields[0] == absl::StrCat(id)) return range;
  }
  return std::nullopt;
}

std::uint32_t MappableIds() {
  const std::optional<SubordinateIds> ids = FindSubordinateIds();
  return ids ? CountOf(*ids) : 1;
}

absl::StatusOr<std::uint32_t> EnterUserNamespace() {
  if (const std::optional<SubordinateIds> ids = FindSubordinateIds()) {
    absl::StatusOr<std::uint32_t> count = EnterWithRanges(*ids);
    if (count.ok()) return count;
  }
  RETURN_IF_ERROR(EnterAlone());
  return 1;
}

}  // namespace conformance
