# libpqxx 6 (Debian 12) and 7 (Debian 13) both ship a pkg-config file.
# Result: the imported target pqxx::pqxx, and pqxx_VERSION.

find_package(PkgConfig REQUIRED)
pkg_check_modules(PC_PQXX QUIET libpqxx)
find_path(PQXX_INCLUDE_DIR pqxx/pqxx HINTS ${PC_PQXX_INCLUDE_DIRS})
find_library(PQXX_LIBRARY pqxx HINTS ${PC_PQXX_LIBRARY_DIRS})
find_library(PQ_LIBRARY pq HINTS ${PC_PQXX_LIBRARY_DIRS})
set(pqxx_VERSION "${PC_PQXX_VERSION}")

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(pqxx
  REQUIRED_VARS PQXX_LIBRARY PQ_LIBRARY PQXX_INCLUDE_DIR VERSION_VAR pqxx_VERSION)

if(pqxx_FOUND AND NOT TARGET pqxx::pqxx)
  add_library(pqxx::pqxx UNKNOWN IMPORTED)
  set_target_properties(pqxx::pqxx PROPERTIES
    IMPORTED_LOCATION "${PQXX_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${PQXX_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES "${PQ_LIBRARY}")
endif()
mark_as_advanced(PQXX_INCLUDE_DIR PQXX_LIBRARY PQ_LIBRARY)
