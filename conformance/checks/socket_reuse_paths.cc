// SPDX-License-Identifier: Apache-2.0
// Contract §2: what may lie at the path of a socket, how long and how private it is, and that
// nothing piles up there.
#include <absl/strings/str_cat.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/fifo.h"
#include "base/unique_fd.h"
#include "conformance/checks/bootstrap_support.h"
#include "conformance/checks/socket_reuse.h"
#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Ne;

// `start` although `put` has laid something at its path; the daemon then serves there.
void StartsOver(CheckContext& check, const std::string& what, bool (*put)(const std::string&)) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  const std::string path = LearnPath(check, bundle);
  check.ASSERT_THAT(put(path), Eq(true), {.text = what, .code = why::kHarness});
  const StartResult result = check.RunStart(bundle);
  check.ASSERT_THAT(
      result.usable(), Eq(true),
      {.text = absl::StrCat("`start` over ", what, ": ", ::testing::PrintToString(result)),
       .code = why::kStartFailed});
  if (PathOf(result.address) != path) check.Note("the shim went around it to another path");
  CheckConnects(check, bundle, result);
}

void ReplacesADanglingSymlink(CheckContext& check) {
  StartsOver(check, "a symlink to nowhere", [](const std::string& path) {
    return ::symlink("/nonexistent/of/the/judge", path.c_str()) == 0;
  });
}

void ReplacesAFifo(CheckContext& check) {
  StartsOver(check, "a FIFO",
             [](const std::string& path) { return base::MakeFifo(path, 0600).ok(); });
}

void ReplacesASymlinkNotItsTarget(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  const std::string path = LearnPath(check, bundle);
  const std::string precious = absl::StrCat(check.ScratchDirectory(), "/precious");
  std::ofstream(precious) << "precious";
  check.ASSERT_THAT(::symlink(precious.c_str(), path.c_str()), Eq(0), {.code = why::kHarness});
  CheckConnects(check, bundle, RequireStart(check, bundle));
  check.EXPECT_THAT(ReadWholeFile(precious), Eq("precious"),
                    {.text = "the file behind the symlink", .code = why::kFileContent});
}

// A listener whose queue of connections is full: a connect that may block does so for ever.
class FullListener {
 public:
  explicit FullListener(const std::string& path)
      : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    path.copy(name.sun_path, sizeof name.sun_path - 1);
    const auto* address = reinterpret_cast<const sockaddr*>(&name);
    if (::bind(listener_.get(), address, sizeof name) != 0) return;
    if (::listen(listener_.get(), 0) != 0) return;
    while (true) {
      base::UniqueFd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      if (::connect(client.get(), address, sizeof name) != 0) break;
      clients_.push_back(std::move(client));
    }
    full_ = errno == EAGAIN;
    if (::stat(path.c_str(), &file_) != 0) full_ = false;
  }
  [[nodiscard]] bool full() const { return full_; }
  // Nobody has put another file there meanwhile.
  [[nodiscard]] bool IsAt(const std::string& path) const {
    struct stat now {};
    return ::stat(path.c_str(), &now) == 0 && now.st_ino == file_.st_ino &&
           now.st_ctim.tv_sec == file_.st_ctim.tv_sec &&
           now.st_ctim.tv_nsec == file_.st_ctim.tv_nsec;
  }

 private:
  struct stat file_ {};
  base::UniqueFd listener_;
  std::vector<base::UniqueFd> clients_;
  bool full_ = false;
};

void CopesWithAFullListener(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  const std::string path = LearnPath(check, bundle);
  const FullListener listener(path);
  check.ASSERT_THAT(listener.full(), Eq(true),
                    {.text = "a listener with a full queue", .code = why::kHarness});
  // Whether that counts as alive is open (SOCK-09); a hang is neither.
  const StartResult result = check.RunStart(bundle);
  check.EXPECT_THAT(result.command.timed_out, Eq(false),
                    {.text = "`start` ends although it cannot connect at once",
                     .code = why::kReplyMissing,
                     .requirement = "START-08"});
  if (result.usable() && !listener.IsAt(PathOf(result.address))) {
    CheckConnects(check, bundle, result);  // it made a server of its own
  } else {
    ::unlink(path.c_str());
  }
}

