# SPDX-License-Identifier: Apache-2.0
# Instrumentation applies to everything we compile, generated code included, so that container
# annotations of the standard library stay consistent across one binary.
if(SHIMGAUGE_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
if(SHIMGAUGE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
if(SHIMGAUGE_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()
