#pragma once

// What a pass with many steps did, in one line a backend. Pure. Threading: one thread.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "haproxy/apply.hpp"
#include "haproxy/planner.hpp"

namespace switchyard::haproxy {

class step_sums {
 public:
  /// Of more backends than this one line tells the sum.
  static constexpr std::size_t most_backends = 256;

  void add(const std::string& backend, const step& done) {
    count(backend, done.target.name.empty() ? matter::backend : matter::server, kind_of(done));
  }
  void add_deleted(const std::string& backend) {
    count(backend, matter::server, "drained and deleted");
  }

  /// "shop: 12 servers added, 3 servers set to drain". None where nothing was added.
  std::vector<notice> notices() const;

 private:
  struct sum {
    matter of;
    std::string what;
    std::size_t times;
  };
  /// In the order in which they came first.
  using sums = std::vector<sum>;

  static std::string kind_of(const step& done);
  static void add_to(sums& all, matter of, const std::string& what, std::size_t times);
  void count(const std::string& backend, matter of, const std::string& what) {
    add_to(of_[backend], of, what, 1);
  }
  notice in_all() const;

  std::map<std::string, sums> of_;
};

}  // namespace switchyard::haproxy
