#pragma once

// Servers from a table of text: backend, server, address and port, a line each. # is a comment.

#include "providers/polling_provider.hpp"

namespace switchyard::providers::table {

class table_provider final : public polling_provider {
 public:
  table_provider(std::string name, const std::string& path, std::chrono::milliseconds interval);
};

}  // namespace switchyard::providers::table
