// SPDX-License-Identifier: Apache-2.0
#include "fakes/containerd/fifo_set.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/fifo.h"
#include "base/testing/leak_guard.h"
#include "fakes/containerd/limits.h"
#include "fakes/containerd/testing/run_until.h"

namespace fakes {
namespace {

using fakes::testing::RunUntil;

class FifoSetTest : public base::testing::ProcessTest {
 protected:
  std::unique_ptr<FifoSet> Make(const FifoSetOptions& options) {
    auto set = FifoSet::Create(loop_, temp_.path(), "c1", options);
    EXPECT_TRUE(set.ok()) << set.status();
    return *std::move(set);
  }
  // The process' end of an output.
  static base::UniqueFd OpenOutput(const std::string& path) {
    return base::UniqueFd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
  }
  static void Put(const base::UniqueFd& fd, const std::string& text) {
    ASSERT_EQ(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  static unsigned ModeOf(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777u : 0;
  }

  boost::asio::io_context loop_;
};

TEST_F(FifoSetTest, NamesAndModesAreContainerds) {
  const auto set = Make({.standard_input = true});
  EXPECT_EQ(set->input_path(), temp_.File("c1-stdin"));
  EXPECT_EQ(set->output().path, temp_.File("c1-stdout"));
  EXPECT_EQ(set->error().path, temp_.File("c1-stderr"));
  for (const std::string& path : {set->input_path(), set->output().path, set->error().path}) {
    EXPECT_EQ(ModeOf(path), 0700u) << path;
  }
}

TEST_F(FifoSetTest, MakesOnlyWhatIsAskedFor) {
  const auto set = Make({.standard_input = false, .standard_error = false});
  EXPECT_EQ(set->input_path(), "");
  EXPECT_EQ(set->error().path, "");
  EXPECT_EQ(ModeOf(temp_.File("c1-stdin")), 0u);
  EXPECT_EQ(ModeOf(temp_.File("c1-stderr")), 0u);
  EXPECT_TRUE(absl::IsFailedPrecondition(set->ReopenInput()));
}

// HARN-04: a shim that opens its end for writing must not wait.
TEST_F(FifoSetTest, ReadersAreOpenBeforeAnybodyWrites) {
  const auto set = Make({});
  EXPECT_TRUE(OpenOutput(set->output().path).ok());
  EXPECT_TRUE(OpenOutput(set->error().path).ok());
}

TEST_F(FifoSetTest, WithoutReadersNobodyHoldsTheOutputs) {
  const auto set = Make({.readers = false});
  EXPECT_FALSE(OpenOutput(set->output().path).ok());  // ENXIO
  EXPECT_TRUE(set->AllEnded());                       // no reader that has not seen EOF
  ASSERT_TRUE(set->ReopenReaders().ok());
  EXPECT_TRUE(OpenOutput(set->output().path).ok());
}

TEST_F(FifoSetTest, StreamsAreSeparateAndEndSeparately) {
  const auto set = Make({});
  base::UniqueFd out = OpenOutput(set->output().path);
  base::UniqueFd err = OpenOutput(set->error().path);
  Put(out, "to stdout");
  Put(err, "to stderr");
  out.reset();
  ASSERT_TRUE(RunUntil(loop_, [&] { return set->output().ended; }));
  ASSERT_TRUE(RunUntil(loop_, [&] { return set->error().total == 9; }));
  EXPECT_EQ(set->output().bytes, "to stdout");
  EXPECT_EQ(set->error().bytes, "to stderr");
  EXPECT_FALSE(set->AllEnded());
  err.reset();
  EXPECT_TRUE(RunUntil(loop_, [&] { return set->AllEnded(); }));
}

// IO-05: what was written while no client was there is not lost as long as somebody holds it.
TEST_F(FifoSetTest, ReopenedReadersGoOn) {
  const auto set = Make({});
  base::UniqueFd out = OpenOutput(set->output().path);
  Put(out, "first ");
  ASSERT_TRUE(RunUntil(loop_, [&] { return set->output().total == 6; }));
  const auto holder = base::OpenFifoBothEnds(set->output().path, /*nonblocking=*/true);
  ASSERT_TRUE(holder.ok());
  set->CloseReaders();
  Put(out, "second");
  ASSERT_TRUE(set->ReopenReaders().ok());
  ASSERT_TRUE(RunUntil(loop_, [&] { return set->output().bytes == "first second"; }));
}

TEST_F(FifoSetTest, PausedReadersLetThePipeFill) {
  const auto set = Make({});
  const base::UniqueFd out = OpenOutput(set->output().path);
  set->PauseReading();
  const std::string page(4096, 'x');
  std::size_t written = 0;
  while (::write(out.get(), page.data(), page.size()) > 0) written += page.size();
  loop_.poll();
  EXPECT_EQ(set->output().total, 0u);
  EXPECT_GE(written, kPipeReadBytes);
  ASSERT_TRUE(set->ReopenReaders().ok());
  EXPECT_TRUE(RunUntil(loop_, [&] { return set->output().total == written; }));
}

TEST_F(FifoSetTest, InputWaitsForAProcessThatComesLater) {
  const auto set = Make({.standard_input = true});
  std::optional<absl::Status> result;
  set->WriteInput("early", [&](absl::Status status) { result = status; });
  ASSERT_TRUE(RunUntil(loop_, [&] { return result.has_value(); }));
  EXPECT_TRUE(result->ok()) << *result;
  const base::UniqueFd process(::open(set->input_path().c_str(), O_RDONLY | O_CLOEXEC));
  char buffer[16];
  EXPECT_EQ(::read(process.get(), buffer, sizeof(buffer)), 5);
  set->CloseInput();
  EXPECT_EQ(::read(process.get(), buffer, sizeof(buffer)), 0);  // EOF
  set->WriteInput("late", [&](absl::Status status) { result = status; });
  EXPECT_TRUE(absl::IsFailedPrecondition(*result));
  ASSERT_TRUE(set->ReopenInput().ok());
  set->WriteInput("again", [&](absl::Status status) { result = status; });
  ASSERT_TRUE(RunUntil(loop_, [&] { return result->ok(); }));
  EXPECT_EQ(::read(process.get(), buffer, sizeof(buffer)), 5);
}

}  // namespace
}  // namespace fakes
