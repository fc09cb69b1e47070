// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/prometheus_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace backends {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ProcessFactsTest, AreThoseOfTheProcess) {
  const absl::StatusOr<ProcessFacts> facts = ReadProcessFacts(::getpid());
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_EQ(facts->threads, 1U);
  EXPECT_GT(facts->fds, 2U);
  EXPECT_EQ(facts->stat.size(), 4U);
  EXPECT_GT(ProcessFacts::Get(facts->status, "vmrss"), 1024U * 1024) << "bytes";
  EXPECT_GT(ProcessFacts::Get(facts->io, "rchar"), 0U);
  EXPECT_EQ(ProcessFacts::Get(facts->io, "vmrss"), 0U);
}

TEST(ProcessFactsTest, OfNoProcessThereAreNone) {
  EXPECT_TRUE(absl::IsNotFound(ReadProcessFacts(4000000).status()));
}

TEST(PrometheusTextTest, AProcessHasFiveFamilies) {
  std::string text;
  AppendProcess("p", "Its",
                {.threads = 2,
                 .fds = 3,
                 .stat = {{"utime", 4}},
                 .status = {{"vmrss", 5}},
                 .io = {{"rchar", 6}}},
                text);
  EXPECT_EQ(text,
            "# HELP p_threads Its threads.\n# TYPE p_threads gauge\np_threads 2\n"
            "# HELP p_fds Its open descriptors.\n# TYPE p_fds gauge\np_fds 3\n"
            "# HELP p_proc_stat Its processor time in ticks.\n# TYPE p_proc_stat gauge\n"
            "p_proc_stat{item=\"utime\"} 4\n"
            "# HELP p_proc_status Its memory in bytes, and context switches.\n"
            "# TYPE p_proc_status gauge\np_proc_status{item=\"vmrss\"} 5\n"
            "# HELP p_io_stat Its input and output.\n# TYPE p_io_stat gauge\n"
            "p_io_stat{item=\"rchar\"} 6\n");
}

TEST(PrometheusTextTest, LatenciesAreAHistogramByAction) {
  shim::CallLog calls;
  calls.Begin("CloseIO", "")(absl::OkStatus());
  calls.Begin("ResizePty", "")(absl::OkStatus());
  calls.Begin("ResizePty", "")(absl::OkStatus());
  std::string text;
  AppendLatencies(calls, text);
  const std::string name = "kata_shim_rpc_durations_histogram_milliseconds";
  EXPECT_THAT(text, HasSubstr(name + "_bucket{action=\"close_io\",le=\"512\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{action=\"resize_pty\",le=\"+Inf\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(name + "_count{action=\"resize_pty\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE " + name + " histogram\n"));
}

TEST(PrometheusTextTest, AGuestSpeaksForNobodyElse) {
  std::string text;
  AppendGuest(
      "# HELP kata_guest_cpu x\nkata_guest_cpu 1\nkata_shim_fds 9\n# TYPE kata_shim_fds gauge\n"
      "# EOF\n\nkata_agent_y 2",
      text);
  EXPECT_EQ(text, "# HELP kata_guest_cpu x\nkata_guest_cpu 1\nkata_agent_y 2\n");
}

}  // namespace
}  // namespace backends
