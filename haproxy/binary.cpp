#include "haproxy/binary.hpp"

#include "base/subprocess.hpp"

namespace switchyard::haproxy {

base::outcome<std::string> version_of(const std::string& binary) {
  const auto ran = base::run({{binary, "-v"}, {}});
  if (!ran) return ran.error();
  // "HAProxy version 2.6.12-1 2023/04/01 - https://haproxy.org/"
  constexpr std::string_view intro = "version ";
  const auto begin = ran->output.find(intro);
  if (ran->exit_code != 0 || begin == std::string::npos)
    return base::error{base::errc::refused, "`" + binary + " -v` does not answer like HAProxy"};
  const auto from = begin + intro.size();
  return ran->output.substr(from, ran->output.find_first_of(" \n", from) - from);
}

}  // namespace switchyard::haproxy
