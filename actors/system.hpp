#pragma once

// All actors of a running switchyard, behind a class that shows nothing of CAF: how the command
// line starts, changes and ends them.
//
// Threading: one thread, the one that made it; `failed` comes on another one.

#include <functional>
#include <memory>
#include <string>

#include "actors/observer.hpp"
#include "config/settings.hpp"

namespace switchyard::actors {

struct child_makers;  // supervisor.hpp

class system {
 public:
  /// Starts everything. `failed` is called (on an actor's thread) when a part without which nothing
  /// works keeps failing or, as the supervisor, is never started again: the process should end
  /// then. `make`: other makers of the supervisor's children than the product's.
  system(std::shared_ptr<const config::settings> settings, observer_ptr seen_by,
         std::function<void(std::string)> failed, const child_makers* make = nullptr);
  /// After stop(), and only where ended() is true: it waits for all actors without end.
  ~system();
  system(const system&) = delete;
  system& operator=(const system&) = delete;

  /// Takes these settings from now on.
  void configure(std::shared_ptr<const config::settings> next);

  /// Begins to end everything in order, and returns at once.
  void ask_to_stop();
  /// The same, unless it was asked before, and returns when it is done; false when it was not
  /// orderly.
  bool stop();

  /// After stop(): whether all actors are gone, waited for at most 2 s. Some never go: one that the
  /// system had no thread for, and the children of a supervisor that is gone. The process has to
  /// end without the destructor then.
  bool ended() const;

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace switchyard::actors
