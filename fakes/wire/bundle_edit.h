// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace fakes {

// Applies `edit`, which is in the language of spec_edit.h, to config.json of `bundle`; hooks that
// are to have a wrapper get this program. What is not there, or is no JSON, stays what it is: that
// is for the shim to say.
void EditBundle(const std::string& bundle, const std::string& edit);

}  // namespace fakes
