// SPDX-License-Identifier: Apache-2.0
// What has static storage lives as long as the process: nobody here is owed a destructor at its
// end. The linker puts this in the place of what notes one for each such object, some 460
// of them (protobuf's default instances, iostream's guards), in pages that every idle shim would
// keep.
extern "C" int __wrap___cxa_atexit(void (*)(void*), void*, void*);
extern "C" int __wrap___cxa_atexit(void (*)(void*), void*, void*) { return 0; }