void ConcurrentStartsOverADeadLeader(CheckContext& check) {
  ShimUnderTest& leader = check.StartShim(Member(check, kRuncGroup, "pod-dead"));
  check.ASSERT_THAT(leader.SendSignal(SIGKILL), IsOk());
  check.ASSERT_THAT(leader.AwaitExit(kShutdownDeadline), Eq(true),
                    {.text = "the shim ends", .code = why::kHarness});
  std::vector<Bundle> bundles;
  for (int i = 0; i < 6; ++i) bundles.push_back(Member(check, kRuncGroup, "pod-dead"));
  std::set<pid_t> daemons;
  for (const StartResult& result : check.RunStartsTogether(bundles)) {
    check.ASSERT_THAT(result.usable(), Eq(true),
                      {.text = absl::StrCat("one of six `start`s over a stale socket: ",
                                            ::testing::PrintToString(result)),
                       .code = why::kStartFailed});
    daemons.insert(check.ConnectTo(result.address, result.version).pid());
  }
  check.EXPECT_THAT(daemons.size(), Eq(1u),
                    {.text = "daemons of one group", .code = why::kProcessState});
}

// --- groups --------------------------------------------------------------------------------------

void AnEmptyGroupIsAGroup(CheckContext& check) {
  const auto in_empty_group = [&] {
    return check.MakeBundle(Program("pause"),
                            {.annotations = {{kRuncGroup, ""}, {kCriGroup, "pod-e"}}});
  };
  const Bundle first = in_empty_group();
  const StartResult leader = RequireStart(check, first);
  CheckConnects(check, first, leader);
  check.EXPECT_THAT(
      RequireStart(check, in_empty_group()).address, Eq(leader.address),
      {.text = "two containers whose group is the empty text", .code = why::kSocketState});
  check.EXPECT_THAT(
      RequireStart(check, Member(check, kCriGroup, "pod-e")).address, Ne(leader.address),
      {.text = "the sandbox id does not count beside an empty group", .code = why::kSocketState});
}

void SharesAcrossDialects(CheckContext& check) {
  const Bundle first = Member(check, kRuncGroup, "pod-upgrade");
  const StartResult older = check.RunStart(first, {.dialect = Dialect::kLegacy});
  if (!older.usable()) check.Skip("the shim does not speak the legacy dialect");
  ShimUnderTest& shim = check.ConnectTo(older.address, older.version);
  const Task leader = check.Create(Program("pause"), {.existing_bundle = first, .shim = &shim});
  check.ASSERT_THAT(leader.Start(), IsOk());

  const Bundle second = Member(check, kRuncGroup, "pod-upgrade", Program("exit_code", "6"));
  const StartResult newer = check.RunStart(second, {.dialect = Dialect::kParams});
  if (!newer.usable()) check.Skip("the shim does not speak the params dialect");
  check.EXPECT_THAT(newer.address, Eq(older.address),
                    {.text = "a newer containerd finds the shim an older one started",
                     .code = why::kSocketState});
  ShimUnderTest& joined = check.ConnectTo(newer.address, newer.version);
  const Task member =
      check.Create(Program("exit_code", "6"), {.existing_bundle = second, .shim = &joined});
  check.ASSERT_THAT(member.Start(), IsOk(),
                    {.text = absl::StrCat("over version ", newer.version, " as announced"),
                     .requirement = "VERS-05"});
  check.EXPECT_THAT(member.Wait(), IsOkAndHolds(ExitedWith(6)));
  check.EXPECT_THAT(leader.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "what the older containerd started"});
}

// --- length and modes ----------------------------------------------------------------------------

// `start` with a socket directory of `length` characters, which is made.
StartResult StartIn(CheckContext& check, const Bundle& bundle, std::size_t length) {
  std::string directory = absl::StrCat(check.ScratchDirectory(), "/");
  directory.append(length - directory.size(), 'd');
  check.ASSERT_THAT(::mkdir(directory.c_str(), 0700), Eq(0), {.code = why::kHarness});
  return check.RunStart(bundle, {.dialect = Dialect::kParams, .socket_dir = directory});
}

