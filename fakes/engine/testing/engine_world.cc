// SPDX-License-Identifier: Apache-2.0
#include "fakes/engine/testing/engine_world.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/subreaper.h"
#include "base/testing/temp_dir.h"
#include "container/recorded_process.h"
#include "oci/bundle.h"
#include "oci/json_reader.h"
#include "oci/minimal_spec.h"

namespace fakes::testing {

using base::testing::RunResult;

EngineTest::EngineTest() {
  EXPECT_TRUE(base::BecomeSubreaper().ok());
  base::testing::WriteFile(temp_.File("out"), "");
}

oci::Spec EngineTest::Guest(oci::Strings args) {
  oci::Spec spec = oci::MinimalLinuxSpec(std::move(args));
  spec.mounts.push_back({.destination = "/bin",
                         .type = "bind",
                         .source = SHIMGAUGE_FIXTURES,
                         .options = {"rbind", "ro"}});
  return spec;
}

RunResult EngineTest::Engine(const std::vector<std::string>& words) {
  base::SpawnSpec spec{.path = SHIMGAUGE_ENGINE,
                       .argv = {"shimgauge-engine", "--root", Root(), "--log",
                                temp_.File("log.json"), "--log-format", "json"}};
  spec.argv.insert(spec.argv.end(), words.begin(), words.end());
  const base::UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const base::UniqueFd out(::open(temp_.File("out").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  spec.fds = {{.source = null.get(), .target = 0}};
  const bool keeps_stdio = words[0] == "create" || words[0] == "exec";
  if (keeps_stdio) {
    spec.fds.push_back({.source = out.get(), .target = 1});
    spec.fds.push_back({.source = out.get(), .target = 2});
  }
  absl::StatusOr<RunResult> result = base::testing::RunToExit(spec);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *result : RunResult();
}

std::string EngineTest::TakeLog() {
  struct stat info {};
  if (::stat(temp_.File("log.json").c_str(), &info) != 0) return "";
  std::string text = base::testing::ReadFile(temp_.File("log.json"));
  ::unlink(temp_.File("log.json").c_str());
  return text;
}

std::string EngineTest::Bundle(const std::string& id) const {
  return temp_.File(absl::StrCat("bundle-", id));
}

pid_t EngineTest::Create(const std::string& id, const oci::Spec& spec,
                         const std::vector<std::string>& flags) {
  if (::access(Bundle(id).c_str(), F_OK) != 0) {
    // Other tests on this machine have containers of that name at the same time.
    oci::Spec own = spec;
    if (own.linux.cgroups_path.empty()) {
      own.linux.cgroups_path = absl::StrCat("shimgauge-test-", ::getpid(), "-", id);
    }
    const absl::Status written = oci::WriteBundle(Bundle(id), own);
    EXPECT_TRUE(written.ok()) << written;
  }
  const std::string pid_file = temp_.File(absl::StrCat(id, ".pid"));
  std::vector<std::string> words = {"create", "--bundle", Bundle(id), "--pid-file", pid_file};
  words.insert(words.end(), flags.begin(), flags.end());
  words.push_back(id);
  if (Engine(words).status.ShellStatus() != 0) return -1;
  return container::ReadPidFile(pid_file).value_or(-1);
}

pid_t EngineTest::CreateAndStart(const std::string& id, const oci::Spec& spec) {
  const pid_t pid = Create(id, spec);
  EXPECT_GT(pid, 0) << TakeLog();
  EXPECT_EQ(Engine({"start", id}).status.ShellStatus(), 0U) << TakeLog();
  return pid;
}

pid_t EngineTest::Exec(const std::string& id, const std::vector<std::string>& args) {
  const std::string pid_file = temp_.File(absl::StrCat("exec-", ++files_, ".pid"));
  std::vector<std::string> words = {"exec", "--detach", "--pid-file", pid_file, id};
  words.insert(words.end(), args.begin(), args.end());
  if (Engine(words).status.ShellStatus() != 0) return -1;
  return container::ReadPidFile(pid_file).value_or(-1);
}

std::string EngineTest::State(const std::string& id) {
  const RunResult result = Engine({"state", id});
  std::string status;
  oci::JsonReader in(result.out);
  (void)in.ReadObject(
      [&](absl::string_view name) { return name == "status" ? in.ReadString(status) : in.Skip(); });
  return status;
}

void EngineTest::Delete(const std::string& id) {
  EXPECT_EQ(Engine({"delete", "--force", id}).status.ShellStatus(), 0U) << TakeLog();
  EXPECT_NE(::access(absl::StrCat(Root(), "/", id).c_str(), F_OK), 0);
}

std::string EngineTest::Output() const { return base::testing::ReadFile(temp_.File("out")); }

void EngineTest::AwaitOutput(const std::string& text) const {
  const base::UniqueFd watch(::inotify_init1(IN_CLOEXEC));
  ASSERT_GE(::inotify_add_watch(watch.get(), temp_.File("out").c_str(), IN_MODIFY), 0);
  while (!absl::StrContains(Output(), text)) {
    pollfd ready{.fd = watch.get(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(::poll(&ready, 1, 60'000), 1) << "no \"" << text << "\" in: " << Output();
    char events[4096];
    (void)!::read(watch.get(), events, sizeof(events));
  }
}

}  // namespace fakes::testing
