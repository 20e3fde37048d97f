#pragma once

// Backends and routes that operators set by hand through the API. Empty at first; kept in a file.
//
// A damaged file is reported and refused: the provider gives no view then, so that HAProxy keeps
// what it has, and takes no change until the file can be read or is gone.
// Threading and guarantees: providers/provider.hpp; edit() from any thread.

#include <mutex>
#include <optional>
#include <string>

#include "config/settings.hpp"
#include "providers/editable.hpp"
#include "providers/memory/store.hpp"
#include "providers/threaded_provider.hpp"

namespace switchyard::providers::memory {

class memory_provider final : public threaded_provider, public editable {
 public:
  memory_provider(std::string name, config::memory_settings settings);
  ~memory_provider() override;

  base::outcome<model::report> backends() override;
  base::outcome<model::report> backend(const std::string& name) override;
  base::outcome<model::edited> edit(const model::edit& change) override;

 protected:
  void watch(sink& target) override;

 private:
  base::status read();
  bool begin(sink& target);
  void tell(const model::edit& change);

  std::string name_;
  std::string file_;
  std::mutex mutex_;               // guards the two below, and keeps reports in their order
  std::optional<holdings> known_;  ///< nothing as long as the file could not be read
  sink* target_ = nullptr;
};

}  // namespace switchyard::providers::memory
