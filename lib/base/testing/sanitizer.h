// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace base::testing {

// Whether this test was built with AddressSanitizer, which takes terabytes of address space for
// itself: limits of that cannot be tried then.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kAddressSanitizer = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool kAddressSanitizer = true;
#else
inline constexpr bool kAddressSanitizer = false;
#endif
#else
inline constexpr bool kAddressSanitizer = false;
#endif

}  // namespace base::testing
