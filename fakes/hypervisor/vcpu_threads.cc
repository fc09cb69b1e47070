// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/vcpu_threads.h"

#include <absl/strings/str_cat.h>
#include <pthread.h>

#include <csignal>

namespace fakes {

void VcpuThreads::Resize(unsigned count) {
  wanted_ = count;
  wanted_.notify_all();
  while (threads_.size() > count) {
    threads_.back().join();
    threads_.pop_back();
  }
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  while (threads_.size() < count) {
    const auto number = static_cast<unsigned>(threads_.size());
    threads_.emplace_back([this, number] {
      for (unsigned wanted = wanted_; wanted > number; wanted = wanted_) wanted_.wait(wanted);
    });
    ::pthread_setname_np(threads_.back().native_handle(), absl::StrCat("vcpu", number).c_str());
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace fakes
