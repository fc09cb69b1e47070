// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/testing/backend_world.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "base/testing/run.h"
#include "oci/bundle.h"
#include "oci/minimal_spec.h"
#include "runc/options.pb.h"

namespace backends::testing {
namespace {

constexpr std::chrono::seconds kPatience{60};
constexpr char kNamespace[] = "test";

void LinkFiles(const std::string& from, const std::string& to) {
  if (!std::filesystem::exists(from)) return;
  std::error_code error;
  for (const auto& fixture : std::filesystem::directory_iterator(from)) {
    if (!fixture.is_regular_file()) continue;
    const std::filesystem::path target = to / fixture.path().filename();
    if (std::filesystem::exists(target)) continue;
    std::filesystem::create_hard_link(fixture, target, error);
    if (error) std::filesystem::copy_file(fixture, target, error);
    EXPECT_FALSE(error) << fixture << ": " << error.message();
  }
}

}  // namespace

void FailSecondAnswer() { ADD_FAILURE() << "a continuation was called twice"; }

BackendWorld::BackendWorld(const BackendEntry& entry)
    : reaper_(*base::ChildReaper::Create(loop_)), entry_(entry) {
  ReplaceBackend();
}

BackendWorld::~BackendWorld() = default;

void BackendWorld::ReplaceBackend() {
  backend_.reset();
  backend_ = entry_.make({.loop = loop_,
                          .reaper = *reaper_,
                          .log = log_,
                          .namespace_name = kNamespace,
                          .calls = &calls_});
}

shim::Opaque BackendWorld::Options(const std::string& binary) const {
  containerd::runc::v1::Options options;
  options.set_root(temp_.File("engine"));
  options.set_binary_name(binary);
  return {.type_url = options.GetTypeName(), .value = options.SerializeAsString()};
}

std::string BackendWorld::EngineRoot() const {
  return absl::StrCat(temp_.File("engine"), "/", kNamespace);
}

std::string BackendWorld::Program(const std::string& name) const {
  return absl::StrCat("/", name, entry_.name == absl::string_view("wasm") ? ".wasm" : "");
}

bool BackendWorld::HasProgram(const std::string& name) const {
  const bool module = entry_.name == absl::string_view("wasm");
  return std::filesystem::exists(
      absl::StrCat(SHIMGAUGE_FIXTURES, module ? "/wasm" : "", Program(name)));
}

bool BackendWorld::RunUntil(const std::function<bool()>& predicate) {
  const auto limit = std::chrono::steady_clock::now() + kPatience;
  while (!predicate()) {
    loop_.restart();
    if (loop_.run_one_until(limit) > 0) continue;
    ADD_FAILURE() << "what was waited for did not happen";
    return false;
  }
  return true;
}

TestIo::TestIo() {
  for (auto [read, write] : {std::pair(&in_read, &in_write), std::pair(&out_read, &out_write),
                             std::pair(&err_read, &err_write)}) {
    auto pipe = base::testing::MakePipe();
    *read = std::move(pipe->read);
    *write = std::move(pipe->write);
  }
}

shim::ProcessIo TestIo::Take() {
  return {.in = std::move(in_read),
          .out = std::move(out_write),
          .err = std::move(err_write),
          .terminal = false,
          .on_console = nullptr};
}

shim::ProcessIo TestIo::TakeTerminal() {
  return {
      .in = {}, .out = {}, .err = {}, .terminal = true, .on_console = [this](base::UniqueFd fd) {
        EXPECT_FALSE(console.ok()) << "a second console";
        console = std::move(fd);
      }};
}

Container::Container(BackendWorld& world, const std::string& id, const std::string& program,
                     std::vector<std::string> args)
    : options(world.Options()),
      world_(world),
      id_(absl::StrCat("shimgauge-test-", ::getpid(), "-", id)),
      bundle_(world.temp().File(id)) {
  args.insert(args.begin(), world.Program(program));
  spec = oci::MinimalLinuxSpec(std::move(args));
}

Container::~Container() {
  if (workload_ == nullptr) return;
  EXPECT_TRUE(Delete().ok());
}

std::string Container::InRootfs(const std::string& name) const {
  return absl::StrCat(bundle_, "/rootfs/", name);
}

absl::Status Container::Create() {
  spec.process.terminal = terminal;
  const absl::Status written = oci::WriteBundle(bundle_, spec);
  EXPECT_TRUE(written.ok()) << written;
  for (const char* directory : {SHIMGAUGE_FIXTURES, SHIMGAUGE_FIXTURES "/wasm"}) {
    LinkFiles(directory, InRootfs(""));
  }
  Answer<absl::StatusOr<std::unique_ptr<shim::Workload>>> answer;
  world_.backend().Create({.id = id_,
                           .bundle = bundle_,
                           .spec = spec,
                           .options = options,
                           .checkpoint = checkpoint,
                           .io = terminal ? io_.TakeTerminal() : io_.Take(),
                           .on_exit =
                               [this](const base::ExitStatus& status) {
                                 EXPECT_FALSE(exit_.has_value()) << "a second exit";
                                 exit_ = status;
                                 ooms_before_exit_ = ooms_;
                               },
                           .on_oom = [this] { ++ooms_; }},
                          answer.Expect());
  auto& workload = world_.Await(answer);
  if (!workload.ok()) return workload.status();
  EXPECT_FALSE(exit_.has_value()) << "an exit before the completion of Create";
  workload_ = *std::move(workload);
  return absl::OkStatus();
}

absl::StatusOr<pid_t> Container::Start() {
  Answer<absl::StatusOr<pid_t>> answer;
  workload_->Start(answer.Expect());
  return world_.Await(answer);
}

absl::Status Container::Signal(int signo, shim::SignalScope scope) {
  Answer<absl::Status> answer;
  workload_->Signal(signo, scope, answer.Expect());
  return world_.Await(answer);
}

absl::Status Container::Pause() {
  Answer<absl::Status> answer;
  workload_->Pause(answer.Expect());
  return world_.Await(answer);
}

absl::Status Container::Resume() {
  Answer<absl::Status> answer;
  workload_->Resume(answer.Expect());
  return world_.Await(answer);
}

absl::Status Container::Update(const std::string& resources_json) {
  Answer<absl::Status> answer;
  workload_->Update(resources_json, answer.Expect());
  return world_.Await(answer);
}

absl::StatusOr<shim::Opaque> Container::Sample() {
  Answer<absl::StatusOr<shim::Opaque>> answer;
  workload_->Sample(answer.Expect());
  return world_.Await(answer);
}

std::vector<pid_t> Container::Pids() {
  Answer<absl::StatusOr<std::vector<pid_t>>> answer;
  workload_->Pids(answer.Expect());
  auto& pids = world_.Await(answer);
  EXPECT_TRUE(pids.ok()) << pids.status();
  return pids.value_or(std::vector<pid_t>());
}

absl::Status Container::Delete() {
  Answer<absl::Status> answer;
  workload_->Delete(answer.Expect());
  absl::Status status = world_.Await(answer);
  if (status.ok()) workload_.reset();
  return status;
}

unsigned Container::AwaitExit() {
  return world_.RunUntil([this] { return exit_.has_value(); }) ? exit_->ShellStatus() : ~0U;
}

std::string Container::Output() { return base::testing::ReadToEof(io_.out_read); }

ExecInContainer::ExecInContainer(BackendWorld& world, Container& container,
                                 const std::string& exec_id, const std::string& process_json,
                                 bool terminal)
    : world_(world) {
  auto exec = container.workload().Exec({.exec_id = exec_id,
                                         .process_json = process_json,
                                         .io = terminal ? io_.TakeTerminal() : io_.Take(),
                                         .on_exit = [this](const base::ExitStatus& status) {
                                           EXPECT_FALSE(exit_.has_value()) << "a second exit";
                                           exit_ = status;
                                         }});
  EXPECT_TRUE(exec.ok()) << exec.status();
  exec_ = *std::move(exec);
}

absl::StatusOr<pid_t> ExecInContainer::Start() {
  Answer<absl::StatusOr<pid_t>> answer;
  exec_->Start(answer.Expect());
  const absl::StatusOr<pid_t> pid = world_.Await(answer);
  return pid;
}

absl::Status ExecInContainer::Signal(int signo) {
  Answer<absl::Status> answer;
  exec_->Signal(signo, answer.Expect());
  return world_.Await(answer);
}

unsigned ExecInContainer::AwaitExit() {
  return world_.RunUntil([this] { return exit_.has_value(); }) ? exit_->ShellStatus() : ~0U;
}

std::string ExecInContainer::Output() { return base::testing::ReadToEof(io_.out_read); }

std::string ProcessJson(const std::vector<std::string>& args, bool terminal) {
  return absl::StrCat("{\"terminal\":", terminal ? "true" : "false",
                      ",\"cwd\":\"/\",\"env\":[\"COLOUR=blue\"],\"user\":{\"uid\":0,\"gid\":0},"
                      "\"args\":[\"",
                      absl::StrJoin(args, "\",\""), "\"]}");
}

}  // namespace backends::testing
