#pragma once

// A real HAProxy of which reloads are refused when the file holds certain texts: what `haproxy -c`
// takes and a load does not, such as for want of memory.

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/haproxy/gateway_site.hpp"
#include "tests/haproxy/passing_surroundings.hpp"

namespace switchyard::tests {

/// What is refused, and what was brought.
struct dislikes {
  std::vector<std::string> texts;
  std::vector<std::string> refused;  ///< the files, oldest first
  std::size_t taken = 0;             ///< reloads
  bool kills = false;                ///< a reload is as far as switchyard comes: it throws
  std::size_t busy = 0;  ///< so many reloads more meet one of somebody else's that lasts
};

class picky_haproxy final : public passing_surroundings {
 public:
  picky_haproxy(const settings& s, std::shared_ptr<dislikes> about)
      : passing_surroundings(haproxy::real_surroundings(s)), about_(std::move(about)) {}

  base::outcome<haproxy::reload_result> reload(const settings& s,
                                               const haproxy::capabilities& can) override {
    if (about_->kills) throw std::runtime_error("killed in a reload");
    if (about_->busy > 0) {
      --about_->busy;
      return base::error{base::errc::timeout, "HAProxy is still busy with another reload"};
    }
    auto text = read_text(s.config_file);
    for (const auto& bad : about_->texts) {
      if (text.find(bad) == std::string::npos) continue;
      about_->refused.push_back(std::move(text));
      return base::error{base::errc::refused, "HAProxy kept the old worker: no room for " + bad};
    }
    ++about_->taken;
    return passing_surroundings::reload(s, can);
  }

 private:
  std::shared_ptr<dislikes> about_;
};

/// A base of sites, made before their gateway.
struct with_dislikes {
  std::shared_ptr<dislikes> about = std::make_shared<dislikes>();
};

}  // namespace switchyard::tests
