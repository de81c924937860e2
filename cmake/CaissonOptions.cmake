# SPDX-License-Identifier: Apache-2.0
# One place for what every target is compiled with, and the functions by which folders add targets.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS ON) # TRY is a statement expression
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

set(CAISSON_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize= (e.g. address,undefined or thread)")

add_library(caisson_flags INTERFACE)
target_compile_options(
  caisson_flags
  INTERFACE -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
            -Woverloaded-virtual -Wimplicit-fallthrough -fno-common -ffunction-sections -fdata-sections
            -fstack-protector-strong)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(caisson_flags INTERFACE -Wno-gnu-statement-expression -Wno-c99-extensions
                                                 -Wno-gnu-zero-variadic-macro-arguments)
else()
  # GCC 12 sees overlapping copies in std::string's own operator+ once it optimises (GCC PR105651).
  target_compile_options(caisson_flags INTERFACE -Wno-pedantic -Wno-restrict)
  if(CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
    # GCC 14 takes the error of a tl::expected that holds a value for one that is read.
    target_compile_options(caisson_flags INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()
target_link_options(caisson_flags INTERFACE -Wl,--gc-sections -Wl,-z,relro,-z,now)
if(NOT CAISSON_SANITIZE AND NOT CAISSON_FUZZ)
  target_link_options(caisson_flags INTERFACE -static-libstdc++ -static-libgcc)
endif()
target_include_directories(caisson_flags INTERFACE ${CMAKE_SOURCE_DIR})

if(CAISSON_SANITIZE)
  target_compile_options(caisson_flags INTERFACE -fsanitize=${CAISSON_SANITIZE} -fno-sanitize-recover=all
                                                 -fno-omit-frame-pointer)
  target_link_options(caisson_flags INTERFACE -fsanitize=${CAISSON_SANITIZE})
endif()
if(CAISSON_FUZZ)
  target_compile_options(caisson_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  # _FORTIFY_SOURCE wants optimisation; sanitizers want it absent.
  target_compile_options(caisson_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()

# caisson_sources(VARIABLE folders…): every source of these folders of the current one, and not of folders
# in them. The one way by which sources are listed: what lies in a folder is built.
function(caisson_sources variable)
  set(patterns)
  foreach(folder ${ARGN})
    file(REAL_PATH ${folder} path)
    list(APPEND patterns ${path}/*.cpp ${path}/*.S)
  endforeach()
  file(GLOB sources CONFIGURE_DEPENDS ${patterns})
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  set(${variable} ${sources} PARENT_SCOPE)
endfunction()

# caisson_library(NAME [FOLDERS folders…] [LINK libs…]): a static library, with our warnings, of the current
# folder; FOLDERS (default: ".") names others.
function(caisson_library name)
  cmake_parse_arguments(arg "" "" "FOLDERS;LINK" ${ARGN})
  if(NOT arg_FOLDERS)
    set(arg_FOLDERS .)
  endif()
  caisson_sources(sources ${arg_FOLDERS})
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC ${arg_LINK} PRIVATE caisson_flags)
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
endfunction()

# caisson_program(NAME sources… [LINK libs…]): an executable in build/<preset>/bin.
function(caisson_program name)
  cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${arg_LINK} caisson_flags)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
endfunction()

# caisson_proto_library(NAME FILE): the generated code, compiled without our warnings. The path is relative
# to the source tree; its header is included by that path with .pb.h. Only protobuf-lite is linked,
# statically: the agent must be one file, and the host programs start faster without the loader's work.
function(caisson_proto_library name proto)
  string(REGEX REPLACE "\\.proto$" "" stem ${proto})
  add_custom_command(
    OUTPUT ${CMAKE_BINARY_DIR}/${stem}.pb.cc ${CMAKE_BINARY_DIR}/${stem}.pb.h
    COMMAND protobuf::protoc --proto_path=${CMAKE_SOURCE_DIR} --cpp_out=${CMAKE_BINARY_DIR} ${proto}
    DEPENDS ${CMAKE_SOURCE_DIR}/${proto}
    COMMENT "Generating ${stem}.pb.cc"
    VERBATIM)
  add_library(${name} STATIC ${CMAKE_BINARY_DIR}/${stem}.pb.cc)
  target_compile_options(${name} PRIVATE -w -Os -ffunction-sections -fdata-sections)
  target_include_directories(${name} SYSTEM PUBLIC ${CMAKE_BINARY_DIR})
  target_link_libraries(${name} PUBLIC protobuf::libprotobuf-lite)
endfunction()
