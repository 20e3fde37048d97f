#pragma once

// A provider that takes changes by hand.

#include "base/outcome.hpp"
#include "model/edit.hpp"

namespace switchyard::providers {

class editable {
 public:
  virtual ~editable() = default;

  /// Makes the change last, then reports it to the sink, both before it returns; where nothing has
  /// been reported since the start, the first report has it. errc::conflict:
  /// the condition of the change does not hold; errc::not_found; errc::io, errc::invalid: what is
  /// kept cannot be written or read. Nothing has changed then. From any thread.
  virtual base::outcome<model::edited> edit(const model::edit& change) = 0;
};

}  // namespace switchyard::providers
