// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/any_invocable.h>

#include <cstdint>
#include <map>
#include <memory>
#include <utility>

namespace backends {

// Operations under way side by side, each of which ends by calling the continuation it was made
// with, and is then destroyed. Destroying this destroys those that still run.
template <typename Operation>
class Operations {
 public:
  // Makes Operation(host, spec, done) and runs it.
  template <typename Host, typename Spec, typename Result>
  void Run(Host& host, Spec spec, absl::AnyInvocable<void(Result)> done) {
    const std::uint64_t key = next_++;
    auto operation = std::make_unique<Operation>(
        host, std::move(spec), [this, key, done = std::move(done)](Result result) mutable {
          const auto finished = under_way_.extract(key);  // goes when this returns
          done(std::move(result));                        // may destroy this
        });
    Operation& running = *operation;
    under_way_.emplace(key, std::move(operation));
    running.Run();
  }

 private:
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Operation>> under_way_;
};

}  // namespace backends
