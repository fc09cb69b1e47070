// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/sample_run.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <utility>

#include "base/testing/temp_dir.h"

namespace conformance {
namespace {

Attempt Basic(Verdict verdict) {
  Attempt attempt;
  attempt.verdict = verdict;
  attempt.seed = 0x5eed;
  attempt.rpc_count = 9;
  attempt.boot_us = 21400;
  attempt.check_us = 250000;
  attempt.took = std::chrono::microseconds(312000);
  attempt.worked = std::chrono::microseconds(101000);
  return attempt;
}

Attempt FailedAttempt() {
  Attempt attempt = Basic(Verdict::kFail);
  attempt.whys = {{.code = why::kEventOrder,
                   .text = "the exit event came before the start event",
                   .expected = "create, start, exit",
                   .observed = "create, exit, start",
                   .requirement = "EVT-20",
                   .where = "conformance/checks/events.cc:88"},
                  {.code = why::kReplyField, .text = "pid differs", .expected = "<11> & \"12\""}};
  attempt.history = {
      {.offset_us = 0, .lane = HistoryEntry::Lane::kRpc, .text = "\u2192 Create id=c1"},
      {.offset_us = 8412, .lane = HistoryEntry::Lane::kRpc, .text = "\u2190 ok pid=4711"},
      {.offset_us = 10981,
       .lane = HistoryEntry::Lane::kEvent,
       .text = "\u21d0 /tasks/exit pid=4711 status=0",
       .contradiction = true},
      {.offset_us = 12870,
       .lane = HistoryEntry::Lane::kEvent,
       .text = "\u21d0 /tasks/start pid=4711"}};
  attempt.after = "shim alive, task STOPPED";
  attempt.left = {{.code = why::kLeftFile, .text = "/run/shimgauge/tmp/pty\x1b[31m"}};
  attempt.notes = {"start took 1.2 s"};
  attempt.shim_log = "level=info msg=\"publish\"\nlevel=warning msg=\"\xff late\"\n";
  return attempt;
}

Attempt With(Verdict verdict, const char* code, const char* text) {
  Attempt attempt = Basic(verdict);
  attempt.whys = {{.code = code, .text = text}};
  return attempt;
}

}  // namespace

SampleRun::SampleRun() {
  checks_ = {
      {.id = "bootstrap/version", .requirements = {"VER-01"}, .level = Level::kShould},
      {.id = "bootstrap/info", .requirements = {"INFO-01"}, .needs = ToNeeds(Need::kInfo)},
      {.id = "events/exit-after-start", .requirements = {"EVT-20", "START-31"}, .tags = {"race"}},
      {.id = "events/oom", .requirements = {"EVT-29"}, .level = Level::kShould},
      {.id = "events/once", .requirements = {"EVT-21"}},
      {.id = "stdio/eof", .requirements = {"IO-03"}},
      {.id = "stdio/reattach", .requirements = {"IO-05"}},
      {.id = "stdio/harness", .requirements = {"IO-02"}},
      {.id = "stdio/late", .requirements = {"IO-12"}},
  };
  expectation_ = {.check = "events/oom",
                  .result = Expectation::Result::kFail,
                  .why = why::kEventMissing,
                  .reference = "https://example.org/issues/1?a=1&b=2",
                  .file = "known.toml",
                  .line = 2};
  info_.suite_version = "0.1.0";
  info_.shim_path = "/opt/shims/containerd-shim-acme-v1";
  info_.shim_sha256 = "9c1e2d3f4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5c6d7e8f9a0b1c2d3e4f5";
  info_.profile = DefaultProfile();
  info_.host = {.kernel = "linux 6.12.1", .cgroup_mode = "v2", .root = true, .cpus = 8};
  info_.seed = 0x5eed;
  info_.jobs = 4;
  info_.argv = {"shimgauge", "run", "--shim", "containerd-shim-acme-v1"};
  info_.again = {"run", "--shim", "/opt/shims/containerd-shim-acme-v1"};
  info_.started_at = std::chrono::system_clock::from_time_t(1767225600);
  for (const Check& check : checks_) info_.plan.push_back({.check = &check});
  info_.selection = DigestOf(info_.plan);
  info_.plan[1].skip = SkipKind::kNotClaimed;
  info_.plan[1].skip_reason = "the profile does not claim info";
  info_.plan[3].expectation = &expectation_;
  subject_.legacy = {.usable = true, .version = 2, .protocol = "ttrpc", .took_us = 21400};
  subject_.params.problem = "exit 1, printed nothing";
  subject_.version_text = "containerd-shim-acme-v1:\n  Version:  1.8.2\n  Revision: abc\n";

  std::vector<std::vector<Attempt>> attempts(checks_.size());
  attempts[0] = {Basic(Verdict::kPass)};
  attempts[2] = {FailedAttempt()};
  attempts[3] = {With(Verdict::kFail, why::kEventMissing, "no /tasks/oom")};
  attempts[4] = {Basic(Verdict::kPass)};
  attempts[5] = {Basic(Verdict::kPass), With(Verdict::kHang, why::kReplyMissing, "no EOF")};
  attempts[5][1].number = 2;
  attempts[5][1].hang = {"pending  Wait c1: no reply for 5000 ms",
                         "thread   12 (shim): S (sleeping), waits in do_epoll_wait",
                         "pipe     fd 7 reads pipe:[4711]: written by sleep 31 (fd 1)"};
  attempts[6] = {With(Verdict::kSkip, why::kHost, "no pty")};
  attempts[7] = {With(Verdict::kError, why::kHarness, "the worker failed: killed by signal 6")};
  attempts[8] = {With(Verdict::kNotRun, why::kInterrupted, "the run was interrupted")};
  for (std::size_t i = 0; i < checks_.size(); ++i) {
    results_.push_back(Fold(i, info_.plan[i], attempts[i]));
    summary_.counts.Add(results_.back());
  }
  summary_.planned = results_.size();
  summary_.interrupted = true;
  summary_.stale_expectations = {"known.toml:9: no check matches \"events/gone\""};
}

void SampleRun::Tell(Report& report) const {
  report.RunStarted(info_);
  report.Probed(subject_, "runc version 1.1.5");
  for (auto result = results_.rbegin(); result != results_.rend(); ++result) {
    for (const Attempt& attempt : result->attempts) {
      report.CheckStarted(result->planned);
      report.AttemptEnded(result->planned, attempt);
    }
    report.CheckEnded(*result);
  }
  report.RunEnded(summary_, results_, std::chrono::milliseconds(41800));
}

void ExpectGolden(const std::string& actual, const std::string& name) {
  const std::string path = SHIMGAUGE_GOLDEN "/" + name;
  if (std::getenv("SHIMGAUGE_UPDATE_GOLDEN") != nullptr) base::testing::WriteFile(path, actual);
  EXPECT_EQ(actual, base::testing::ReadFile(path));
}

}  // namespace conformance
