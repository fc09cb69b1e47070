// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/toy_judge.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>

#include "conformance/harness/cgroup_tree.h"
#include "conformance/harness/command_line.h"
#include "conformance/harness/janitor.h"
#include "conformance/harness/worker_protocol.h"

namespace conformance {
namespace {

struct Toy {
  const WorkerServices& services;
  const WorldInfo& world;
  CheckOutcome outcome;

  void Fail(const std::string& text) {
    outcome.verdict = Verdict::kFail;
    outcome.whys.push_back({.code = why::kReplyCode,
                            .text = text,
                            .expected = "a toy that works",
                            .observed = "a toy that does not"});
  }
};

void Touch(const std::string& path) { std::ofstream(path) << "x"; }

pid_t StartSleep() {
  base::SpawnSpec spec;
  spec.path = "/bin/sleep";
  spec.argv = {"sleep", "100000"};
  return base::Spawn(spec)->pid;
}

// Nothing ever happens on this loop.
void WaitForEver() {
  boost::asio::io_context loop(1);
  const auto work = boost::asio::make_work_guard(loop);
  loop.run();
}

std::vector<std::string> MakeCgroups(const Toy& toy, const std::string& name) {
  std::vector<std::string> made;
  const absl::StatusOr<CgroupTree> tree = CgroupTree::Open(toy.world.cgroup_parent);
  for (const std::string& hierarchy : tree->hierarchies()) {
    const std::string path = absl::StrCat(hierarchy, toy.world.cgroup_parent, "/", name);
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (!error) made.push_back(path);
  }
  return made;
}

void LeaveProcess(Toy& toy) { toy.outcome.known[StartSleep()] = "container c1"; }

void LeaveMount(Toy& toy) {
  const std::string target = absl::StrCat(toy.world.bundles, "/c1");
  ::mkdir(target.c_str(), 0700);
  ::mount("tmpfs", target.c_str(), "tmpfs", 0, nullptr);
}

void LeaveCgroup(Toy& toy) {
  if (MakeCgroups(toy, "c1").empty()) toy.Fail("no cgroup could be made");
}

void LeaveSocket(Toy& toy) {
  struct sockaddr_un address {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (toy.world.sockets + "/s").c_str(), sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::bind(fd, reinterpret_cast<const struct sockaddr*>(&address), sizeof address);
  ::close(fd);
}

void LeaveFiles(Toy& toy) {
  Touch(toy.world.temp + "/pty1");
  Touch("/tmp/runc-process1");
  std::filesystem::create_directories("/run/containerd/runc/ns/c1");
}

// On cgroup v1 a frozen process survives SIGKILL until somebody thaws it.
void Freeze(Toy& toy) {
  const pid_t pid = StartSleep();
  toy.outcome.known[pid] = "container c1";
  for (const std::string& path : MakeCgroups(toy, "frozen")) {
    std::ofstream(path + "/cgroup.procs") << pid;
    if (std::filesystem::exists(path + "/freezer.state")) {
      std::ofstream(path + "/freezer.state") << "FROZEN";
    }
  }
}

// What the world promises, judged from within.
void Inspect(Toy& toy) {
  struct stat info {};
  const std::vector<std::pair<std::string, mode_t>> modes = {{toy.world.bundles, 0711},
                                                             {toy.world.scratch, 01777},
                                                             {toy.world.temp, 01777},
                                                             {toy.world.sockets, 0711},
                                                             {"/run", 0755},
                                                             {"/tmp", 01777}};
  for (const auto& [path, mode] : modes) {
    if (::stat(path.c_str(), &info) != 0 || (info.st_mode & 07777) != mode) {
      toy.Fail(absl::StrCat("mode of ", path));
    }
  }
  if (::getpid() != 1) toy.Fail("not pid 1");
  if (std::getenv("XDG_RUNTIME_DIR") != nullptr) toy.Fail("XDG_RUNTIME_DIR is set");
  if (::access(toy.world.shim.c_str(), X_OK) != 0) toy.Fail("the shim is hidden");
  if (::access(toy.world.fixtures.c_str(), R_OK) != 0) toy.Fail("the fixtures are hidden");
  for (const auto& entry : std::filesystem::directory_iterator("/run")) {
    const std::string name = entry.path().filename().string();
    const bool ours =
        name == "shimgauge" || name == "containerd" || (name == "log" && entry.is_socket());
    if (!ours) toy.Fail("/run is not private: " + name);
  }
  struct sockaddr_in loopback {};
  loopback.sin_family = AF_INET;
  loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  socklen_t size = sizeof loopback;
  auto* const address = reinterpret_cast<struct sockaddr*>(&loopback);
  if (::bind(listener, address, size) != 0 || ::listen(listener, 1) != 0 ||
      ::getsockname(listener, address, &size) != 0 || ::connect(client, address, size) != 0) {
    toy.Fail("the loopback device is down");
  }
  ::close(client);
  ::close(listener);
}

void Babble(Toy& toy) {
  toy.outcome.verdict = Verdict::kError;
  if (::write(kWorkerMessageFd, "hello\n", 6) != 6) toy.Fail("write");
  WaitForEver();
}

using Body = std::function<void(Toy&)>;

const std::map<std::string, Body>& Bodies() {
  static const std::map<std::string, Body> bodies = {
      {"bootstrap/first", [](Toy&) {}},
      {"toy/passes", [](Toy&) {}},
      {"toy/fails", [](Toy& toy) { toy.Fail("it is broken"); }},
      {"toy/tells-a-story", [](Toy& toy) { toy.outcome.story = "as ever"; }},
      {"toy/tells-of-news", [](Toy& toy) { toy.outcome.story = "new rule"; }},
      {"toy/tells-nonsense", [](Toy& toy) { toy.outcome.story = "nonsense"; }},
      {"toy/vacuous", [](Toy& toy) { toy.outcome.observations = 0; }},
      {"toy/skips",
       [](Toy& toy) {
         toy.outcome.verdict = Verdict::kSkip;
         toy.outcome.whys = {{.code = why::kHost, .text = "no such device"}};
       }},
      {"toy/may-fail", [](Toy& toy) { toy.Fail("it need not work"); }},
      {"toy/aborts",
       [](Toy&) {
         // pid 1 takes no signal from itself that it does not handle.
         std::_Exit(77);
       }},
      {"toy/waits",
       [](Toy& toy) {
         toy.services.progress("Wait c1: reply");
         WaitForEver();
       }},
      {"toy/spins", [](Toy&) { WaitForEver(); }},
      {"toy/babbles", &Babble},
      {"toy/flaky",
       [](Toy& toy) {
         if (toy.world.seed % 2 == 1) toy.Fail("an odd seed");
       }},
      {"toy/leaves-process", &LeaveProcess},
      {"toy/leaves-mount", &LeaveMount},
      {"toy/leaves-cgroup", &LeaveCgroup},
      {"toy/leaves-socket", &LeaveSocket},
      {"toy/leaves-files", &LeaveFiles},
      {"toy/freezes", &Freeze},
      {"toy/inspects", &Inspect},
  };
  return bodies;
}

CheckOutcome RunToy(const Check& check, const WorkerServices& services, const WorldInfo& world,
                    const SubjectInfo&, const Profile&) {
  Toy toy{.services = services, .world = world, .outcome = {}};
  toy.outcome.verdict = Verdict::kPass;
  toy.outcome.observations = 1;
  toy.outcome.history = {{.offset_us = 1, .text = "began"}};
  Bodies().at(check.id)(toy);
  return std::move(toy.outcome);
}

SubjectInfo ProbeToy(const WorkerServices&, const WorldInfo& world, const Profile&) {
  SubjectInfo subject;
  subject.version_text = "toy:\n  Version: 1.2.3\n";
  if (absl::EndsWith(world.shim, "/unusable")) {
    subject.legacy.problem = "exit 1";
    subject.params.problem = "exit 1";
  } else {
    subject.legacy = {.usable = true, .version = 2, .protocol = "ttrpc", .took_us = 1};
    subject.params = {.usable = true, .version = 3, .protocol = "ttrpc", .took_us = 1};
  }
  return subject;
}

// A toy's story is the text of the one finding there is in it; "new rule" has one more today.
absl::StatusOr<std::vector<Why>> JudgeToyStory(absl::string_view story) {
  if (story == "nonsense") return absl::InvalidArgumentError("the story is no JSON");
  std::vector<Why> findings;
  if (story == "new rule") findings.push_back({.code = why::kInvariant, .text = "it is new"});
  return findings;
}

}  // namespace

std::vector<Check> ToyChecks() {
  std::vector<Check> checks;
  for (const auto& [id, body] : Bodies()) {
    checks.push_back({.id = id, .requirements = {"EVT-20"}});
    if (id == "toy/may-fail") checks.back().level = Level::kMay;
  }
  return checks;
}

WorkerBody ToyBody() { return {.checks = ToyChecks(), .run_check = &RunToy, .probe = &ProbeToy}; }

bool RunAsToyJudge(int argc, char** argv, int& exit_code) {
  if (argc < 2) return false;
  if (std::strcmp(argv[1], "worker") == 0) WorkerMain(ToyBody());
  if (argc == 3 && std::strcmp(argv[1], "janitor") == 0) {
    exit_code = JanitorMain(argv[2]);
    return true;
  }
  if (std::strcmp(argv[1], "judge") != 0) return false;
  exit_code = CommandLineMain(argc - 1, argv + 1, ToyChecks(), ToyChecks(), &JudgeToyStory);
  return true;
}

base::SpawnSpec ToyJudge(const std::vector<std::string>& arguments) {
  base::SpawnSpec spec;
  spec.path = "/proc/self/exe";
  spec.argv = {"shimgauge", "judge"};
  spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
  return spec;
}

}  // namespace conformance
