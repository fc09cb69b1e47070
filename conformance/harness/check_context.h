// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <gmock/gmock-matchers.h>
#include <gmock/gmock-more-matchers.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/here.h"
#include "conformance/harness/because.h"
#include "conformance/harness/events.h"
#include "conformance/harness/matchers.h"
#include "conformance/harness/processes.h"
#include "conformance/harness/shim_under_test.h"
#include "conformance/harness/task.h"
#include "conformance/harness/verdict.h"

// The checks' own verbs carry these names; GoogleTest's macros of the same name make no sense here.
#undef EXPECT_THAT
#undef ASSERT_THAT

namespace conformance {

// Ends the running check at once; thrown by ASSERT_THAT, Fail and Skip, caught by the runner only.
struct CheckEnded {};

// What a check function gets: the shim, tasks, events, the world, and a way to state what must
// hold. Everything is sequential to read: each call runs the worker's event loop until its reply or
// its deadline, so event sink and stdio readers are served meanwhile.
//
// Deadlines are caps, not waits, and scale with --deadline-scale. A call that exceeds its deadline
// returns DEADLINE_EXCEEDED to the check *and* marks the run as `hang` unless the check expected it
// (it used the call's own timeout option).
class CheckContext {
 public:
  virtual ~CheckContext() = default;

  // --- the shim -------------------------------------------------------------------------------
  // The shim of this check's first container, started on first use in the default dialect.
  // A shim that cannot be started ends the check (start.failed).
  virtual ShimUnderTest& Shim() = 0;
  // A prepared bundle (HARN-01) for a container that runs `process`, not yet created.
  virtual Bundle MakeBundle(const ProcessSpec& process, const BundleOptions& options = {}) = 0;
  // Runs `SHIM ... start` for `bundle` and reports everything; judges nothing.
  virtual StartResult RunStart(const Bundle& bundle, const StartOptions& options = {}) = 0;
  // All at once, for races; results in the order of `bundles`.
  virtual std::vector<StartResult> RunStartsTogether(const std::vector<Bundle>& bundles,
                                                     const StartOptions& options = {}) = 0;
  // RunStart, then connects. Ends the check if the result is unusable. Several may live in one
  // check.
  virtual ShimUnderTest& StartShim(const Bundle& bundle, const StartOptions& options = {}) = 0;
  // Connects again to an address (SOCK-13, REC-20); ends the check if that fails.
  virtual ShimUnderTest& ConnectTo(const std::string& address, int task_version) = 0;
  // Whether anybody listens at the address right now.
  virtual bool CanConnect(const std::string& address) = 0;
  // Runs `SHIM ... delete` as containerd does (DEL-01).
  virtual DeleteResult RunDelete(const Bundle& bundle, const StartOptions& options = {}) = 0;
  // All at once, as after the death of a shared shim (REC-06); results in the order of `bundles`.
  virtual std::vector<DeleteResult> RunDeletesTogether(const std::vector<Bundle>& bundles,
                                                       const StartOptions& options = {}) = 0;
  // Runs the shim binary with exactly these arguments (`-v`, `-info`, nonsense).
  virtual CommandResult RunShim(const std::vector<std::string>& arguments,
                                const CommandOptions& options = {}) = 0;

  // --- tasks ----------------------------------------------------------------------------------
  // Bundle, FIFOs, Create on Shim() (starting it with this bundle if it is the first); ends the
  // check when Create fails. Cleaned up after the check (Kill, Delete, Shutdown, `delete`), with
  // what remains reported as a leak.
  virtual Task Create(const ProcessSpec& process, const CreateOptions& options = {}) = 0;
  // The same without judging; Task::create_status() says how Create ended.
  virtual Task TryCreate(const ProcessSpec& process, const CreateOptions& options = {}) = 0;
  // Create in flight, with streams of its own; clean-up knows the container.
  virtual std::unique_ptr<PendingReply> CreateAsync(ShimUnderTest& shim, const Bundle& bundle,
                                                    const StdioOptions& stdio = {}) = 0;
  // The same task over another connection (REC-20); streams and pidfd are the original's.
  virtual Task Attach(const Task& task, ShimUnderTest& connection) = 0;
  // Create + Start, both required to succeed.
  Task Run(const ProcessSpec& process, const CreateOptions& options = {});

  // --- events ---------------------------------------------------------------------------------
  // The event sink; switch its behaviour with sink modes.
  virtual EventSink& Sink() = 0;
  // Waits until everything the shim owes so far can have arrived, i.e. until `predicate` over the
  // received events holds or the deadline passes; returns what was received.
  virtual std::vector<Event> AwaitEvents(
      const std::function<bool(const std::vector<Event>&)>& predicate) = 0;
  // Received so far, in order of arrival.
  virtual std::vector<Event> Events() = 0;

