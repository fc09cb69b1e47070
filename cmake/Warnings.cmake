# SPDX-License-Identifier: Apache-2.0
# shimgauge::warnings: linked PRIVATE by every target of ours, never by generated code.
add_library(shimgauge_warnings INTERFACE)
target_compile_options(shimgauge_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wextra-semi
  # Designated initialisers leave members to their defaults on purpose; g++ reports those of -Wextra.
  -Wno-missing-field-initializers
  # Part of -Wconversion for clang only.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-sign-conversion>)
if(SHIMGAUGE_WERROR)
  target_compile_options(shimgauge_warnings INTERFACE -Werror)
endif()
add_library(shimgauge::warnings ALIAS shimgauge_warnings)
