// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace fakes {

// The members of the bundle's config.json that are of another type than the runtime specification
// says: "/process/args".
std::vector<std::string> MistypedMembers(const std::string& bundle);

}  // namespace fakes