// A socket directory can only be named in the dialect of containerd 2.3.
void RequireParams(CheckContext& check) {
  const Bundle usual = check.MakeBundle(Program("pause"));
  const StartResult spoken = check.RunStart(usual, {.dialect = Dialect::kParams});
  if (!spoken.usable()) check.Skip("the shim does not speak the dialect of containerd 2.3");
  CheckConnects(check, usual, spoken);
}

// 41 characters, a slash and 64 hexadecimal digits are the 106 of SOCK-05.
void LongestSocketDirectory(CheckContext& check) {
  RequireParams(check);
  const Bundle bundle = check.MakeBundle(Program("pause"));
  const StartResult result = StartIn(check, bundle, 41);
  check.ASSERT_THAT(result.usable(), Eq(true),
                    {.text = absl::StrCat("`start` with a socket directory of 41 characters: ",
                                          ::testing::PrintToString(result)),
                     .code = why::kStartFailed});
  check.EXPECT_THAT(PathOf(result.address).size(), Le(106u), {.code = why::kSocketState});
  CheckConnects(check, bundle, result);
}

void TooLongASocketDirectory(CheckContext& check) {
  RequireParams(check);
  const Bundle bundle = check.MakeBundle(Program("pause"));
  const StartResult result = StartIn(check, bundle, 100);
  check.EXPECT_THAT(result.command.timed_out, Eq(false),
                    {.text = "`start` ends", .code = why::kReplyMissing});
  if (result.usable()) {
    CheckConnects(check, bundle, result);
    check.EXPECT_THAT(PathOf(result.address).size(), Le(106u), {.code = why::kSocketState});
    return;
  }
  check.EXPECT_THAT(result.command.exit.signal, Eq(0),
                    {.text = "a directory too long is refused, it does not crash `start`",
                     .code = why::kShimCrashed});
  check.EXPECT_THAT(result.command.standard_output, ::testing::Not(IsEmpty()),
                    {.code = why::kStartOutput, .requirement = "START-07"});
}

void IsPrivateUnderAnyUmask(CheckContext& check) {
  const mode_t own = ::umask(0);
  const Bundle bundle = check.MakeBundle(Program("pause"));
  const StartResult result = check.RunStart(bundle);
  ::umask(own);
  check.ASSERT_THAT(result.usable(), Eq(true),
                    {.text = "`start` gives an address", .code = why::kStartFailed});
  ShimUnderTest& shim = CheckConnects(check, bundle, result);
  if (shim.socket_path().empty()) check.Skip("the shim listens on an abstract socket");
  struct stat status {};
  check.ASSERT_THAT(::stat(shim.socket_path().c_str(), &status), Eq(0),
                    {.code = why::kSocketState});
  check.EXPECT_THAT(status.st_mode & 077u, Eq(0u),
                    {.text = "permissions of group and others on the socket, umask being 0",
                     .code = why::kSocketState});
}

void MakesItsDirectoryPrivate(CheckContext& check) {
  check.ASSERT_THAT(::rmdir(check.SocketDirectory().c_str()), Eq(0),
                    {.text = "removing the socket directory", .code = why::kHarness});
  const Bundle bundle = check.MakeBundle(Program("pause"));
  const StartResult result = RequireStart(check, bundle);
  CheckConnects(check, bundle, result);
  struct stat status {};
  if (::stat(check.SocketDirectory().c_str(), &status) != 0) {
    check.Skip("the shim has its sockets elsewhere");
  }
  check.EXPECT_THAT(status.st_mode & 077u, Eq(0u),
                    {.text = "permissions of group and others on a directory that was missing",
                     .code = why::kSocketState});
}

// --- nothing piles up ----------------------------------------------------------------------------

// Files in the directory and its subdirectories, sockets included.
std::set<std::string> FilesBelow(const std::string& directory) {
  std::set<std::string> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory, error)) {
    files.insert(entry.path().string());
  }
  return files;
}