  // --- the world ------------------------------------------------------------------------------
  // Runs the loop until `predicate` holds (true) or the deadline passes (false). Re-evaluated
  // whenever anything happens on the loop and on a 5 ms timer (for /proc predicates).
  virtual bool Eventually(const std::function<bool()>& predicate,
                          std::chrono::milliseconds deadline = std::chrono::seconds(10)) = 0;
  // Runs the loop for a while so that something forbidden gets its chance to happen. The one place
  // where time is waited for; keep it below 200 ms, unless the rule itself is about a time. Does
  // not scale.
  virtual void Linger(std::chrono::milliseconds duration) = 0;
  // A file the guest can write to or run, see ProcessSpec; directories private to this check.
  virtual std::string ScratchDirectory() = 0;
  virtual std::string SocketDirectory() = 0;    // /run/containerd/s of this world
  virtual Processes& World() = 0;               // /proc, mounts, cgroups as seen here
  virtual std::string Namespace() = 0;          // containerd namespace of this check
  virtual std::string ContainerdAddress() = 0;  // what `-address` carries (GRPC_ADDRESS)
  // Absolute path at which a fixture program runs on the host side of this world (hooks, loggers).
  virtual std::string ProgramOnHost(const std::string& name) = 0;
  // The client's end of a bundle's `log` FIFO: stop reading and close it (FILE-04), or fill the
  // pipe to the brim and stop reading (FILE-05).
  virtual void CloseLog(const Bundle& bundle) = 0;
  virtual void FillLog(const Bundle& bundle) = 0;
  virtual std::uint64_t Seed() = 0;  // differs between repeats, printed with failures
  // A need that can only be judged at run time.
  [[noreturn]] virtual void Skip(const std::string& reason) = 0;
  // Legal but unwise, or a profile value worth knowing; never red.
  virtual void Note(const std::string& text) = 0;
  // Tells the audit that this daemon's death is part of the scenario.
  virtual void ExpectShimDeath(pid_t pid) = 0;

  // --- expectations ---------------------------------------------------------------------------
  // Records a failure and goes on. `code` is one of why::k*, by default what the type of `value`
  // suggests (a Status: reply.code, events: event.order, an ExitInfo: exit.status, else
  // reply.field; what IsOkAndHolds found in a StatusOr counts by its own type). `requirement` names
  // the id when it is not the check's first.
  template <typename T, typename M>
  bool EXPECT_THAT(const T& value, const M& matcher, Because because = {},
                   base::Here here = base::Here()) {
    return Judge(value, matcher, std::move(because), here);
  }
  // The same, and ends the check on failure.
  template <typename T, typename M>
  void ASSERT_THAT(const T& value, const M& matcher, Because because = {},
                   base::Here here = base::Here()) {
    if (!Judge(value, matcher, std::move(because), here)) throw CheckEnded{};
  }
  // Unwraps a StatusOr, or ends the check with reply.code.
  template <typename T>
  T Require(absl::StatusOr<T> result, Because because = {}, base::Here here = base::Here()) {
    if (!result.ok()) {
      RecordStatus(result.status(), std::move(because), here);
      throw CheckEnded{};
    }
    NotePassed();
    return *std::move(result);
  }
  void Require(const absl::Status& status, Because because = {}, base::Here here = base::Here()) {
    if (!status.ok()) {
      RecordStatus(status, std::move(because), here);
      throw CheckEnded{};
    }
    NotePassed();
  }
  // Records a failure stated by hand, goes on.
  virtual void AddFailure(Why why) = 0;

 protected:
  virtual void RecordStatus(const absl::Status& status, Because because, base::Here here) = 0;
  template <typename T, typename M>
  bool Judge(const T& value, const M& matcher, Because because, base::Here here) {
    const auto typed = ::testing::SafeMatcherCast<const T&>(matcher);
    ::testing::StringMatchResultListener listener;
    if (typed.MatchAndExplain(value, &listener)) {
      NotePassed();
      return true;
    }
    std::ostringstream expected;
    typed.DescribeTo(&expected);
    Why why;
    why.code = because.code.empty() ? DefaultWhyCode<M>(value) : because.code;
    why.text = because.text;
    why.requirement = because.requirement;
    why.expected = expected.str();
    why.observed = Printed(value);
    if (!listener.str().empty()) why.observed += ", " + listener.str();
    why.where = here.ToString();
    AddFailure(std::move(why));
    return false;
  }
  virtual void NotePassed() = 0;  // a positive observation was made (law 1)
};

}  // namespace conformance
