// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace fakes {

// What the subjects without commands do. Each returns the exit code, or never.
int RunTrue();
int RunFalse();
int RunCat();       // copies stdin to stdout
int RunYes();       // until nobody reads
int RunSleeper();   // never ends by itself
int RunForkBomb();  // many processes, a bounded number, none of which ends by itself

}  // namespace fakes
