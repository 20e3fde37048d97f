#pragma once

// Three sources at once, changed at random: what each of them has is known, whatever happens on the
// way to switchyard.

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "model/backend.hpp"
#include "tests/integration/site.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace switchyard::tests::soak {

/// backend → server → what it is.
using contents = std::map<std::string, std::map<std::string, model::server>>;

/// A place that holds backends, and how switchyard reaches it. Threading: one thread.
class source {
 public:
  explicit source(std::string name) : name_(std::move(name)) {}
  virtual ~source() = default;
  source(const source&) = delete;
  source& operator=(const source&) = delete;

  const std::string& name() const { return name_; }
  const contents& has() const { return has_; }

  /// The entry under `providers:`.
  virtual std::string provider_yaml() const = 0;
  /// Something on the way breaks, or the source misbehaves. Returns what it was.
  virtual std::string break_something(std::mt19937& random) = 0;
  /// Nothing is broken any more.
  virtual void mend() {}

  /// A server is there from now on, in place of an earlier one of that name.
  void put(const std::string& backend, const model::server& server);
  void remove(const std::string& backend, const std::string& server);

 protected:
  virtual void store(const std::string& backend, const model::server& server) = 0;
  virtual void drop(const std::string& backend, const std::string& server) = 0;

 private:
  std::string name_;
  contents has_;
};

/// PostgreSQL, Redis and a file, in the order of their precedence.
std::vector<std::unique_ptr<source>> three_sources();

/// Makes one change in the source: servers come, go, move and get other weights; now and then a
/// backend comes or goes. A backend with servers always stays.
void change_something(source& of, std::mt19937& random, const std::vector<std::uint16_t>& ports);

}  // namespace switchyard::tests::soak
