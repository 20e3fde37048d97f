#pragma once

// The settings of backends as they stand in the file, kept as long as they do not change.
//
// Pure. Threading: one thread.

#include <map>
#include <string>
#include <string_view>

#include "base/outcome.hpp"
#include "model/backend.hpp"

namespace switchyard::haproxy {

struct rendered_settings {
  model::backend_settings settings;
  std::string text;     ///< the section without server lines
  std::string options;  ///< of `add server`, which knows no default-server
};

class rendered_backends {
 public:
  /// Valid until the next call of this class. errc::invalid: they cannot be written.
  base::outcome<const rendered_settings*> of(const model::backend& backend,
                                             std::string_view ca_file);
  /// What of() gave last; nullptr when it did not since forget().
  const rendered_settings* find(const std::string& backend) const;
  void forget(const std::string& backend) { all_.erase(backend); }
  void clear() { all_.clear(); }

 private:
  std::map<std::string, rendered_settings> all_;
};

}  // namespace switchyard::haproxy
