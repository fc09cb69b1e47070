// SPDX-License-Identifier: Apache-2.0
#include "conformance/requirements/sections.h"

namespace conformance {

void AddVmRequirements(std::vector<Requirement>& rows) {
  const std::vector<Requirement> section = {
      {"VM-01", Level::kMust,
       "Create fails in bounded time when its machine cannot be used: the hypervisor, its API or "
       "the agent is absent, silent, dead or lies.",
       "containerd/nerdbox pull request 20; kata-containers issues 4412 and 10907"},
      {"VM-02", Level::kShould,
       "The error of such a Create says what the hypervisor, its API or the guest said, or names "
       "the agent.",
       "kata-containers issues 10347 and 10907"},
      {"VM-03", Level::kMust,
       "Answers of the hypervisor's API in any form that HTTP allows are understood.",
       "cloud-hypervisor issue 6247; RFC 9112"},
      {"VM-04", Level::kMust, "A hypervisor that writes much to its stderr is not held up by that.",
       "containerd task service, Create"},
      {"VM-05", Level::kMust,
       "A failed Create leaves no hypervisor, mount, file or container; its id can be used again.",
       "kata-containers issue 10797 and pull requests 10798 and 12525"},
      {"VM-06", Level::kMust,
       "Within 5 s of the hypervisor's death every Wait is answered: 255 or 137, never success.",
       "kata-containers issues 6128 and 10969; containerd/nerdbox issue 11"},
      {"VM-07", Level::kMust,
       "The end by the hypervisor's death is published once per process, as Wait tells it.",
       "containerd task events; containerd issue 4769"},
      {"VM-08", Level::kMust,
       "Afterwards the container is stopped: State says so, Kill is OK or NOT_FOUND, Delete works "
       "once.",
       "firecracker-containerd issue 711"},
      {"VM-09", Level::kMust,
       "A call amid which the hypervisor dies ends within 5 s, and the next Delete succeeds.",
       "firecracker-containerd issue 711; kata-containers issue 8629"},
      {"VM-10", Level::kMust,
       "A guest that turns itself off, or an agent lost for good, ends the pod as its hypervisor's "
       "death does.",
       "kata-containers runtime-rs, sandbox exit; containerd/nerdbox issue 11"},
      {"VM-11", Level::kMust, "One health check that the agent misses ends nothing.",
       "kata-containers issues 11152 and 13231"},
      {"VM-12", Level::kShould,
       "A machine that does nothing any more is noticed, and its pod can be ended.",
       "hcsshim pull request 2743; kuasar, connection to the agent"},
      {"VM-13", Level::kMust,
       "While one call to the guest is slow or hangs, calls about other containers and State are "
       "served.",
       "kata-containers issues 9703 and 13231"},
      {"VM-14", Level::kMust,
       "A call to the guest that is never answered ends the call of the client in bounded time.",
       "containerd task service; kata-containers issue 12120"},
      {"VM-15", Level::kMust,
       "What the guest refuses about one container touches no other of the pod.",
       "kata-containers issue 2689"},
      {"VM-16", Level::kMust,
       "Containers of a pod share one machine, which ends with the last of them.",
       "containerd shim manager, grouping; CRI, pod sandbox"},
      {"VM-17", Level::kMust,
       "After Delete and Shutdown no hypervisor, helper, socket, mount or file of a machine is "
       "left.",
       "containerd issue 10192; kata-containers issues 2198 and 9420"},
      {"VM-18", Level::kMust,
       "`delete` ends and removes a machine from what is on the disk, whoever of shim and "
       "hypervisor lives, twice in a row.",
       "containerd shim manager, delete; kata-containers issue 6796"},
      {"VM-19", Level::kMust,
       "A hypervisor that answers its shutdown late, wrongly or never is ended all the same.",
       "cloud-hypervisor issue 816; firecracker-containerd pull request 577"},
      {"VM-20", Level::kMust, "A status that the guest does not tell, or that is none, is 255.",
       "kata-containers agent protocol, WaitProcess"},
      {"VM-21", Level::kMust,
       "A signal to a process that the guest does not know is OK or NOT_FOUND.",
       "kata-containers issue 12120; containerd/shimtest pull request 9"},
      {"VM-22", Level::kMust, "Input that the guest takes in parts arrives whole.",
       "kata-containers issues 9532 and 11747"},
      {"VM-23", Level::kMust,
       "A guest that refuses to tell of a lack of memory is not asked without a pause.",
       "kata-containers runtime, pull request 2917"},
      {"VM-24", Level::kMust,
       "A lack of memory in the guest is published once, before the exit, and not after Delete.",
       "kata-containers issues 2150 and 8821"},
      {"VM-25", Level::kMust, "Output that the guest tells late is complete before Delete returns.",
       "kata-containers issues 1713, 9186 and 10387"},
      {"VM-26", Level::kMust,
       "An exit is told in bounded time although the guest never tells the end of an output.",
       "kata-containers issue 5617"},
      {"VM-27", Level::kMust,
       "A mount of a block device is there in the container, and nobody has the device after "
       "Delete.",
       "OCI runtime specification, mounts; kata-containers, block volumes"},
      {"VM-28", Level::kMust,
       "A disk that the hypervisor refuses, or places nowhere, fails its container and no other, "
       "and does not stay in the machine.",
       "kata-containers issue 2689"},
      {"VM-29", Level::kMust,
       "A machine that cannot be resized fails Update with the hypervisor's reason; the container "
       "goes on.",
       "kata-containers issue 10347"},
      {"VM-30", Level::kMust, "The end of virtiofsd is the end of its machine, told as that is.",
       "kata-containers issue 6757"},
      {"VM-31", Level::kMust,
       "A machine that is paused for less time than its agent may be silent goes on afterwards, "
       "with all that was on its way.",
       "kata-containers issue 13231; kata-containers runtime, issue 1279"},
      {"VM-32", Level::kMust,
       "Files, sockets and mounts of a dead machine of the same id do not hinder the next.",
       "kata-containers issues 11496 and 12497"},
      {"VM-33", Level::kMust,
       "A guest that never answers when it is to end is ended by force, in bounded time.",
       "kata-containers, agent calls at teardown; firecracker-containerd pull request 577"},
      {"VM-34", Level::kMust, "The time of an exit is the host's, whatever the guest's clock says.",
       "kata-containers runtime, pull request 976"},
  };
  rows.insert(rows.end(), section.begin(), section.end());
}

}  // namespace conformance
