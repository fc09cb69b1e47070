// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/progress.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "conformance/harness/names.h"

namespace conformance {
namespace {

constexpr std::chrono::milliseconds kRedrawInterval{100};

class ProgressLine : public Report {
 public:
  ProgressLine(boost::asio::io_context& loop, std::shared_ptr<Console> console)
      : console_(std::move(console)), timer_(loop), started_(std::chrono::steady_clock::now()) {}

  void RunStarted(const RunInfo& run) override {
    for (const PlannedCheck& planned : run.plan) {
      if (!planned.skip) planned_ += static_cast<std::size_t>(run.repeat);
    }
    doing_ = "probing the shim";
    Redraw();
  }
  void Probed(const SubjectInfo&, const std::string&) override { doing_.clear(); }
  void CheckStarted(const PlannedCheck& check) override {
    ++running_[check.check->id];
    Redraw();
  }
  void AttemptEnded(const PlannedCheck& check, const Attempt&) override {
    ++done_;
    const auto found = running_.find(check.check->id);
    if (found != running_.end() && --found->second == 0) running_.erase(found);
    Redraw();
  }
  void CheckEnded(const CheckResult& result) override {
    if (result.unexpected || result.result == Result::kError) ++red_;
  }
  void RunEnded(const Summary&, const std::vector<CheckResult>&,
                std::chrono::microseconds) override {
    timer_.cancel();
    console_->SetStatus("");
  }

 private:
  void Redraw() {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started_;
    std::vector<std::string> names;
    for (const auto& [id, count] : running_) names.push_back(id);
    console_->SetStatus(
        absl::StrCat(absl::StrFormat("[%d/%d] %.1f s", done_, planned_, elapsed.count()),
                     red_ == 0 ? "" : absl::StrCat("  ", red_, " red"), "  ", doing_,
                     absl::StrJoin(names, ", ")));
    timer_.expires_after(kRedrawInterval);
    timer_.async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled) Redraw();
    });
  }

  std::shared_ptr<Console> console_;  // shared with the text report
  boost::asio::steady_timer timer_;
  std::chrono::steady_clock::time_point started_;
  std::size_t planned_ = 0;
  std::size_t done_ = 0;
  std::size_t red_ = 0;
  std::string doing_;
  std::map<std::string, int> running_;  // executions by id
};

}  // namespace

std::unique_ptr<Report> MakeProgressLine(boost::asio::io_context& loop,
                                         std::shared_ptr<Console> console) {
  if (!console->live()) return std::make_unique<Report>();
  return std::make_unique<ProgressLine>(loop, std::move(console));
}

}  // namespace conformance
