#pragma once

// What the endpoints ask of the daemon: an interface of plain values, implemented in actors/.
//
// Threading: every function may be called from any thread, and blocks until it is answered or its
// deadline has passed (errc::timeout). errc::unavailable: who would answer is starting anew.
// Questions never keep the manager or the writer from their work for longer than an answer of
// bounded size takes.

#include "api/status.hpp"
#include "base/outcome.hpp"

namespace switchyard::api {

class service {
 public:
  virtual ~service() = default;

  virtual base::outcome<status> get_status() = 0;
};

}  // namespace switchyard::api
