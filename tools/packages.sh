# Sourced by ./run and ./test: installs Debian packages that are missing, quietly, once.

# install_packages PACKAGE…: nothing happens when all are there.
install_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
      echo "These packages are missing and neither root nor sudo is at hand: ${missing[*]}" >&2
      return 1
    }
    sudo=(sudo)
  fi
  echo "Installing ${#missing[@]} packages: ${missing[*]}"
  local log
  log=$(mktemp)
  if ! { "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q &&
         without_starting_services "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
           apt-get install -y -q --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    echo "Installing failed:" >&2
    tail -n 20 "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

# Where Debian asks whether a service may be started: invoke-rc.d(8), deb-systemd-invoke(1).
services_policy=/usr/sbin/policy-rc.d

# without_starting_services [sudo] COMMAND…: Debian starts what it installs, on ports that are ours or somebody's; the
# servers of the tests and of ./run are their own. A policy that is there already stays.
without_starting_services() (
  local mark="installed by ./run or ./test of switchyard"
  # A second one of ours would take the policy of the first for one that was left behind. What is started does not get
  # the lock, since it might outlive this.
  exec 9<"${services_policy%/*}"
  flock -w 600 9 || {
    echo "another ./run or ./test has been installing packages for ten minutes" >&2
    exit 1
  }
  # One of ours may have been left behind.
  if [ ! -e "$services_policy" ] || grep -q "$mark" "$services_policy"; then
    local sudo=()
    [ "$1" != sudo ] || sudo=(sudo)
    trap '"${sudo[@]}" rm -f "$services_policy"' EXIT
    printf '#!/bin/sh\n# There while packages are %s.\nexit 101\n' "$mark" |
      "${sudo[@]}" install -m 755 /dev/stdin "$services_policy" || exit 1
  fi
  "$@" 9<&-
)

# What building needs, and what running needs.
build_packages=(
  g++ cmake ninja-build ccache pkg-config nlohmann-json3-dev libcaf-dev libpqxx-dev libpq-dev
  libyaml-cpp-dev libspdlog-dev libcli11-dev prometheus-cpp-dev libcpp-httplib-dev libssl-dev
  libhiredis-dev libcurl4-openssl-dev libjq-dev libc-ares-dev
)
run_packages=(haproxy python3 curl)
test_packages=(
  libboost-test-dev postgresql redis-server redis-sentinel haproxy python3 curl wrk openssl
  nghttp2-client nghttp2-server librapidcheck-dev prometheus
)
# What the fuzz preset and the look at the format need; the tests run without it where it cannot be had.
fuzz_packages=(clang libclang-rt-dev clang-format)
# What sets clocks in the tests; those that need it are not run without it.
clock_packages=(libfaketime)
# What tests/haproxy-versions needs.
matrix_packages=(patchelf)

# build PRESET [ARGUMENTS…]: configures and builds quietly; shows the end of the log when that fails.
build() {
  local preset=$1 log="build/$1.log"
  shift
  mkdir -p build
  if ! { cmake --preset "$preset" "$@" && cmake --build --preset "$preset"; } >"$log" 2>&1; then
    echo "The build failed; the end of $log:" >&2
    grep -E 'error|Error' "$log" | head -n 20 >&2
    tail -n 15 "$log" >&2
    return 1
  fi
}
