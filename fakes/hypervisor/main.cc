// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/guest_programs.h"
#include "fakes/hypervisor/hypervisor_process.h"

int main(int argc, char** argv) {
  return fakes::RunHypervisor({argv + 1, argv + argc}, &fakes::GuestsWithPrograms);
}
