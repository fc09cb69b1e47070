// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/wasm/artefact_job.h"

#include <absl/strings/str_cat.h>

#include <csignal>
#include <utility>

#include "base/status_macros.h"
#include "reference-shim/backends/wasm/limits.h"

namespace backends {

void CompilerSlots::Acquire(std::function<bool()> granted) {
  if (free_ == 0) {
    waiting_.push_back(std::move(granted));
    return;
  }
  --free_;
  if (!granted()) Release();
}

void CompilerSlots::Release() {
  while (!waiting_.empty()) {
    const std::function<bool()> next = std::move(waiting_.front());
    waiting_.pop_front();
    if (next()) return;
  }
  ++free_;
}

ArtefactJob::ArtefactJob(const shim::BackendContext& context, CacheDirectory& directory,
                         CompilerSlots& slots, Order order)
    : context_(context),
      directory_(directory),
      slots_(slots),
      order_(std::move(order)),
      deadline_(context.loop) {}

ArtefactJob::~ArtefactJob() {
  if (waiter_exit_.active()) ::kill(waiter_->child.pid, SIGKILL);
  if (draft_.has_value()) directory_.Discard(*draft_);
  if (has_slot_) slots_.Release();
}

void ArtefactJob::Start(shim::Done<Result> done) {
  done_ = std::move(done);
  Look();
}

void ArtefactJob::Look() {
  found_ = directory_.Find(order_.key);
  if (!found_.code.ok() || found_.identity == distrusted_) return Miss();
  if (!found_.verified) return Verify();
  End(Result{.code = std::move(found_.code), .compiled = waited_});
}

// The machine was started anew, or somebody has touched the file.
void ArtefactJob::Verify() {
  hash_ = std::make_unique<FileHash>(context_.loop, found_.code.get());
  hash_->Start([this](absl::StatusOr<std::string> digest) {
    if (digest.ok() && *digest == found_.record->sha256) {
      // Without it the next one verifies again.
      if (const absl::Status status = directory_.MarkVerified(order_.key, found_); !status.ok()) {
        context_.log.Warning(status.message());
      }
      return End(Result{.code = std::move(found_.code), .compiled = waited_});
    }
    context_.log.Warning("module cache ", directory_.path(), ": the code of ", order_.key,
                         " is damaged; compiling again");
    distrusted_ = found_.identity;
    Miss();
  });
}

void ArtefactJob::Miss() {
  if (lock_.ok()) return Compile();
  if (has_slot_) return Lock();
  // What is granted to a job that is gone goes on to the next.
  auto granted = guard_.Wrap([this](bool& taken) {
    taken = true;
    has_slot_ = true;
    Lock();
  });
  slots_.Acquire([granted = std::move(granted)]() mutable {
    bool taken = false;
    granted(taken);
    return taken;
  });
}

void ArtefactJob::Lock() {
  absl::StatusOr<base::UniqueFd> lock = directory_.TryLock(order_.key);
  if (lock.ok()) {
    lock_ = *std::move(lock);
    return Look();  // whoever had it before may have compiled it
  }
  if (!absl::IsUnavailable(lock.status())) return End(lock.status());
  AwaitLock();
}

// Waiting for a lock blocks; a process of its own does it.
void ArtefactJob::AwaitLock() {
  absl::StatusOr<base::Fork> waiter =
      base::RunInFork([this] { return directory_.AwaitLock(order_.key); });
  if (!waiter.ok()) return End(waiter.status());
  waiter_ = *std::move(waiter);
  if (!waited_) {
    waited_ = true;
    deadline_.Set(kCompileWaitTimeout, [this] {
      End(absl::DeadlineExceededError("another shim compiles this module and does not end"));
    });
  }
  waiter_exit_ = context_.reaper.OnExit(waiter_->child.pid, [this](const base::ExitStatus& status) {
    const absl::Status result = base::ForkResult(*waiter_, status);
    waiter_.reset();
    if (!result.ok()) return End(result);
    Look();
  });
}

void ArtefactJob::Compile() {
  deadline_.Clear();
  const CompilerOrder order{.program = order_.compiler,
                            .module = order_.module.get(),
                            .config = order_.config,
                            .sha256 = order_.digest};
  absl::StatusOr<std::unique_ptr<CompilerRun>> run =
      CompilerRun::Start(context_, order, [this](absl::StatusOr<base::UniqueFd> code) {
        if (!code.ok()) return End(code.status());
        Keep(*std::move(code));
      });
  if (!run.ok()) return End(run.status());
  compiler_ = *std::move(run);
}

// Copied, since whoever had a descriptor of the compiler's file must have none of the cache's.
void ArtefactJob::Keep(base::UniqueFd code) {
  compiled_ = std::move(code);
  absl::StatusOr<CacheDirectory::Draft> draft = directory_.NewDraft();
  if (!draft.ok()) return End(draft.status());
  draft_ = *std::move(draft);
  hash_ = std::make_unique<FileHash>(context_.loop, compiled_.get(), draft_->file.get());
  hash_->Start([this](absl::StatusOr<std::string> digest) {
    if (!digest.ok()) {
      return End(base::Annotate(digest.status(), absl::StrCat("module cache ", directory_.path())));
    }
    CacheDirectory::Draft ready = *std::exchange(draft_, std::nullopt);
    absl::StatusOr<base::UniqueFd> stored = directory_.Store(order_.key, std::move(ready), *digest);
    if (!stored.ok()) return End(stored.status());
    directory_.Shrink(order_.bytes_max, order_.key);
    End(Result{.code = *std::move(stored), .compiled = true});
  });
}

void ArtefactJob::End(absl::StatusOr<Result> result) {
  deadline_.Clear();
  lock_.reset();
  // Nothing of this object after: it may be destroyed by whom it tells.
  std::exchange(done_, nullptr)(std::move(result));
}

}  // namespace backends
