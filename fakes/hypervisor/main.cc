// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/guest_programs.h"
#include "fakes/hypervisor/hypervisor_process.h"
#include "fakes/hypervisor/virtiofsd.h"

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (fakes::IsVirtiofsd(args)) return fakes::RunVirtiofsd(args);
  return fakes::RunHypervisor(args, &fakes::GuestsWithPrograms);
}
