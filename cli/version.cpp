#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"

namespace switchyard::cli {

int version(const common_options& options) {
  if (options.output == output_format::json)
    std::cout << nlohmann::json{{"name", "switchyard"}, {"version", SWITCHYARD_VERSION}} << '\n';
  else
    std::cout << "switchyard " << SWITCHYARD_VERSION << '\n';
  return 0;
}

}  // namespace switchyard::cli