void Cycle(CheckContext& check, int cycles) {
  const Bundle bundle = check.MakeBundle(Program("exit_code", "0"));
  std::set<std::string> after_first;
  for (int cycle = 1; cycle <= cycles; ++cycle) {
    ShimUnderTest& shim = check.StartShim(bundle);
    const Task task =
        check.Create(Program("exit_code", "0"), {.existing_bundle = bundle, .shim = &shim});
    check.ASSERT_THAT(task.Start(), IsOk(), {.text = absl::StrCat("cycle ", cycle)});
    check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
    check.ASSERT_THAT(task.Delete(), IsOk());
    check.ASSERT_THAT(shim.Shutdown(bundle.id), IsOk());
    check.ASSERT_THAT(shim.AwaitExit(kShutdownDeadline), Eq(true),
                      {.text = absl::StrCat("the daemon of cycle ", cycle, " ends"),
                       .code = why::kLeftProcess,
                       .requirement = "SHUT-02"});
    check.ASSERT_THAT(
        SocketFiles(check), IsEmpty(),
        {.text = absl::StrCat("sockets after cycle ", cycle), .code = why::kLeftSocket});
    check.ASSERT_THAT(
        check.Eventually([&] { return check.World().All().empty(); }), Eq(true),
        {.text = absl::StrCat("no process after cycle ", cycle), .code = why::kLeftProcess});
    const std::set<std::string> files = FilesBelow(bundle.path);
    if (cycle == 1) after_first = files;
    check.ASSERT_THAT(files, Eq(after_first),
                      {.text = absl::StrCat("files in the bundle after cycle ", cycle),
                       .code = why::kLeftFile,
                       .requirement = "LEAK-05"});
  }
}
void FewCycles(CheckContext& check) { Cycle(check, 5); }
void ManyCycles(CheckContext& check) { Cycle(check, 500); }

}  // namespace

void AddSocketPathChecks(std::vector<Check>& checks) {
  const Needs grouping = ToNeeds(Need::kGrouping);
  const std::vector<Check> rows_of_start = {
      {.id = "socket-reuse/replaces-a-dangling-symlink",
       .requirements = {"SOCK-10"},
       .run = ReplacesADanglingSymlink},
      {.id = "socket-reuse/replaces-a-fifo", .requirements = {"SOCK-10"}, .run = ReplacesAFifo},
      {.id = "socket-reuse/replaces-a-symlink-and-not-its-target",
       .requirements = {"SOCK-10"},
       .run = ReplacesASymlinkNotItsTarget},
      {.id = "socket-reuse/copes-with-a-listener-that-is-full",
       .requirements = {"SOCK-09", "START-08"},
       .run = CopesWithAFullListener},
      {.id = "socket-reuse/concurrent-starts-over-a-dead-leader-yield-one-daemon",
       .requirements = {"START-18", "SOCK-10"},
       .level = Level::kShould,
       .tags = {"race"},
       .needs = grouping,
       .run = ConcurrentStartsOverADeadLeader},
      {.id = "socket-reuse/an-empty-group-is-a-group",
       .requirements = {"SOCK-08"},
       .level = Level::kShould,
       .needs = grouping,
       .run = AnEmptyGroupIsAGroup},
      {.id = "socket-reuse/socket-is-private-under-any-umask",
       .requirements = {"SOCK-06"},
       .level = Level::kShould,
       .run = IsPrivateUnderAnyUmask},
      {.id = "socket-reuse/makes-its-directory-private",
       .requirements = {"SOCK-06"},
       .level = Level::kShould,
       .run = MakesItsDirectoryPrivate},
  };
  AddInEachDialect(rows_of_start, checks);
  const std::vector<Check> rows = {
      {.id = "socket-reuse/shares-across-dialects",
       .requirements = {"START-17", "VERS-05", "SOCK-09"},
       .needs = grouping,
       .run = SharesAcrossDialects},
      {.id = "socket-reuse/the-longest-socket-directory-fits",
       .requirements = {"STDIN-10", "SOCK-05"},
       .run = LongestSocketDirectory},
      {.id = "socket-reuse/a-socket-directory-too-long-is-survived",
       .requirements = {"SOCK-05"},
       .run = TooLongASocketDirectory},
      {.id = "socket-reuse/whole-cycles-leave-nothing",
       .requirements = {"SOCK-11", "SHUT-02", "LEAK-02", "LEAK-05"},
       .run = FewCycles},
      {.id = "socket-reuse/five-hundred-cycles-leave-nothing",
       .requirements = {"SOCK-11", "SHUT-02", "LEAK-02", "LEAK-05"},
       .tags = {kSoakTag},
       .run = ManyCycles},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
